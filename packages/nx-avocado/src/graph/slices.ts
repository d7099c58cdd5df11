import { join, posix, relative, sep } from 'node:path';
import type { AvocadoConfig, ExtensionSection, PositionOf } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { GitTree } from '@nx-avocado/engine/source';
import type { Included } from '@nx-avocado/engine/task';
import { compiledSlices, sources } from './compiled';
import { hasAccounts } from './compose';
import type { Engine } from './engine';
import { checkInside, fetchedConfig, fetchedTree } from './fetched';
import { flatten } from './facts';
import { includeOf } from './included';
import type { ExtensionSlice, RuntimeSlice } from './model';
import type { PluginOptions } from './options';

/** One avocado.yaml, loaded for one machine target, and what its slices are taken with. */
export interface SliceContext {
  engine: Engine;
  config: AvocadoConfig;
  positionOf: PositionOf;
  options: PluginOptions;
  workspaceRoot: string;
  /** Every Cargo.toml of the workspace, relative to its root. */
  crates: string[];
  lock: Awaited<ReturnType<Engine['readLock']>>;
  /** A project's index into `ResolvedFile.projects`, by its name for this machine target. */
  indexOf(kind: 'extension' | 'runtime', name: string): number | undefined;
  /** Told of every file that is read beside the avocado.yaml, as an absolute path. */
  onRead(file: string): void;
}

export function extensionSlice(name: string, context: SliceContext): ExtensionSlice {
  const { config } = context;
  const own = config.extensions[name] as ExtensionSection;
  const origin = originOf(own, context);
  const { section, tree, include } = origin;
  const sourceRoot = toWorkspace(context, origin.config.src_dir);
  const { positionOf } = origin;
  const requests = requestsOf(origin.config, { kind: 'extension', name: section.name }, context, positionOf);
  const compiled = compiledSlices(
    section,
    origin.config,
    sourceRoot,
    tree || include ? { ...context, crates: [] } : context,
  );
  const accounts = hasAccounts({ section }) ? firstRuntimeWith(name, context) : undefined;
  return {
    kind: 'extension',
    section,
    sourceRoot,
    requests: include ? { ...requests, include: [include.request] } : requests,
    ...feedOf(context),
    lockDigest: digest('extension', section.name, context),
    ...sdkOf(config),
    // Of what is fetched, the commit in its path says all.
    compiled: tree || include ? compiled.map((one) => ({ ...one, files: [] })) : compiled,
    files: tree || include ? [] : extensionFiles(section, sourceRoot),
    ...(tree && { source: tree }),
    ...(include && { include: { directory: include.directory, inPackage: include.inPackage } }),
    ...(accounts !== undefined && { accounts }),
    ...(section.overlay?.preprocess && { facts: flatten(origin.config) }),
  };
}

/**
 * `source: {type: path}`: where the extension stands, relative to the workspace root.
 * @throws AvocadoError `CONFIG_PATH_OUTSIDE`
 */
export function folderOf(name: string, context: SliceContext): string | undefined {
  const { config, positionOf } = context;
  const source = config.extensions[name]?.source;
  if (source?.type !== 'path') return undefined;
  const folder = toWorkspace(context, join(config.src_dir, source.path));
  if (folder !== '..' && !folder.startsWith('../')) return folder;
  throw new AvocadoError('CONFIG_PATH_OUTSIDE', `extensions.${name}.source.path: ${source.path} leaves the workspace`, {
    position: positionOf(['extensions', name, 'source', 'path']),
    hint: 'Nx sees nothing there: move the extension into the workspace.',
  });
}

/** Packages of an extension that compile tasks make, as the file itself says. */
export function packagesOf(name: string, { config }: SliceContext): string[] {
  return Object.entries(config.extensions[name]?.packages ?? {}).flatMap(([key, { kind }]) =>
    kind === 'compiled' ? [key] : [],
  );
}

interface Origin {
  config: AvocadoConfig;
  positionOf: PositionOf;
  section: ExtensionSection;
  /** The fetched tree that it stands in. */
  tree?: GitTree;
  /** The package extension that it is, and what asks for its package. */
  include?: Included & { request: string };
}

