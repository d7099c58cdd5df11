import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AvocadoError } from '../../error';
import { replaceDirectory, sha256, storePath, withLock, withTemporaryDirectory, writeFileAtomic } from '../../store';
import type { PackagePin, RootSpec } from '../types';
import { fetchRpms } from './fetch';
import { nevra, parseRequest, rpmVersion } from './nevra';
import { openRpmRoot } from './open';
import type { OpenRpmContext } from './open';
import type { FeedAddress } from './prepare';
import { resolveRpms } from './resolve';
import type { LockedVersions } from './resolve';
import type { FeedContext } from './run';
import { rpmRootSpec } from './spec';
import { installRpmRoot } from './install';

/** A package extension as it is pinned. */
export interface FoundInclude {
  pin: PackagePin;
  directory: string;
  config: string;
}

/**
 * Finds a package extension in the feed and reads its avocado.yaml.
 * @param request its package, and what `parseRequest` knows more
 * @param locked the version that goes before that
 * @throws AvocadoError `PACKAGE_EXTENSION_INVALID`, and what resolving and fetching throw
 */
export async function findInclude(
  address: FeedAddress,
  extension: string,
  request: string,
  locked: string | undefined,
  context: FeedContext,
): Promise<FoundInclude> {
  const { name: asked, version } = parseRequest(request);
  const own = locked ?? version;
  const versions: LockedVersions = (root) => (root === 'include' && own !== undefined ? rpmVersion(own) : undefined);
  const { roots } = await resolveRpms(address, { include: [request] }, versions, context);
  const pins = roots.include ?? [];
  const pin = pins.find((one) => one.name === asked);
  if (!pin) throw new AvocadoError('PACKAGE_EXTENSION_UNKNOWN', `the feed has no package extension ${asked}`);
  await fetchRpms(address, { extension: pins }, context);
  const spec = rpmRootSpec('include', pins, [], address, '');
  return withTemporaryDirectory(storePath('work'), async (scratch) => {
    const root = join(scratch, 'root');
    if (spec.rpm) await installRpmRoot(spec, spec.rpm, root, extension, context);
    for (const directory of [extension, '.']) {
      const config = await readFile(join(root, directory, 'avocado.yaml'), 'utf8').catch(() => undefined);
      if (config !== undefined) return { pin, directory, config };
    }
    throw new AvocadoError('PACKAGE_EXTENSION_INVALID', `the package ${nevra(pin)} has no avocado.yaml`, {
      hint: 'source: {type: package} names a package that is an extension; others belong into packages.',
    });
  });
}

/** Where a package extension's files stand, relative to the workspace root: one place for each version. */
export function includeDirectory(folder: string, extension: string, version: string, config: string): string {
  const id = sha256(`${version}\0${config}`).slice(0, 12);
  return join(folder, '.avocado', 'includes', `${extension}-${id}`);
}

/** Puts its avocado.yaml there, which is all that the graph needs. @param directory absolute */
export async function placeIncludeConfig(directory: string, config: string): Promise<void> {
  const file = join(directory, 'avocado.yaml');
  if ((await readFile(file, 'utf8').catch(() => undefined)) !== config) await writeFileAtomic(file, config);
}

/** Puts the rest of it there, once. @param directory relative to the workspace root */
export async function openInclude(
  spec: RootSpec,
  directory: string,
  inPackage: string,
  context: OpenRpmContext,
): Promise<void> {
  const path = join(context.workspaceRoot, directory);
  const mark = join(path, '.nx-avocado');
  if (await isThere(mark, spec.digest)) return;
  await withLock(storePath('locks', `include-${sha256(path)}`), async () => {
    if (await isThere(mark, spec.digest)) return;
    const { path: root } = await openRpmRoot(spec, context, 'include');
    await replaceDirectory(path, async (temporary) => {
      await rm(temporary, { recursive: true });
      await cp(join(root, inPackage), temporary, { recursive: true, verbatimSymlinks: true });
      await mkdir(temporary, { recursive: true });
      await writeFile(join(temporary, '.nx-avocado'), spec.digest);
    });
  });
}

async function isThere(mark: string, digest: string): Promise<boolean> {
  return (await stat(mark).catch(() => undefined)) !== undefined && (await readFile(mark, 'utf8')) === digest;
}
