import { isMap, isPair, isSeq, parseDocument, visit } from 'yaml';
import type { ToStringOptions } from 'yaml';
import { columnOf, isBlock } from './source';
import type { Source } from './source';

/** How a file is written, so that what is added looks like the rest. */
export interface Style {
  /** Columns for each level. */
  indent: number;
  /** Whether lists below a key are indented. */
  indentSeq: boolean;
  singleQuote: boolean;
  eol: '\n' | '\r\n';
}

/** Taken from the first place that tells; two columns, indented lists and single quotes where none does. */
export function styleOf({ document, text }: Source): Style {
  let indent: number | undefined;
  let indentSeq: boolean | undefined;
  let quotes = 0;
  visit(document, {
    Map(_key, map) {
      if (!isBlock(map)) return;
      for (const item of map.items) {
        if (!isPair(item) || !isBlock(item.value)) continue;
        const deeper = columnOf(item.value) - columnOf(map);
        if (isMap(item.value)) indent ??= deeper;
        if (isSeq(item.value)) indentSeq ??= deeper > 0;
      }
    },
    Scalar(_key, { type }) {
      if (type === 'QUOTE_SINGLE') quotes += 1;
      if (type === 'QUOTE_DOUBLE') quotes -= 1;
    },
  });
  return {
    indent: indent ?? 2,
    indentSeq: indentSeq ?? true,
    singleQuote: quotes >= 0,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  };
}

/** A value as lines of block YAML, indented by `column`, ended by a line break. */
export function blockText(value: unknown, style: Style, column: number, comment?: string): string {
  const options: ToStringOptions = {
    indent: style.indent,
    indentSeq: style.indentSeq,
    singleQuote: style.singleQuote,
    lineWidth: 0,
    nullStr: '',
  };
  const lines = toText(value, options).trimEnd().split('\n');
  const all = comment === undefined ? lines : [`# ${comment}`, ...lines];
  const prefix = ' '.repeat(column);
  return all.map((line) => (line === '' ? style.eol : `${prefix}${line}${style.eol}`)).join('');
}

/** A value on one line, as it stands inside `[]` or `{}`. */
export function flowText(value: unknown, style: Style): string {
  const options = { singleQuote: style.singleQuote, lineWidth: 0, flowCollectionPadding: false };
  return toText([value], { ...options, collectionStyle: 'flow' })
    .trim()
    .slice(1, -1);
}

function toText(value: unknown, options: ToStringOptions): string {
  const document = parseDocument('', { schema: 'core' });
  document.contents = document.createNode(value) as typeof document.contents;
  return document.toString(options);
}