/** Where the section stands and what it says: here, in another folder, in a fetched tree, or in the feed's own data. */
function originOf(own: ExtensionSection, context: SliceContext): Origin {
  const { config, engine, positionOf } = context;
  const here = { config, positionOf, section: own };
  const { source, name } = own;
  const folder = folderOf(name, context);
  if (folder !== undefined) return elsewhere(own, join(context.workspaceRoot, folder), context);
  const tree = fetchedTree(name, context);
  if (tree) return fetched(own, tree, context);
  if (source?.type !== 'package') return here;
  if (context.options.feed === 'avocado') return included(own, context);
  const found = engine.packageExtension(source.package, config.machine);
  if (found?.kind === 'omitted') return here;
  if (found) return elsewhere(own, found.directory, context);
  throw new AvocadoError('PACKAGE_EXTENSION_UNKNOWN', `the debian feed has no package extension ${source.package}`, {
    position: context.positionOf(['extensions', name]),
    hint: 'Take it out of the runtime for this machine target, or write the extension yourself: give it a version.',
  });
}

/** The OS image is the user's own: what it has already is not shipped again. */
function elsewhere(own: ExtensionSection, directory: string, context: SliceContext): Origin {
  const { engine, config: user, onRead } = context;
  const file = join(directory, 'avocado.yaml');
  onRead(file);
  const options = { machine: user.machine, board: user.board, env: process.env };
  const { config, positionOf } = engine.loadConfigOrThrow(file, options);
  const [only, ...others] = Object.values(config.extensions);
  const section = config.extensions[own.name] ?? (others.length === 0 ? only : undefined);
  if (!section) {
    throw new AvocadoError('CONFIG_SOURCE_EMPTY', `${file} has no extension ${own.name}`, {
      position: context.positionOf(['extensions', own.name]),
      hint: only && `It has ${Object.keys(config.extensions).join(', ')}: name the extension after one of them.`,
    });
  }
  return { config: { ...config, rootfs: user.rootfs }, positionOf, section };
}

/** A package extension of the avocado feed: what the lock says that it says. */
function included(own: ExtensionSection, context: SliceContext): Origin {
  const { include, directory } = includeOf(own, context);
  const origin = elsewhere(own, join(context.workspaceRoot, directory), context);
  const { config } = origin;
  const section = { ...origin.section, name: own.name };
  const extensions = { ...config.extensions, [own.name]: section };
  // Its SDK is the user's, and what it adds to that; the user's versions hold.
  const { sdk: user } = context.config;
  const sdk = {
    ...user,
    packages: { ...config.sdk.packages, ...user.packages },
    compile: { ...config.sdk.compile },
  };
  return { ...origin, config: { ...config, extensions, sdk }, section, include };
}

/** It has the name that it is asked for by, as upstream merges it: the lock's pin and the runtime's list go by that. */
function fetched(own: ExtensionSection, tree: GitTree, context: SliceContext): Origin {
  const file = fetchedConfig(own.name, tree, context);
  const origin = elsewhere(own, join(context.workspaceRoot, tree.directory), context);
  checkInside(tree, origin.config.src_dir, file, context.workspaceRoot);
  const { config } = origin;
  if (origin.section.source) {
    throw new AvocadoError('CONFIG_SOURCE_CHAINED', `${tree.url} takes ${origin.section.name} from elsewhere again`, {
      position: context.positionOf(['extensions', own.name, 'source']),
      hint: 'Name its own source here.',
    });
  }
  const section = { ...origin.section, name: own.name };
  return { ...origin, config: { ...config, extensions: { ...config.extensions, [own.name]: section } }, section, tree };
}

function firstRuntimeWith(extension: string, { config, indexOf }: SliceContext): number | undefined {
  const lists = Object.values(config.runtimes).filter(({ extensions }) =>
    extensions.some(({ name, enabled }) => enabled && name === extension),
  );
  const chosen = lists.find(({ name }) => name === config.default_runtime) ?? lists[0];
  return chosen && indexOf('runtime', chosen.name);
}

function extensionFiles(section: ExtensionSection, sourceRoot: string): string[] {
  // A post_build script sees the whole of src_dir.
  if (section.post_build !== undefined) return allSources(sourceRoot);
  return section.overlay ? [posix.join(sourceRoot, section.overlay.dir, '**/*')] : [];
}

/** For scripts that see the whole of src_dir. */
function allSources(sourceRoot: string): string[] {
  return sources(sourceRoot, ['.avocado', 'avocado.lock', 'avocado.yaml', 'boot-test.json']);
}

