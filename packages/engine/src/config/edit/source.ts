import { isMap, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, Pair, YAMLMap, YAMLSeq } from 'yaml';
import { AvocadoError } from '../../error';

export type KeyPath = readonly string[];

/** An avocado.yaml that is about to be edited: its text, and the document that says where everything stands in it. */
export interface Source {
  text: string;
  document: Document.Parsed;
  /** For errors. */
  file: string;
}

/** @throws AvocadoError `CONFIG_EDIT` where it is no YAML; what else is wrong with it is the loader's business */
export function openSource(text: string, file: string): Source {
  const document = parseDocument(text, {
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    keepSourceTokens: true,
  });
  const [error] = document.errors;
  const source = { text, document, file };
  if (error) throw cannotEdit(source, error.message, error.pos[0]);
  return source;
}

export function cannotEdit({ text, file }: Source, why: string, offset = 0): AvocadoError {
  const before = text.slice(0, offset).split('\n');
  return new AvocadoError('CONFIG_EDIT', `cannot edit the file: ${why}`, {
    position: { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
    hint: 'Make the change by hand, or write this part as plain block YAML first.',
  });
}

/** The pair at a path of keys, or undefined. */
export function pairAt({ document }: Source, path: KeyPath): Pair<Node, Node | null> | undefined {
  let node: unknown = document.contents;
  let pair: Pair<Node, Node | null> | undefined;
  for (const key of path) {
    if (!isMap(node)) return undefined;
    pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key) as typeof pair;
    if (!pair) return undefined;
    node = pair.value;
  }
  return pair;
}

/** Keys of the map at a path, in the order of the file; none where there is no map. */
export function keysAt(source: Source, path: KeyPath): string[] {
  const node = path.length === 0 ? source.document.contents : pairAt(source, path)?.value;
  return isMap(node) ? node.items.map(({ key }) => (isScalar(key) ? String(key.value) : '')) : [];
}

export function isBlock(node: unknown): node is YAMLMap | YAMLSeq {
  return (isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0;
}

/** Columns that a block map or list is indented by. */
export function columnOf(node: YAMLMap | YAMLSeq): number {
  const token = node.srcToken;
  return token && 'indent' in token ? token.indent : 0;
}

/** Start of a pair's key. */
export function keyStart(pair: Pair<Node, Node | null>): number {
  return pair.key.range?.[0] ?? 0;
}

/** Just behind a pair's colon. */
export function colonEnd({ text }: Source, pair: Pair<Node, Node | null>): number {
  return text.indexOf(':', pair.key.range?.[1] ?? 0) + 1;
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Start of the line after the one that `offset` is in; the text's end where there is none. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end + 1;
}

/**
 * Start of the first line that no longer belongs to a pair or list item: what follows its last value, and the comments
 * below it that are indented deeper than `column`.
 */
export function blockEnd({ text }: Source, node: unknown, column: number): number {
  const end = lastOffset(node);
  let at = end > 0 && text[end - 1] === '\n' ? end : nextLine(text, end);
  for (;;) {
    const comment = /^([ \t]*)#/.exec(text.slice(at, nextLine(text, at)));
    if (!comment || (comment[1]?.length ?? 0) <= column) return at;
    at = nextLine(text, at);
  }
}

function lastOffset(node: unknown): number {
  if (isPair(node)) {
    const { key, value } = node as Pair<Node, Node | null>;
    // A value that is not written ends with its key.
    return Math.max(key.range?.[1] ?? 0, value === null || isUnwritten(value) ? 0 : lastOffset(value));
  }
  if (isBlock(node)) return lastOffset(node.items.at(-1));
  return (node as Node | null)?.range?.[1] ?? 0;
}

/** Whether a value is null because nothing stands there. */
export function isUnwritten(node: unknown): boolean {
  return isScalar(node) && node.value === null && (node.source ?? '') === '';
}
