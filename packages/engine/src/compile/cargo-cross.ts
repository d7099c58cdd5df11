import { existsSync } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { AvocadoError } from '../error';
import {
  binaryNames,
  buildArguments,
  buildVariables,
  hasExternalPackages,
  isInside,
  profileDirectory,
  readCrate,
  readToml,
  setsSysroot,
  targetTriple,
} from '../rust';
import type { Crate, CrateInputs } from '../rust';
import { architectures } from '../sdk';
import type { SdkCommand } from '../sdk';
import { sha256, storePath, use, withLock } from '../store';
import type { CargoCrossOptions, TaskContext } from '../task';
import { cargoEnvironment } from './cargo-environment';
import { openCargoHome } from './cargo-home';
import { fetchPackages } from './fetch-packages';
import { crateFiles } from './crate-files';
import { declareForCrate } from './declare';
import { declaredOfCrate } from './declared';
import { openSdk } from './open-sdk';
import type { OpenSdk } from './open-sdk';
import { checkName, writeOutput } from './output';
import { asUndeclared } from './undeclared';
import { makeView } from './view';
import { updateCopy } from './working-copy';

/**
 * Cross-compiles a crate in the SDK and packs its binaries as `<package>.tar`.
 *
 * The user's tree is only read: sources are built from a copy in the store, which holds the declared inputs alone and
 * stands at /opt/src. One build directory serves all crates of a workspace, incrementally. Fetching is the only step
 * with network.
 * @throws AvocadoError `CARGO_LOCK_MISSING`, `CRATE_NO_BINARY`, `RUST_TARGET_MISSING`, `INPUT_UNDECLARED`,
 * `COMMAND_FAILED`, `ABORTED`
 */
export async function cargoCross(options: CargoCrossOptions, context: TaskContext): Promise<void> {
  checkName('package', options.package);
  const { workspaceRoot } = context;
  const crate = readCrate(join(workspaceRoot, options.crate));
  const binaries = installedBinaries(crate, options);
  const inputs = declaredOfCrate(options, workspaceRoot);
  if (!existsSync(join(workspaceRoot, inputs.lock))) {
    throw new AvocadoError('CARGO_LOCK_MISSING', `${inputs.lock} is missing, and builds are locked to it`, {
      hint: `Run cargo generate-lockfile in ${inputs.cargoRoot || 'the workspace root'} and commit the file.`,
    });
  }
  const sdk = await openSdk(options.machine, options.sdk, context);
  const triple = sdk.triple ?? targetTriple([], architectures[sdk.targetArchitecture].machine);
  const key = sha256(['cargo', workspaceRoot, inputs.layoutRoot, sdk.digest].join('\0')).slice(0, 24);
  // From the copy on until the last file is taken out: the times in the copy and cargo's in the build directory are
  // one state, which two builds must not change in turns.
  await withLock(
    storePath('locks', `cargo-${key}`),
    async () => {
      await use('work', key);
      const built = await build({ options, context, inputs, sdk, triple, binaries, work: storePath('work', key) });
      await writeOutput(options, context, (staged) => install(binaries, built, staged));
    },
    () => context.reporter.info('Waiting for another build of this workspace'),
  );
}

interface Build {
  options: CargoCrossOptions;
  context: TaskContext;
  inputs: CrateInputs;
  sdk: OpenSdk;
  triple: string;
  /** Path in the extension by name. */
  binaries: Record<string, string>;
  /** Directory of the store for this workspace, layout and SDK. */
  work: string;
}

/** Where the binaries are: `root` is the sandbox's mount, so nothing in the sandbox can have replaced it. */
interface Built {
  root: string;
  path: string;
}

