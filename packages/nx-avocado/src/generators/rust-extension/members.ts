import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { AvocadoError } from '@nx-avocado/engine/error';
import { parseToml } from '@nx-avocado/engine/rust';
import type { TomlTable } from '@nx-avocado/engine/rust';

/** A Cargo.toml with `[workspace]`. */
export interface CargoWorkspace {
  /** Relative to the Nx workspace's root. */
  directory: string;
  text: string;
  members: string[];
  /** Relative to `directory`. */
  exclude: string[];
}

/** @throws AvocadoError `TOML_SYNTAX` */
export function readWorkspace(directory: string, text: string): CargoWorkspace | undefined {
  const { workspace } = parseToml(text, posix.join(directory, 'Cargo.toml')) as { workspace?: TomlTable };
  if (!workspace) return undefined;
  const list = (key: string): string[] => (Array.isArray(workspace[key]) ? (workspace[key] as string[]) : []);
  return { directory, text, members: list('members'), exclude: list('exclude').map((path) => posix.normalize(path)) };
}

/**
 * The manifest with a further member; as it is where a pattern of `members` has it already. Comments and spacing stay.
 * @throws AvocadoError `CARGO_WORKSPACE_EDIT` where the list is written in a way that is not understood
 */
export function addMember({ text, members }: CargoWorkspace, member: string, file: string): string {
  if (members.some((pattern) => matchesMember(pattern, member))) return text;
  const edited = insertMember(text, member);
  if (edited !== undefined && isProper(text, edited, [...members, member], file)) return edited;
  throw new AvocadoError('CARGO_WORKSPACE_EDIT', `cannot add ${member} to the members of the cargo workspace`, {
    position: { file },
    hint: `Add "${member}" to members in [workspace] by hand, and try again.`,
  });
}

/** As cargo matches: `*` and `?` within one part of the path, `**` for any number of parts. */
export function matchesMember(pattern: string, path: string): boolean {
  const expression = posix
    .normalize(pattern)
    .replace(/\/$/, '')
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('**/', '\0')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
    .replaceAll('\0', '(?:.*/)?');
  return new RegExp(`^${expression}$`).test(path);
}

function insertMember(text: string, member: string): string | undefined {
  const header = /^\[workspace\][^\n]*(?:\n|$)/m.exec(text);
  if (!header) return undefined;
  const start = header.index + header[0].length;
  const next = text.slice(start).search(/^\[/m);
  const end = next === -1 ? text.length : start + next;
  const key = /^[ \t]*members[ \t]*=[ \t]*\[/m.exec(text.slice(start, end));
  if (!key) {
    const breakLine = header[0].endsWith('\n') ? '' : '\n';
    return `${text.slice(0, start)}${breakLine}members = ["${member}"]\n${text.slice(start)}`;
  }
  const list = readList(text, start + key.index + key[0].length);
  return list && insertItem(text, list, member);
}

/** Offsets of a list of strings: behind its bracket, at the closing one, and behind its last item, where it has one. */
interface List {
  open: number;
  close: number;
  last?: number;
}

/** Comments and strings may hold brackets and quotes. */
function readList(text: string, open: number): List | undefined {
  const token = /"[^"\n]*"|'[^'\n]*'|#[^\n]*|\]/g;
  token.lastIndex = open;
  let last: number | undefined;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === ']') return { open, close: match.index, ...(last !== undefined && { last }) };
    if (!match[0].startsWith('#')) last = token.lastIndex;
  }
  return undefined;
}

function insertItem(text: string, { open, close, last }: List, member: string): string {
  const hasComma = last === undefined || text.slice(last, close).trimStart().startsWith(',');
  const list = text.slice(open, close);
  if (!list.includes('\n')) {
    const separator = last === undefined ? '' : hasComma ? ' ' : ', ';
    return `${text.slice(0, close)}${separator}"${member}"${text.slice(close)}`;
  }
  // One member a line: as far in as the first one, before the line of the bracket.
  const indent = /\n([ \t]*)["']/.exec(list)?.[1] ?? '  ';
  const at = open + list.lastIndexOf('\n') + 1;
  const end = last ?? open;
  return `${text.slice(0, end)}${hasComma ? '' : ','}${text.slice(end, at)}${indent}"${member}",\n${text.slice(at)}`;
}

/** The proof of the edit: nothing else has changed. */
function isProper(before: string, after: string, members: string[], file: string): boolean {
  try {
    const wanted = parseToml(before, file) as { workspace: TomlTable };
    wanted.workspace['members'] = members;
    return isDeepStrictEqual(parseToml(after, file), wanted);
  } catch {
    return false;
  }
}
