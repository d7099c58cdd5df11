import { findInclude } from '../feed/avocado/include';
import { nevra, parseRequest } from '../feed/avocado/nevra';
import type { FeedContext } from '../feed/avocado/run';
import type { AvocadoSource } from '../feed/avocado/source';
import { AvocadoError } from '../error';
import type { SourcePosition } from '../error';
import { emptyLock } from './file';
import { freezer } from './rpm-update';
import type { Lock, LockedExtension, LockedInclude } from './types';

/** A package extension that an avocado.yaml names. */
export interface IncludeWant {
  /** Its name in the avocado.yaml. */
  extension: string;
  machine: string;
  /** Its package, and what `parseRequest` knows more. */
  request: string;
  source: AvocadoSource;
  /** Absolute path of the avocado.yaml. */
  configFile: string;
  position: SourcePosition;
}

/** The pin of a package extension; undefined where there is none, or one for another request. */
export function lockedInclude(
  lock: Lock,
  { machine, request }: Pick<IncludeWant, 'machine' | 'request'>,
): LockedInclude | undefined {
  const own = lock.rpm?.includes?.[machine] ?? {};
  const { name } = parseRequest(request);
  const found = Object.hasOwn(own, name) ? own[name] : undefined;
  return found?.request === request ? found : undefined;
}

/**
 * Pins every package extension that is not pinned yet, with its avocado.yaml. What cannot be pinned comes back as errors.
 * @param update move all of them
 */
export async function pinIncludes(
  before: Lock,
  wants: IncludeWant[],
  update: boolean,
  context: FeedContext,
): Promise<{ lock: Lock; errors: AvocadoError[] }> {
  const missing = wants.filter((want) => update || !lockedInclude(before, want));
  const errors: AvocadoError[] = [];
  if (missing.length === 0) return { lock: withPackageSources(before, wants), errors };
  const next = structuredClone(before);
  const rpm = (next.rpm ??= { images: {}, packages: {}, projects: {} });
  const freeze = freezer(update ? emptyLock() : before, context);
  for (const { extension, request, machine, position, ...want } of missing) {
    const step = context.reporter.step(`find the package extension ${extension} for ${machine}`);
    try {
      const { address, snapshot } = await freeze({ machine, ...want });
      const locked = update ? undefined : upstreamVersion(before, { extension, machine, request });
      const { pin, directory, config } = await findInclude(address, extension, request, locked, context);
      const { filename, sha256, size, name } = pin;
      rpm.packages[nevra(pin)] = { filename, sha256, size };
      rpm.images[want.source.image] = address.image;
      const includes = ((rpm.includes ??= {})[machine] ??= {});
      includes[name] = { request, version: `${pin.version}.${pin.architecture}`, directory, config };
      if (snapshot) (next.targets[machine] ??= {})['repo-snapshot'] = snapshot;
    } catch (error) {
      if (!(error instanceof AvocadoError)) throw error;
      const { code, message, hint, output, log } = error;
      errors.push(new AvocadoError(code, message, { position, hint, output, log, cause: error }));
    }
    step.done();
  }
  return { lock: withPackageSources(next, wants), errors };
}

/** The version that the avocado CLI wrote of it, or we for the avocado CLI: it holds where ours is lost. */
export function upstreamVersion(
  lock: Lock,
  { extension, machine, request }: Pick<IncludeWant, 'extension' | 'machine' | 'request'>,
): string | undefined {
  const extensions = lock.targets[machine]?.extensions;
  const source = extensions && Object.hasOwn(extensions, extension) ? extensions[extension]?.source : undefined;
  const { name, version } = parseRequest(request);
  if (source?.type !== 'package' || (source.package ?? extension) !== name || source.version === '*') return undefined;
  return version === undefined ? source.version : undefined;
}

/** Upstream's entries of package extensions, which are all that it keeps of them (its `ext fetch`). */
function withPackageSources(lock: Lock, wants: IncludeWant[]): Lock {
  const next = structuredClone(lock);
  for (const [machine, target] of Object.entries(next.targets)) {
    for (const [name, extension] of Object.entries(target.extensions ?? {})) {
      const wanted = wants.some((want) => want.machine === machine && want.extension === name);
      if (extension.source?.type === 'package' && !wanted) delete extension.source;
    }
  }
  for (const want of wants) {
    const pin = lockedInclude(next, want);
    if (!pin) continue;
    const extensions: Record<string, LockedExtension> = ((next.targets[want.machine] ??= {}).extensions ??= {});
    const before = Object.hasOwn(extensions, want.extension) ? extensions[want.extension] : undefined;
    const version = pin.version.replace(/^\d+:/, '').replace(/-[^-]*$/, '');
    const source = { type: 'package', package: parseRequest(want.request).name, version } as const;
    extensions[want.extension] = { ...before, source };
  }
  return next;
}
