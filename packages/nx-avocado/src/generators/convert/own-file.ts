import { posix } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Tree } from '@nx/devkit';
import { addEntry, entryText, extensionFile } from '@nx-avocado/engine/config';
import type { AvocadoConfig } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import { configName, openConfig } from '../shared/config-file';
import type { ConfigFile } from '../shared/config-file';
import { hasModeline, modeline } from '../shared/modeline';
import type { Move } from './plan';

/**
 * The avocado.yaml of an extension's new folder, which means what its section meant in the old file.
 * @throws AvocadoError `CONVERT_IMPOSSIBLE` where the section depends on the rest of the old file
 */
export function ownFile(tree: Tree, file: ConfigFile, move: Move): string {
  const { path, text, config } = file;
  const { name, folder, drop } = move;
  const own = posix.join(folder, configName);
  const take = (...keys: string[]): string => withoutPrefix(entryText(text, keys, { file: path }), drop);
  const body = extensionFile(
    text,
    { extension: take('extensions', name), compile: move.compile.map((section) => take('sdk', 'compile', section)) },
    { file: path },
  );
  const headed = hasModeline(text) ? `${modeline(tree, folder)}\n${body}` : body;
  const wanted = dropped(meaning(config, move), drop);
  if (isDeepStrictEqual(meaning(load(tree, headed, file, move), move), wanted)) return headed;
  // The default is that of the root filesystem, which the new file does not describe.
  const filesystem = config.extensions[name]?.filesystem;
  const explicit = addEntry(headed, ['extensions', name], 'filesystem', filesystem, { file: own });
  if (isDeepStrictEqual(meaning(load(tree, explicit, file, move), move), wanted)) return explicit;
  throw impossible(file, name, 'it would mean something else in a file of its own');
}

function meaning({ extensions, sdk }: AvocadoConfig, { name, compile }: Move): unknown {
  return [extensions[name], ...compile.map((section) => sdk.compile[section])];
}

/** Values that begin with the prefix, wherever they stand. */
function withoutPrefix(text: string, prefix: string | undefined): string {
  if (prefix === undefined) return text;
  const escaped = prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(`([:-] +["']?)${escaped}`, 'g'), '$1');
}

function dropped(value: unknown, prefix: string | undefined): unknown {
  if (prefix === undefined) return value;
  if (typeof value === 'string') return value.startsWith(prefix) ? value.slice(prefix.length) : value;
  if (Array.isArray(value)) return value.map((item) => dropped(item, prefix));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, dropped(part, prefix)]));
}

function load(tree: Tree, text: string, file: ConfigFile, { name, folder, drop }: Move): AvocadoConfig {
  try {
    // Where the files are now that a version is read from.
    const place = drop === undefined ? file.path : posix.join(folder, configName);
    return openConfig(tree, place, text, file.config.machine).config;
  } catch (error) {
    if (!(error instanceof AvocadoError)) throw error;
    throw impossible(file, name, `${posix.join(folder, configName)} would not load: ${error.message}`);
  }
}

function impossible(file: ConfigFile, name: string, why: string): AvocadoError {
  return new AvocadoError('CONVERT_IMPOSSIBLE', `the extension ${name} cannot move: ${why}`, {
    position: { file: file.path },
    hint: 'Write out in its section what it takes from other parts of the file, and try again.',
  });
}
