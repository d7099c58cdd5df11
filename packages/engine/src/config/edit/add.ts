import { isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import { checked } from './checked';
import type { JsonMap } from './checked';
import {
  blockEnd,
  cannotEdit,
  colonEnd,
  columnOf,
  isBlock,
  isUnwritten,
  keyStart,
  keysAt,
  lineStart,
  openSource,
  pairAt,
} from './source';
import type { KeyPath, Source } from './source';
import { blockText, flowText, styleOf } from './style';

/**
 * Adds `key: value` at the end of the map at `path`, which is made where it is missing. Every other byte of the text
 * stays as it is.
 * @param comment one line that is put above the key
 * @throws AvocadoError `CONFIG_EDIT` where the key is there already, or what stands at `path` takes no key
 */
export function addEntry(
  text: string,
  path: KeyPath,
  key: string,
  value: unknown,
  { file, comment }: { file: string; comment?: string },
): string {
  const source = openSource(withParents(text, path, file), file);
  if (keysAt(source, path).includes(key)) {
    const at = pairAt(source, [...path, key]);
    throw cannotEdit(source, `${[...path, key].join('.')} is there already`, at && keyStart(at));
  }
  const edited = insert(source, path, { [key]: value }, comment);
  return checked(edited, source, (root) => {
    mapAt(root, path)[key] = value;
  });
}

/** Adds an item at the end of the list at `path`, which is made where it is missing. @throws AvocadoError `CONFIG_EDIT` */
export function appendItem(text: string, path: KeyPath, item: unknown, { file }: { file: string }): string {
  const source = openSource(withParents(text, path, file), file);
  const edited = insert(source, path, [item]);
  return checked(edited, source, (root) => {
    const parent = mapAt(root, path.slice(0, -1));
    const key = path.at(-1) ?? '';
    parent[key] = [...((parent[key] as unknown[] | null | undefined) ?? []), item];
  });
}

/** The text with an empty key for each step of the path that is missing. */
function withParents(text: string, path: KeyPath, file: string): string {
  const [key, parent] = [path.at(-1), path.slice(0, -1)];
  if (key === undefined || pairAt(openSource(text, file), path)) return text;
  return addEntry(text, parent, key, null, { file });
}

function mapAt(root: JsonMap, path: KeyPath): JsonMap {
  let map = root;
  for (const key of path) map = (map[key] ??= {}) as JsonMap;
  return map;
}

/** Puts a collection of one behind what stands at `path`. */
function insert(source: Source, path: KeyPath, addition: object, comment?: string): string {
  const { text, document } = source;
  const style = styleOf(source);
  const pair = pairAt(source, path);
  const node: unknown = path.length === 0 ? document.contents : pair?.value;
  if (isBlock(node) && isSeq(node) === Array.isArray(addition)) {
    const column = columnOf(node);
    const at = blockEnd(source, node, column);
    const lines = blockText(addition, style, column, comment);
    return splice(text, at, at, `${isSpaced(source, node) ? style.eol : ''}${lines}`, style.eol);
  }
  if (path.length === 0 && (node === null || isUnwritten(node))) {
    return splice(text, text.length, text.length, blockText(addition, style, 0, comment), style.eol);
  }
  if (pair && (!node || isEmpty(node))) return fill(source, pair, addition, comment);
  if (isMap(node) || isSeq(node)) {
    if (isSeq(node) !== Array.isArray(addition)) throw unsuited(source, path, addition, pair);
    const end = node.items.at(-1);
    const last = (isMap(node) ? ((end as Pair<Node, Node | null>).value ?? (end as Pair<Node>).key) : end) as Node;
    const at = last.range?.[1] ?? 0;
    const value = Array.isArray(addition) ? flowText(addition[0], style) : flowText(addition, style).slice(1, -1);
    return splice(text, at, at, `, ${value}`, style.eol);
  }
  throw unsuited(source, path, addition, pair);
}

/** `key:` and `key: {}` become a block below the key. */
function fill(source: Source, pair: Pair<Node, Node | null>, addition: object, comment?: string): string {
  const { text } = source;
  const style = styleOf(source);
  const [start, end] = isUnwritten(pair.value)
    ? [colonEnd(source, pair), colonEnd(source, pair)]
    : [pair.value?.range?.[0] ?? 0, pair.value?.range?.[1] ?? 0];
  const head = text.slice(0, start).trimEnd();
  const lineEnd = text.indexOf('\n', end) === -1 ? text.length : text.indexOf('\n', end);
  const own = keyStart(pair) - lineStart(text, keyStart(pair));
  const column = own + (Array.isArray(addition) && !style.indentSeq ? 0 : style.indent);
  const opened = `${head}${text.slice(end, lineEnd).trimEnd()}`;
  const rest = text.slice(Math.min(lineEnd + 1, text.length));
  return `${opened}${style.eol}${blockText(addition, style, column, comment)}${rest}`;
}

function isEmpty(node: unknown): boolean {
  return (isScalar(node) && node.value === null) || ((isMap(node) || isSeq(node)) && node.items.length === 0);
}

function unsuited(source: Source, path: KeyPath, addition: object, pair?: Pair<Node, Node | null>) {
  const wanted = Array.isArray(addition) ? 'list' : 'map';
  return cannotEdit(source, `${path.join('.') || 'the top level'} is no ${wanted}`, pair && keyStart(pair));
}

/** Whether a blank line stands between the entries of a block; of one entry, the top level tells. */
function isSpaced(source: Source, node: YAMLMap | YAMLSeq): boolean {
  if (isSeq(node)) return false;
  const { text, document } = source;
  const last = node.items.at(-1) as Pair<Node, Node | null>;
  if (node.items.length === 1) {
    const root: unknown = document.contents;
    return isBlock(root) && root !== node && root.items.length > 1 && isMap(last.value) && isSpaced(source, root);
  }
  let at = lineStart(text, keyStart(last));
  while (at > 0) {
    const before = lineStart(text, at - 1);
    const line = text.slice(before, at).trim();
    if (!line.startsWith('#')) return line === '';
    at = before;
  }
  return false;
}

function splice(text: string, start: number, end: number, replacement: string, eol: string): string {
  const head = text.slice(0, start);
  const unended = start === text.length && head !== '' && !head.endsWith('\n');
  return `${head}${unended && replacement.endsWith('\n') ? eol : ''}${replacement}${text.slice(end)}`;
}
