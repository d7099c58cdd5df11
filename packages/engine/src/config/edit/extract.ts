import type { KeyPath } from './source';
import { keysAt, openSource } from './source';
import { styleOf } from './style';
import { entryText } from './take';

/** What every file of a project says alike, in this order, where the runtime's file says it. */
const shared = [
  'cli_requirement',
  'default_target',
  'default_target_board',
  'supported_targets',
  'source_date_epoch',
  'distro',
];

/**
 * The avocado.yaml for an extension in a folder of its own: machine targets, distro and SDK as in the runtime's file,
 * and its own sections, all of them as they are written there, comments included.
 * @param text the runtime's file
 * @param own entries as text, from the first column on: the extension's section, and those of `sdk.compile` it uses
 */
export function extensionFile(
  text: string,
  own: { extension: string; compile: readonly string[] },
  { file }: { file: string },
): string {
  const source = openSource(text, file);
  const top = keysAt(source, []);
  const { indent, eol } = styleOf(source);
  const take = (path: KeyPath): string => entryText(text, path, { file });
  const sdk = keysAt(source, ['sdk'])
    .filter((key) => key !== 'compile')
    .map((key) => take(['sdk', key]));
  const compile = own.compile.length > 0 ? [`compile:${eol}${block(own.compile, indent, eol)}`] : [];
  const parts = [
    ...shared.filter((key) => top.includes(key)).map((key) => take([key])),
    `extensions:${eol}${block([own.extension], indent, eol)}`,
    ...(sdk.length + compile.length > 0 ? [`sdk:${eol}${block([...sdk, ...compile], indent, eol)}`] : []),
  ];
  return parts.map((part) => `${part.trimEnd()}${eol}`).join(eol);
}

function block(entries: readonly string[], indent: number, eol: string): string {
  const prefix = ' '.repeat(indent);
  const lines = entries.flatMap((entry) => entry.trimEnd().split(/\r?\n/));
  return lines.map((line) => (line === '' ? eol : `${prefix}${line}${eol}`)).join('');
}
