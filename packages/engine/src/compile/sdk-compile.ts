import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { placeInclude } from '../extension/include';
import { readDescriptor } from '../extension/upstream';
import { scriptEnvironment } from '../sdk';
import type { Mount } from '../sdk';
import { openTree } from '../source';
import { sha256, storePath, use, withLock } from '../store';
import type { SdkCompileOptions, TaskContext } from '../task';
import { declareForScript } from './declare';
import { scriptFiles } from './declared';
import { openSdk } from './open-sdk';
import type { OpenSdk } from './open-sdk';
import { checkName, writeOutput } from './output';
import { findScripts } from './scripts';
import type { Script } from './scripts';
import { asUndeclared } from './undeclared';
import { updateCopy } from './working-copy';

/**
 * Runs a section's compile script and the package's install script under upstream's environment contract, and packs
 * what was installed as `<package>.tar`.
 *
 * The scripts see a copy of the declared inputs at /opt/src and may write to it: what they make there stays for the
 * next time, the user's tree is never touched. The compile script has network, because upstream's do (npm, uv, cmake's
 * FetchContent); the install script has none.
 * @throws AvocadoError `COMPILE_SCRIPT_MISSING`, `COMPILE_SCRIPT_OUTSIDE`, `INPUT_UNDECLARED`, `COMMAND_FAILED`, `ABORTED`
 */
export async function sdkCompile(options: SdkCompileOptions, context: TaskContext): Promise<void> {
  checkName('package', options.package);
  checkName('section of sdk.compile', options.section);
  checkName('extension', options.extension);
  if (options.source) await openTree(options.source, context);
  if (options.include) {
    await placeInclude(
      options.include,
      await readDescriptor(context.workspaceRoot, options.sdk, options.machine),
      context,
    );
  }
  const sourceRoot = join(context.workspaceRoot, options.sourceRoot);
  const scripts = findScripts(options, sourceRoot);
  const sdk = await openSdk(options.machine, options.sdk, context);
  const key = sha256(['script', context.workspaceRoot, options.outputPath, sdk.digest].join('\0')).slice(0, 24);
  const work = storePath('work', key);
  await withLock(
    storePath('locks', `compile-${key}`),
    async () => {
      await use('work', key);
      const copy = join(work, 'src');
      const files = scriptFiles(options, context.workspaceRoot, scripts);
      await updateCopy(files, copy, join(work, 'src.json'));
      await writeOutput(options, context, async (staged) => {
        const paths = files.map(({ path }) => path).sort();
        const run = scriptRunner({ options, context, sdk, work, copy, paths, staged });
        if (scripts.compile) {
          context.reporter.notice(`${scripts.compile.path} may use the network: what it fetches is no declared input.`);
          await run(scripts.compile, 'compile');
        }
        if (scripts.install) await run(scripts.install, 'install');
      });
    },
    () => context.reporter.info(`Waiting for another build of ${options.package}`),
  );
}

interface Run {
  options: SdkCompileOptions;
  context: TaskContext;
  sdk: OpenSdk;
  work: string;
  copy: string;
  /** Of the declared inputs, in the copy. */
  paths: string[];
  staged: string;
}

function scriptRunner({ options, context, sdk, work, copy, paths, staged }: Run) {
  return async (script: Script, stage: 'compile' | 'install'): Promise<void> => {
    const install = stage === 'install';
    const build = join(work, 'build');
    // Of its own: a script with network must not change what other projects build from.
    const cargoHome = join(work, 'cargo');
    await mkdir(join(build, options.section), { recursive: true });
    await mkdir(cargoHome, { recursive: true });
    const step = context.reporter.step(`run ${script.path} for ${options.package}`);
    const ran = context.runner.run(
      {
        root: sdk.root,
        argv: ['bash', script.path],
        cwd: sdk.paths.source,
        env: scriptEnvironment({
          ...sdk,
          machine: options.machine,
          section: options.section,
          ...(install && { extension: options.extension }),
          source_date_epoch: options.source_date_epoch,
        }),
        network: !install,
        label: `${script.path} (${script.key})`,
        signal: context.signal,
        mounts: [
          ...sdk.mounts,
          { ...writable(copy, sdk.paths.source), needs: paths, state },
          { ...writable(build, `${sdk.paths.sdk}/build`), needs: [`${options.section}/`], state },
          { ...writable(cargoHome, sdk.paths.cargoHome), state },
          ...(install ? [writable(staged, `${sdk.paths.extensions}/${options.extension}`)] : []),
        ],
      },
      context.reporter,
      { stream: true },
    );
    await ran.catch((error: unknown) => {
      const { workspaceRoot } = context;
      const view = { workspaceRoot, layoutRoot: options.sourceRoot, source: sdk.paths.source, files: paths };
      const declare = (undeclared: string[]): string => declareForScript(options, workspaceRoot, undeclared);
      throw asUndeclared(error, { ...view, directories: ['.'] }, declare);
    });
    step.done();
  };
}

/** What scripts make in their copy and beside it is for the next time alone. */
const state = { results: [] };

function writable(source: string, target: string): Mount {
  return { source, target, writable: true };
}
