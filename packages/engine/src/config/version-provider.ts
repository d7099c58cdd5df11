import { parse as parseToml } from 'smol-toml';
import { Diagnostics } from './diagnostics';
import { LIMITS } from './limits';
import { parseYaml } from './parse-yaml';
import { ReadProblem, readTextBelow, type ReadFile } from './read-file';
import { versionProvider } from './schema/extension';
import { EACH, replaceMaps, toValue, type MapTree, type Tree } from './tree';

export interface ProviderContext {
  /** Absolute `src_dir`. */
  srcDir: string;
  readFile?: ReadFile | undefined;
  /** Told of every file that is read, relative to `src_dir`. */
  onRead: (file: string) => void;
}

/** The version that `{file, key?, format?}` names; throws ReadProblem. */
export function readVersion(provider: MapTree, context: ProviderContext): string {
  const parsed = versionProvider.safeParse(toValue(provider));
  if (!parsed.success) throw new ReadProblem('CONFIG_VERSION_PROVIDER', 'is not described properly');
  const { file, key, format } = parsed.data;
  context.onRead(file);
  const text = readTextBelow(context.srcDir, file, LIMITS.providerBytes, context.readFile);
  const version = key ? lookUp(parseAs(formatOf(file, format), text), key) : text.trim();
  if (version !== '') return version;
  throw new ReadProblem('CONFIG_VERSION_PROVIDER', key ? `has nothing at '${key}'` : 'is empty');
}

type Format = 'json' | 'yaml' | 'toml';

const EXTENSIONS: Record<string, Format> = { json: 'json', yaml: 'yaml', yml: 'yaml', toml: 'toml', lock: 'toml' };

function formatOf(file: string, format: Format | null | undefined): Format {
  const found = format ?? EXTENSIONS[/\.([a-z]+)$/.exec(file)?.[1] ?? ''];
  if (found !== undefined) return found;
  throw new ReadProblem('CONFIG_VERSION_PROVIDER', "needs a 'format': json, yaml or toml");
}

function parseAs(format: Format, text: string): unknown {
  try {
    if (format === 'json') return JSON.parse(text) as unknown;
    if (format === 'toml') return parseToml(text);
    const document = text.length > LIMITS.fileBytes ? undefined : parseYaml(text, new Diagnostics('', text));
    if (document !== undefined) return toValue(document);
  } catch {
    // Falls through: what is wrong with a file of somebody else's is not ours to explain.
  }
  throw new ReadProblem('CONFIG_VERSION_PROVIDER', `is not valid ${format.toUpperCase()}`);
}

function lookUp(document: unknown, key: string): string {
  let value = document;
  for (const step of key.split('.')) {
    const inside = typeof value === 'object' && value !== null && Object.hasOwn(value, step);
    value = inside ? (value as Record<string, unknown>)[step] : undefined;
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}

/** Replaces every version provider of an extension by the version it gives. */
export function resolveProviders(root: MapTree, context: ProviderContext, diagnostics: Diagnostics): MapTree {
  return replaceMaps(root, ['extensions', EACH], (extension, [, name]) => {
    const version = extension.entries.get('version');
    // The schema explains what is wrong with one that is not described properly.
    if (version?.value.kind !== 'map' || !versionProvider.safeParse(toValue(version.value)).success) return extension;
    const { at } = version.value;
    try {
      const value: Tree = { kind: 'scalar', value: readVersion(version.value, context), at, end: at };
      return { ...extension, entries: new Map(extension.entries).set('version', { ...version, value }) };
    } catch (error) {
      if (!(error instanceof ReadProblem)) throw error;
      const file = version.value.entries.get('file')?.value;
      diagnostics.error(file?.at ?? at, {
        code: error.code === 'CONFIG_PATH_OUTSIDE' ? error.code : 'CONFIG_VERSION_PROVIDER',
        message: `the version of extension '${name}': ${file?.kind === 'scalar' ? file.value : 'its file'} ${error.message}`,
      });
      return extension;
    }
  });
}
