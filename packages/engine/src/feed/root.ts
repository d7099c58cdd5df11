import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Reporter } from '../report';
import type { SdkRoot } from '../sdk/types';
import { applyStoreLimit, storePath, temporaryName, use, withLock } from '../store';
import { fetchPackages } from './fetch';
import { addMountPoints } from './finish';
import { installTar } from './install';
import { runTool } from './run';
import type { RootSpec } from './types';
import { unpackError, unpackRoot } from './unpack';

export interface OpenOptions {
  reporter: Reporter;
  signal?: AbortSignal | undefined;
  /** For messages: `tools`. */
  label?: string;
  /** Runs install scripts of another architecture, where this machine has nothing that does. */
  interpreter?: RootSpec | undefined;
}

/**
 * The root on this machine, by its digest; made first where it is missing, by one process at a time.
 * Everything in it belongs to the caller, so it can be deleted like any directory. It has no device nodes.
 */
export async function openRoot(spec: RootSpec, options: OpenOptions): Promise<SdkRoot> {
  const path = storePath('roots', spec.digest);
  await makeOnce(spec, path, options, async (temporary) => {
    await fetchPackages(spec.packages, options);
    const step = options.reporter.step(`install the ${options.label ?? ''} root (${spec.packages.length} packages)`);
    await mkdir(temporary);
    if (spec.method === 'unpack') await unpackRoot(spec, temporary, options.signal);
    else await installRoot(spec, temporary, options);
    step.done();
  });
  return { digest: spec.digest, path };
}

async function installRoot(spec: RootSpec, directory: string, options: OpenOptions): Promise<void> {
  const kept = storePath('roots', `${spec.digest}.tar`);
  await use('roots', basename(kept));
  const tar = (await exists(kept)) ? kept : `${directory}.tar`;
  try {
    if (tar !== kept) await installTar(spec, tar, options);
    await extract(tar, directory, options.signal);
    await addMountPoints(directory);
  } finally {
    if (tar !== kept) await rm(tar, { force: true });
  }
}

/**
 * A root of method `install` as a tar, with Debian's owners and modes: the same packages give the same bytes.
 * @returns its path in the store
 */
export async function rootfsTar(spec: RootSpec, options: OpenOptions): Promise<string> {
  const path = storePath('roots', `${spec.digest}.tar`);
  await makeOnce(spec, path, options, async (temporary) => {
    await fetchPackages(spec.packages, options);
    const step = options.reporter.step(
      `install the ${options.label ?? 'rootfs'} root (${spec.packages.length} packages)`,
    );
    await installTar(spec, temporary, options);
    step.done();
  });
  return path;
}

/**
 * Makes what stands at `path` for a root, unless it is there: by one process at a time, old or new, never half.
 * @param make gets a temporary name, where nothing is yet
 */
export async function makeOnce(
  spec: Pick<RootSpec, 'digest'>,
  path: string,
  options: Pick<OpenOptions, 'reporter'>,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  await use('roots', basename(path));
  if (await exists(path)) return;
  await locked(spec, options, async () => {
    if (!(await exists(path))) await published(path, make);
  });
  await applyStoreLimit(options.reporter);
}

/** Whether the root, or for the OS image its tar, is on this machine. */
export async function isInstalled({ digest, method }: RootSpec): Promise<boolean> {
  if (await exists(storePath('roots', digest))) return true;
  return method === 'install' && (await exists(storePath('roots', `${digest}.tar`)));
}

async function locked(
  spec: Pick<RootSpec, 'digest'>,
  { reporter }: Pick<OpenOptions, 'reporter'>,
  make: () => Promise<void>,
): Promise<void> {
  const wait = (): void => reporter.info('another process is making the same root; waiting for it');
  await withLock(storePath('locks', `root-${spec.digest}`), make, wait);
}

/** Old or new, never half. Leftovers of a killed process are removed first: the caller holds the lock. */
async function published(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  const temporary = temporaryName(path);
  const prefix = temporary.slice(parent.length + 1).replace(/-\d+-[0-9a-f]+$/, '-');
  for (const name of await readdir(parent)) {
    // What a killed process had started may still be on its way out.
    if (name.startsWith(prefix)) await rm(`${parent}/${name}`, { recursive: true, force: true, maxRetries: 5 });
  }
  try {
    await make(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function extract(tar: string, directory: string, signal: AbortSignal | undefined): Promise<void> {
  const options = ['--no-same-owner', '--preserve-permissions', '--exclude=./dev/*'];
  const { code, stderr } = await runTool(
    ['tar', '--extract', `--file=${tar}`, `--directory=${directory}`, ...options],
    {
      signal,
    },
  );
  if (code !== 0) throw unpackError('cannot unpack the root', stderr);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
