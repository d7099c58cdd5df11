import { dirname, join, relative, sep } from 'node:path';
import type { ExtensionSection } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import type { IncludeWant } from '@nx-avocado/engine/lock';
import type { Included } from '@nx-avocado/engine/task';
import type { SliceContext } from './slices';

type Context = Pick<SliceContext, 'config' | 'engine' | 'lock' | 'options' | 'positionOf' | 'workspaceRoot'>;

/** `source: {type: package}` of an extension on the avocado feed. */
export function includeWant(name: string, { config, engine, options, positionOf }: Context): IncludeWant | undefined {
  const source = config.extensions[name]?.source;
  if (source?.type !== 'package' || options.feed !== 'avocado') return undefined;
  return {
    extension: name,
    machine: config.machine,
    request: engine.formatRequest(source.package, source.version, source.repo_name),
    source: engine.avocadoSource(config),
    configFile: config.file,
    position: positionOf(['extensions', name, 'source']),
  };
}

/**
 * What the lock pins of a package extension, and the directory of the workspace where it is put.
 * @throws AvocadoError `LOCK_MISSING`
 */
export function includeOf(
  { name }: Pick<ExtensionSection, 'name'>,
  context: Context,
): { directory: string; include: Included & { request: string }; config: string } {
  const { engine, lock, config, workspaceRoot, positionOf } = context;
  const want = includeWant(name, context);
  const pin = want && engine.lockedInclude(lock, want);
  if (!want || !pin) {
    throw new AvocadoError('LOCK_MISSING', `no package of extension ${name} is pinned`, {
      position: positionOf(['extensions', name, 'source']),
      hint: 'Pin it, and commit the lock: nx sync',
    });
  }
  const folder = relative(workspaceRoot, dirname(config.file)).split(sep).join('/');
  const directory = engine.includeDirectory(folder, name, pin.version, pin.config);
  return { directory, config: pin.config, include: { directory, inPackage: pin.directory, request: want.request } };
}

/** Puts the avocado.yaml of each package extension where its project reads it; its files are put there by its tasks. */
export async function placeIncludes(context: Context): Promise<void> {
  for (const name of Object.keys(context.config.extensions)) {
    if (!includeWant(name, context)) continue;
    try {
      const { directory, config } = includeOf({ name }, context);
      await context.engine.placeIncludeConfig(join(context.workspaceRoot, directory), config);
    } catch (error) {
      // Its own project says so.
      if (!(error instanceof AvocadoError)) throw error;
    }
  }
}
