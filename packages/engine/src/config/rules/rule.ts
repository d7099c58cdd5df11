import type { Problem } from '../diagnostics';
import type { RootInput } from '../schema/root';
import type { MapTree, TreePath } from '../tree';
import type { AvocadoConfig } from '../types';

export interface RuleContext {
  config: AvocadoConfig;
  /** The file in its normalised form, before defaults. */
  input: RootInput;
  tree: MapTree;
  /** `path` is one of the config; the place is the nearest thing the user wrote. */
  error(path: TreePath, problem: Problem): void;
  warn(path: TreePath, problem: Problem): void;
}

/** A check of one thing that the schema cannot say, named after what it forbids. */
export type Rule = (context: RuleContext) => void;
