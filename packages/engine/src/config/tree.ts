/**
 * A YAML document as plain nodes that remember where they stand. Everything between parsing and building works on it,
 * so a value that was interpolated or merged from an override block still points at the line the user wrote.
 */
export type Tree = ScalarTree | ListTree | MapTree;

export interface ScalarTree {
  kind: 'scalar';
  value: string | number | boolean | null;
  /** Offset in the text, from 0. */
  at: number;
  /** Offset just behind the node. */
  end: number;
}

export interface ListTree {
  kind: 'list';
  items: Tree[];
  at: number;
  end: number;
}

export interface MapTree {
  kind: 'map';
  entries: Map<string, Entry>;
  at: number;
  end: number;
}

export interface Entry {
  key: string;
  /** Offset of the key. */
  keyAt: number;
  value: Tree;
}

export type TreePath = readonly (string | number)[];

export function mapOf(entries: Iterable<Entry>, from: { at: number; end: number }): MapTree {
  const map = new Map<string, Entry>();
  for (const entry of entries) map.set(entry.key, entry);
  return { kind: 'map', entries: map, at: from.at, end: from.end };
}

/** The node at a path, or undefined. */
export function getNode(tree: Tree | undefined, path: TreePath): Tree | undefined {
  let node = tree;
  for (const step of path) node = child(node, step)?.value;
  return node;
}

export function getMap(tree: Tree | undefined, path: TreePath): MapTree | undefined {
  const node = getNode(tree, path);
  return node?.kind === 'map' ? node : undefined;
}

export function getString(tree: Tree | undefined, path: TreePath): string | undefined {
  const node = getNode(tree, path);
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

function child(node: Tree | undefined, step: string | number): { value: Tree; keyAt?: number } | undefined {
  if (node?.kind === 'map') return node.entries.get(String(step));
  if (node?.kind === 'list') {
    const item = node.items[Number(step)];
    return item && { value: item };
  }
  return undefined;
}

/**
 * Where to point for a path: at the value where it is a scalar or a list item, at the key where it is a map or a list,
 * at the nearest ancestor where the path is not written (a default).
 */
export function offsetOf(tree: Tree, path: TreePath): number {
  let node = tree;
  let offset = tree.at;
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) break;
    node = next.value;
    offset = node.kind === 'scalar' && node.value !== null ? node.at : (next.keyAt ?? node.at);
  }
  return offset;
}

/** The offset of the key itself, for a complaint about its name. */
export function keyOffsetOf(tree: Tree, path: TreePath): number {
  const parent = getMap(tree, path.slice(0, -1));
  return parent?.entries.get(String(path.at(-1)))?.keyAt ?? offsetOf(tree, path);
}

/** The plain value. Keys of objects keep the order of the file, save integer-like ones, which JavaScript puts first. */
export function toValue(node: Tree): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toValue);
  const value: Record<string, unknown> = {};
  for (const entry of node.entries.values()) value[entry.key] = toValue(entry.value);
  return value;
}

/** Stands for every key of a map. A symbol: `*` itself can be a key. */
export const EACH = Symbol('each key');
export type TreePattern = readonly (string | number | typeof EACH)[];

/** A copy in which `change` was made to every map that the pattern leads to. */
export function replaceMaps(
  tree: MapTree,
  pattern: TreePattern,
  change: (map: MapTree, place: TreePath) => MapTree,
  place: TreePath = [],
): MapTree {
  const [step, ...rest] = pattern;
  if (step === undefined) return change(tree, place);
  let entries: Map<string, Entry> | undefined;
  for (const key of step === EACH ? [...tree.entries.keys()] : [String(step)]) {
    const entry = tree.entries.get(key);
    if (entry?.value.kind !== 'map') continue;
    const value = replaceMaps(entry.value, rest, change, [...place, key]);
    if (value !== entry.value) (entries ??= new Map(tree.entries)).set(key, { ...entry, value });
  }
  return entries === undefined ? tree : { ...tree, entries };
}
