import { isDeepStrictEqual } from 'node:util';
import { cannotEdit, openSource } from './source';
import type { Source } from './source';

export type JsonMap = Record<string, unknown>;

/**
 * The proof of an edit: what the new text means is what the old one meant, changed as `change` does. So an edit is
 * either right or refused, whatever anchors, flow style or odd indentation the file has.
 * @throws AvocadoError `CONFIG_EDIT`
 */
export function checked(text: string, before: Source, change: (root: JsonMap) => void): string {
  const wanted = plain(before);
  change(wanted);
  const after = openSource(text, before.file);
  if (!isDeepStrictEqual(plain(after), wanted)) {
    throw cannotEdit(before, 'it is written in a way that a change of one part would change another');
  }
  return text;
}

function plain({ document }: Source): JsonMap {
  // Through JSON, so that what an alias repeats is there twice.
  return (JSON.parse(JSON.stringify(document.toJS())) ?? {}) as JsonMap;
}
