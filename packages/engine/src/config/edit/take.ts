import { isMap } from 'yaml';
import { checked } from './checked';
import type { JsonMap } from './checked';
import { blockEnd, cannotEdit, isBlock, keyStart, lineStart, nextLine, openSource, pairAt } from './source';
import type { KeyPath, Source } from './source';
import { blockText, styleOf } from './style';

interface Place {
  /** Start of the first line, comments right above the key included. */
  start: number;
  /** Start of the key's own line. */
  key: number;
  /** Start of the first line behind it. */
  end: number;
  column: number;
  isFirst: boolean;
}

/**
 * Takes the entry at `path` out, the comments right above it included, and each map above that is left empty.
 * @throws AvocadoError `CONFIG_EDIT` where there is none, or it is not on lines of its own
 */
export function removeEntry(text: string, path: KeyPath, { file }: { file: string }): string {
  const source = openSource(text, file);
  const whole = emptied(source, path);
  const { start, end, isFirst } = placeOf(source, whole);
  const head = text.slice(0, start);
  const rest = text.slice(end);
  // One of the two blank lines that it stood between goes with it.
  const tail = isFirst || /\n\r?\n$/.test(head) ? rest.replace(/^\r?\n/, '') : rest;
  const edited = tail === '' ? head.replace(/(\r?\n)(\r?\n)+$/, '$1') : `${head}${tail}`;
  return checked(edited, source, (root) => {
    const parent = whole.slice(0, -1).reduce<JsonMap>((map, key) => map[key] as JsonMap, root);
    delete parent[whole.at(-1) ?? ''];
  });
}

/**
 * The lines of the entry at `path`, the comments right above it included, moved to the first column.
 * @throws AvocadoError `CONFIG_EDIT` where there is none, or it is not on lines of its own
 */
export function entryText(text: string, path: KeyPath, { file }: { file: string }): string {
  const source = openSource(text, file);
  const { start, end, column } = placeOf(source, path);
  return text.slice(start, end).replace(new RegExp(`^ {${column}}`, 'gm'), '');
}

/** Gives the entry at `path` another value; the comments above it stay, those inside go. @throws AvocadoError `CONFIG_EDIT` */
export function replaceEntry(text: string, path: KeyPath, value: unknown, { file }: { file: string }): string {
  const source = openSource(text, file);
  const { key, end, column } = placeOf(source, path);
  const name = path.at(-1) ?? '';
  const lines = blockText({ [name]: value }, styleOf(source), column);
  return checked(`${text.slice(0, key)}${lines}${text.slice(end)}`, source, (root) => {
    const parent = path.slice(0, -1).reduce<JsonMap>((map, step) => map[step] as JsonMap, root);
    parent[name] = value;
  });
}

/** The longest part of the path whose maps hold nothing but this entry. */
function emptied(source: Source, path: KeyPath): KeyPath {
  const parent = path.slice(0, -1);
  if (parent.length === 0) return path;
  const map = pairAt(source, parent)?.value;
  return isMap(map) && map.items.length === 1 ? emptied(source, parent) : path;
}

function placeOf(source: Source, path: KeyPath): Place {
  const { text, document } = source;
  const pair = pairAt(source, path);
  if (!pair) throw cannotEdit(source, `there is no ${path.join('.')}`);
  const parent: unknown = path.length === 1 ? document.contents : pairAt(source, path.slice(0, -1))?.value;
  const key = lineStart(text, keyStart(pair));
  const column = keyStart(pair) - key;
  if (!isBlock(parent) || text.slice(key, key + column).trim() !== '') {
    throw cannotEdit(source, `${path.join('.')} is not on lines of its own`, keyStart(pair));
  }
  const start = commentsAbove(text, key, column);
  return { start, key, end: blockEnd(source, pair, column), column, isFirst: parent.items[0] === pair };
}

function commentsAbove(text: string, key: number, column: number): number {
  let start = key;
  while (start > 0) {
    const before = lineStart(text, start - 1);
    const line = text.slice(before, nextLine(text, before));
    // At the top of the file stand the comments on the file itself.
    if (before === 0 || line.trimEnd().search(/\S/) !== column || line[column] !== '#') return start;
    start = before;
  }
  return start;
}