export function runtimeSlice(name: string, context: SliceContext): RuntimeSlice {
  const { config, positionOf } = context;
  const section = config.runtimes[name]!;
  const rootfs = config.rootfs[section.rootfs];
  const initramfs = config.initramfs[section.initramfs];
  if (!rootfs || !initramfs) throw new AvocadoError('CONFIG_INVALID', `runtime ${name} has no OS image or initramfs`);
  const kernel = section.kernel === undefined ? undefined : config.kernel[section.kernel];
  const permissions = rootfs.permissions === undefined ? undefined : config.permissions[rootfs.permissions];
  const sourceRoot = toWorkspace(context, config.src_dir);
  const { release, channel } = config.distro;
  return {
    kind: 'runtime',
    section,
    sourceRoot,
    hostname: `avocado-${config.machine}`,
    requests: requestsOf(config, { kind: 'runtime', name }, context, positionOf),
    ...feedOf(context),
    lockDigest: digest('runtime', name, context),
    ...sdkOf(config),
    rootfs,
    initramfs,
    ...(kernel && { kernel }),
    ...(permissions && { permissions }),
    extensions: section.extensions.flatMap(({ name: extension, enabled }) => {
      const project = context.indexOf('extension', extension);
      const var_files = varFiles(config.extensions[extension], context);
      return project === undefined ? [] : [{ project, name: extension, enabled, var_files }];
    }),
    profiles: config.provision_profiles,
    distro: { ...(release !== undefined && { release }), ...(channel !== undefined && { channel }) },
    files: runtimeFiles(context, section.name, sourceRoot),
  };
}

function varFiles(own: ExtensionSection | undefined, context: SliceContext): string[] {
  if (own?.source?.type === 'path') return originOf(own, context).section.var_files;
  if (own?.source?.type !== 'git') return own?.var_files ?? [];
  try {
    return originOf(own, context).section.var_files;
  } catch (error) {
    // Its own tasks say so, and the runtime's OS image can be made all the same.
    if (error instanceof AvocadoError) return [];
    throw error;
  }
}

function runtimeFiles({ config }: SliceContext, name: string, sourceRoot: string): string[] {
  const section = config.runtimes[name]!;
  const images = [config.rootfs[section.rootfs], config.initramfs[section.initramfs]];
  const folders = [
    ...images.flatMap((image) => (image?.overlay ? [image.overlay.dir] : [])),
    ...section.stone_include_paths,
  ];
  const scripts = images.flatMap((image) => (image?.post_install ? [image.post_install] : []));
  if (scripts.length > 0 || section.post_build !== undefined) return allSources(sourceRoot);
  const copied = section.var_files.flatMap(({ source }) => [source, posix.join(source, '**/*')]);
  return [...folders.map((folder) => posix.join(folder, '**/*')), ...copied].map((path) =>
    posix.join(sourceRoot, path),
  );
}

type Project = Parameters<Engine['rootRequests']>[1];

/** What the project needs of the feed that the options name; its avocado.yaml may be another's. */
function requestsOf(
  config: AvocadoConfig,
  project: Project,
  { engine, options }: SliceContext,
  positionOf: PositionOf,
): Record<string, string[]> {
  if (options.feed === 'avocado') return engine.avocadoRequests(config, project);
  return engine.rootRequests(config, project, { packages: options.packages, positionOf });
}

function feedOf({ engine, options, config }: SliceContext): Pick<ExtensionSlice, 'feed'> {
  return options.feed === 'avocado' ? { feed: engine.avocadoSource(config) } : {};
}

function sdkOf({ sdk, source_date_epoch }: AvocadoConfig): Pick<ExtensionSlice, 'source_date_epoch' | 'containerArgs'> {
  return { source_date_epoch, ...(sdk.container_args.length > 0 && { containerArgs: sdk.container_args }) };
}

function digest(kind: 'extension' | 'runtime', name: string, { engine, lock, config, options }: SliceContext): string {
  if (options.feed === 'avocado') {
    return engine.lockDigest(engine.rpmSlice(lock, { kind, name }, config.machine, engine.buildArchitecture()));
  }
  return engine.lockDigest(engine.lockSlice(lock, { kind, name }, engine.machine(config.machine)));
}

function toWorkspace({ workspaceRoot }: SliceContext, path: string): string {
  return relative(workspaceRoot, path).split(sep).join('/') || '.';
}