async function build({ options, context, inputs, sdk, triple, binaries, work }: Build): Promise<Built> {
  const { workspaceRoot, reporter, runner, signal } = context;
  const files = crateFiles(inputs, workspaceRoot).map((file) => ({
    ...file,
    path: posix.relative(inputs.layoutRoot, file.path),
  }));
  const copy = join(work, 'src');
  const layoutRoot = join(workspaceRoot, inputs.layoutRoot);
  await updateCopy(files, copy, join(work, 'src.json'), (path) => existsSync(join(layoutRoot, path)));
  const view = join(work, `view-${sha256(options.outputPath).slice(0, 16)}`);
  await makeView(files, copy, view);

  const buildDirectory = join(work, 'build');
  await mkdir(buildDirectory, { recursive: true });
  const home = await openCargoHome(sdk.paths.cargoHome, work);
  const manifest = posix.join(sdk.paths.source, posix.relative(inputs.layoutRoot, options.crate), 'Cargo.toml');
  const targetPath = `${sdk.paths.sdk}/build/cargo`;
  const configs = inputs.configs.map((path) => readToml(join(workspaceRoot, path)) ?? {});
  const environment = (registries: readonly string[]): Record<string, string> => ({
    ...cargoEnvironment({
      machine: options.machine,
      buildArchitecture: sdk.buildArchitecture,
      targetArchitecture: sdk.targetArchitecture,
      sysroot: sdk.sysroot,
      ...(sdk.setup && { setup: sdk.setup }),
      source_date_epoch: options.source_date_epoch,
      triple,
      sysrootPath: sdk.paths.sysroot,
      cargoHome: sdk.paths.cargoHome,
      targetDirectory: targetPath,
      sysrootConfigured: configs.some((config) => setsSysroot(config, triple)),
      registries,
    }),
    ...buildVariables(process.env),
    ...options.env,
  });
  const base: Omit<SdkCommand, 'argv' | 'label'> = { root: sdk.root, cwd: posix.dirname(manifest), signal };
  const mounts = [...sdk.mounts, { source: view, target: sdk.paths.source }];

  const argv = buildArguments({ manifest, triple, profile: options.profile, features: options.features });
  const directory = join('cargo', triple, profileDirectory(options.profile));
  const results = Object.keys(binaries).map((name) => posix.join(directory, name));
  const writable = {
    ...{ source: buildDirectory, target: posix.dirname(targetPath), writable: true },
    state: { results },
  };
  const command = { ...base, argv, label: `cargo build of ${options.package}` };
  const buildMounts = [...mounts, ...home.build, writable];
  const external = hasExternalPackages(readToml(join(workspaceRoot, inputs.lock)) ?? {});
  const fetch = { base: { ...base, env: environment([]) }, home, mounts, buildMounts, manifest, triple };
  const registries = external ? await fetchPackages({ ...fetch, name: options.package }, runner, reporter) : [];
  // The compiler's messages are for the user: shown as they come, and once.
  const step = reporter.step(`compile ${options.package}`);
  await runner
    .run({ ...command, mounts: buildMounts, env: environment(registries) }, reporter, { stream: true })
    .catch((error: unknown) => {
      const within = (path: string): string => posix.relative(inputs.layoutRoot, path) || '.';
      const directories = [inputs.cargoRoot, options.crate, ...inputs.sources].map(within);
      const shown = files.flatMap(({ path, source }) => (source === undefined ? [] : [path]));
      const seen = { workspaceRoot, layoutRoot: inputs.layoutRoot, source: sdk.paths.source };
      throw asUndeclared(error, { ...seen, files: shown, directories }, (paths) =>
        declareForCrate(options, workspaceRoot, paths),
      );
    });
  step.done();
  return { root: buildDirectory, path: directory };
}

/** Path in the extension by name of the binary. */
function installedBinaries(crate: Crate, options: CargoCrossOptions): Record<string, string> {
  const names = binaryNames(crate, options.features);
  const map = crate.metadata?.bins ?? Object.fromEntries(names.map((name) => [name, `usr/bin/${name}`]));
  const unknown = Object.keys(map).find((name) => !names.includes(name));
  if (unknown === undefined && names.length > 0) return map;
  const what = unknown === undefined ? 'has no binary' : `has no binary ${unknown}`;
  throw new AvocadoError('CRATE_NO_BINARY', `crate ${crate.name ?? options.crate} ${what}`, {
    position: { file: join(options.crate, 'Cargo.toml') },
    hint:
      names.length > 0 ? `It has: ${names.join(', ')}.` : 'Add src/main.rs, or the features that its binaries require.',
  });
}

async function install(binaries: Record<string, string>, built: Built, staged: string): Promise<void> {
  for (const [name, path] of Object.entries(binaries).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const source = join(built.root, built.path, name);
    const stat = await lstat(source).catch(() => undefined);
    // A build script can write into the build directory: what is packed must be a file of it, not a link out of it.
    const own = stat?.isFile() && isInside(await realpath(source), await realpath(built.root));
    if (!own) throw new AvocadoError('CRATE_NO_BINARY', `cargo made no binary ${name}`);
    await makeParents(staged, path);
    await copyFile(source, join(staged, path));
    await chmod(join(staged, path), 0o755);
  }
}

/** With mode 0755, whatever the caller's umask is. */
async function makeParents(root: string, path: string): Promise<void> {
  const parent = dirname(path);
  if (parent === '.') return;
  await makeParents(root, parent);
  await mkdir(join(root, parent), { recursive: true });
  await chmod(join(root, parent), 0o755);
}
