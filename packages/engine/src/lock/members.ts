import type { Lock, LockedExtension, LockedRuntime } from './types';

/** By machine target and runtime: the extensions that it lists. */
export type Members = Record<string, Record<string, string[]>>;

/**
 * A new lock with the entries `runtimes.<r>.extensions.<e>` of upstream's: there it looks for an extension's packages, and an
 * empty one says that the extension is in the runtime (its `ext install`). What else it wrote there stays.
 */
export function withMembers(lock: Lock, members: Members): Lock {
  const next = structuredClone(lock);
  for (const [machine, runtimes] of Object.entries(members)) {
    const target = next.targets[machine];
    if (!target) continue;
    for (const [runtime, names] of Object.entries(runtimes)) {
      const all: Record<string, LockedRuntime> = (target.runtimes ??= {});
      const own = Object.hasOwn(all, runtime) ? all[runtime] : undefined;
      const entry = (name: string): LockedExtension => {
        const before = own?.extensions && Object.hasOwn(own.extensions, name) ? own.extensions[name] : undefined;
        const known = target.extensions && Object.hasOwn(target.extensions, name) ? target.extensions[name] : undefined;
        return { ...before, ...(known?.packages && { packages: known.packages }) };
      };
      all[runtime] = { ...own, extensions: Object.fromEntries(names.map((name) => [name, entry(name)])) };
    }
  }
  return next;
}
