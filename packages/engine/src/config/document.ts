import { Diagnostics } from './diagnostics';
import { headerOf, type RawHeader } from './header';
import type { EnvReader } from './interpolation-scope';
import { LIMITS } from './limits';
import { parseYaml } from './parse-yaml';
import { ReadProblem, decodeText, readText, type ReadFile } from './read-file';
import type { Environment } from './resolve';
import type { MapTree } from './tree';

export interface DocumentOptions {
  /** What `{{ env.X }}` and upstream's variables are read from. */
  env?: Environment | undefined;
  /** Replaces reading from disk, links and all; for callers that have the files elsewhere. */
  readFile?: ReadFile | undefined;
  /** The content of the file, where the caller has it. */
  text?: string | undefined;
}

/** What a result depends on besides the avocado.yaml itself; both sorted. */
export interface Reads {
  /** Files that versions were read from, relative to `src_dir`. */
  files: string[];
  /** Environment variables that were asked for, set or not. */
  env: string[];
}

/** An avocado.yaml that was read and parsed, and what it says before a machine target is chosen. */
export interface Document {
  text: string;
  diagnostics: Diagnostics;
  env: EnvReader;
  reads: { files: Set<string>; env: Set<string> };
  /** Undefined where there is an error that leaves nothing to go on with. */
  parsed: { root: MapTree; header: RawHeader } | undefined;
}

export function openDocument(file: string, options: DocumentOptions): Document {
  const reads = { files: new Set<string>(), env: new Set<string>() };
  const env: EnvReader = (name) => {
    reads.env.add(name);
    return options.env && Object.hasOwn(options.env, name) ? options.env[name] : undefined;
  };
  let text = '';
  try {
    text =
      options.text === undefined
        ? readText(file, LIMITS.fileBytes, options.readFile)
        : decodeText(options.text, LIMITS.fileBytes);
  } catch (error) {
    if (!(error instanceof ReadProblem)) throw error;
    const diagnostics = new Diagnostics(file, '');
    const message =
      error.code === 'CONFIG_NOT_FOUND' ? `Configuration file '${file}' not found` : `the file ${error.message}`;
    diagnostics.error(0, { code: error.code, message });
    return { text, diagnostics, env, reads, parsed: undefined };
  }
  const diagnostics = new Diagnostics(file, text);
  const root = parseOnce(text, diagnostics);
  const parsed = root && { root, header: headerOf(root, text, env, diagnostics) };
  return { text, diagnostics, env, reads, parsed };
}

/** Trees by their text: a file is loaded once for each machine target, and parsing takes most of the time. */
const trees = new Map<string, MapTree>();
const treesKept = 16;

/** Nothing changes a tree once it is parsed; one that there is something to say about is parsed again. */
function parseOnce(text: string, diagnostics: Diagnostics): MapTree | undefined {
  const known = trees.get(text);
  if (known) return known;
  const root = parseYaml(text, diagnostics);
  if (!root || diagnostics.errors.length + diagnostics.warnings.length > 0) return root;
  const [oldest] = trees.keys();
  if (trees.size >= treesKept && oldest !== undefined) trees.delete(oldest);
  trees.set(text, root);
  return root;
}

export function listReads({ reads }: Document): Reads {
  return { files: [...reads.files].sort(), env: [...reads.env].sort() };
}
