import type { Inputs } from '../executors/step/inputs';
import { differences } from './differences';

export type How = 'added' | 'removed' | 'changed';

/** One thing that an output was made from and that is not as it was; paths are relative to the workspace root. */
export type Change =
  | { kind: 'file'; path: string; how: How }
  /** An overlay's file became executable, or ceased to be. */
  | { kind: 'mode'; path: string; executable: boolean }
  /** `section.enable_services[1]`; a value that is absent was or is not there. */
  | { kind: 'option'; path: string; before?: unknown; after?: unknown }
  | { kind: 'recipe' | 'release'; before: unknown; after: unknown }
  /** A pin of `avocado.lock`, in one of the project's roots. */
  | { kind: 'package'; root: string; name: string; before?: string; after?: string }
  /** Another output of an upstream task than the one that was used; the files are those of its manifest. */
  | { kind: 'upstream'; task: string; files: Record<string, How> }
  /** Part of Nx's key alone: `nx.json`, or `targets` for the other targets of the project. */
  | { kind: 'key'; name: string; how: How };

/** Everything that differs between what an output was made from and what it would be made from now. */
export function changes(before: Inputs, after: Inputs): Change[] {
  return [
    ...files(before.files, after.files).map(([path, how]): Change => ({ kind: 'file', path, how })),
    ...options(before.options, after.options),
    ...files(before.tasks, after.tasks).map(([task]): Change => ({
      kind: 'upstream',
      task,
      files: Object.fromEntries(files(before.tasks[task] ?? {}, after.tasks[task] ?? {})),
    })),
  ];
}

/** What gives the task another key in Nx's cache, though its output would be the same. */
export function keyChanges(before: Inputs, after: Inputs): Change[] {
  return files(before.key, after.key).map(([name, how]) => ({ kind: 'key', name, how }));
}

function options(before: object, after: object): Change[] {
  return differences(before, after).map((change): Change => {
    const { path, before: was, after: is } = change;
    if (path === 'recipe' || path === 'release') return { kind: path, before: was, after: is };
    if (path === 'executables') return { kind: 'mode', path: String(is ?? was), executable: is !== undefined };
    return { kind: 'option', ...change };
  });
}

function files(before: Record<string, unknown>, after: Record<string, unknown>): [string, How][] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): [string, How][] => {
    if (!Object.hasOwn(before, name)) return [[name, 'added']];
    if (!Object.hasOwn(after, name)) return [[name, 'removed']];
    return JSON.stringify(before[name]) === JSON.stringify(after[name]) ? [] : [[name, 'changed']];
  });
}
