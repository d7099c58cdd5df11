import type { Reporter } from '../report';

/** What avocado.yaml says of an extension with `source: {type: git}`, as far as it says which bytes are meant. */
export interface GitSource {
  url: string;
  /** Branch, tag or commit; the repository's default branch where it is absent. */
  ref?: string;
  sparse_checkout?: string[];
}

/** `targets.<t>.extensions.<e>.source` of avocado.lock: upstream's `{type, ...}`, with what git needs to find it again. */
export interface LockedSource {
  type: 'git';
  url: string;
  ref?: string;
  /** 40 hexadecimal digits. */
  commit: string;
}

/** A pinned tree, as a task's option: fetched where it is missing, and proved before it is read. */
export interface GitTree {
  url: string;
  commit: string;
  sparse_checkout?: string[];
  /** Where its files stand, relative to the workspace root. Its name holds the commit: see `treeDirectory`. */
  directory: string;
}

export interface SourceContext {
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}
