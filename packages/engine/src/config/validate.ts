import type { z } from 'zod';
import type { Diagnostics, Problem } from './diagnostics';
import { LIMITS } from './limits';
import { nearest } from './nearest';
import { KNOWN_KEYS_SEPARATOR } from './schema/strict';
import { root, type RootInput } from './schema/root';
import { getNode, keyOffsetOf, offsetOf, replaceMaps, toValue, type MapTree, type Tree, type TreePath } from './tree';

type Issue = z.core.$ZodIssue;

/**
 * Checks a normalised tree against the schema. Where nothing is wrong but unknown keys, the result is there without
 * them, so that the rules can speak up in the same run.
 */
export function validate(tree: MapTree, diagnostics: Diagnostics): { input: RootInput; tree: MapTree } | undefined {
  const result = root.safeParse(toValue(tree));
  if (result.success) return { input: result.data, tree };
  const issues = flatten(result.error.issues);
  for (const issue of issues) reportIssue(issue, tree, diagnostics);
  if (issues.length > LIMITS.diagnostics) return undefined;
  let pruned = tree;
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    pruned = replaceMaps(pruned, path(issue), (map) => withoutKeys(map, issue.keys));
  }
  const again = root.safeParse(toValue(pruned));
  return again.success ? { input: again.data, tree: pruned } : undefined;
}

/** Like `validate`, for a part of the file: what is missing in it may stand elsewhere. */
export function validateVariant(tree: MapTree, diagnostics: Diagnostics): void {
  const result = root.safeParse(toValue(tree));
  if (result.success) return;
  for (const issue of flatten(result.error.issues)) {
    if (getNode(tree, path(issue)) !== undefined) reportIssue(issue, tree, diagnostics);
  }
}

function withoutKeys(map: MapTree, keys: readonly string[]): MapTree {
  const entries = new Map(map.entries);
  for (const key of keys) entries.delete(key);
  return { ...map, entries };
}

function path(issue: Issue): TreePath {
  return issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
}

/** Issues of the branch of a union that was most likely meant; names of records keep the issue of the name. */
function flatten(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    const within = (inner: readonly Issue[]): Issue[] =>
      flatten(inner.map((one) => ({ ...one, path: [...issue.path, ...one.path] })));
    if (issue.code === 'invalid_key') return within(issue.issues as Issue[]).map((one) => ({ ...one, isKey: true }));
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
    const meant = issue.errors.filter((branch) => !branch.some((one) => one.path.length === 0 && isWrongType(one)));
    if (meant.length === 0) return [issue];
    const fewest = [...meant].sort((a, b) => severity(a) - severity(b))[0];
    return within(fewest ?? []);
  });
}

function isWrongType(issue: Issue): boolean {
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(isWrongType));
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

/** Branches that know the keys go first: `{compile, instal}` means `{compile, install}`, not `{version}`. */
function severity(issues: readonly Issue[]): number {
  let total = 0;
  for (const issue of issues) total += issue.code === 'unrecognized_keys' ? 2 * issue.keys.length : 1;
  return total;
}

function reportIssue(issue: Issue & { isKey?: boolean }, tree: MapTree, diagnostics: Diagnostics): void {
  const place = path(issue);
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(KNOWN_KEYS_SEPARATOR);
    for (const key of issue.keys) {
      diagnostics.error(keyOffsetOf(tree, [...place, key]), unknownKey(key, known));
    }
    return;
  }
  const node = getNode(tree, place);
  const at = issue.isKey ? keyOffsetOf(tree, place) : valueOffset(tree, place, node);
  diagnostics.error(at, problemOf(issue, place, node));
}

/** A wrong type is shown at the value itself; what is missing, at the map that lacks it. */
function valueOffset(tree: MapTree, place: TreePath, node: Tree | undefined): number {
  return node === undefined || (node.kind === 'scalar' && node.value === null) ? offsetOf(tree, place) : node.at;
}

/** Keys that people know from elsewhere, or that upstream's sources name without using them. */
const STRAY_KEYS: Record<string, string> = {
  dependencies: "Write 'packages'.",
  sysusers: 'Ship a file in usr/lib/sysusers.d; it is found by itself.',
  kernel_modules: 'Ship the modules in usr/lib/modules; they are found by themselves.',
  ld_so_conf_d: 'Ship a file in etc/ld.so.conf.d; it is found by itself.',
  '<<': 'Merge keys are not part of YAML 1.2: repeat the keys, or use an alias for the whole value.',
};

function unknownKey(key: string, known: string[]): Problem {
  const match = nearest(key, known);
  const list = `Known here: ${known.join(', ')}.`;
  const stray = Object.hasOwn(STRAY_KEYS, key) ? STRAY_KEYS[key] : undefined;
  return {
    code: 'CONFIG_UNKNOWN_KEY',
    message: `unknown key '${key}'`,
    hint: match === undefined ? (stray ?? list) : `Did you mean '${match}'?`,
  };
}

function problemOf(issue: Issue, place: TreePath, node: Tree | undefined): Problem {
  const key = label(place);
  const found = node === undefined ? 'nothing' : describe(node);
  switch (issue.code) {
    case 'custom': {
      const params = issue.params as { code?: string; hint?: string } | undefined;
      return { code: params?.code ?? 'CONFIG_VALUE', message: `${key}: ${issue.message}`, hint: params?.hint };
    }
    case 'invalid_type':
      if (node === undefined) {
        return {
          code: 'CONFIG_MISSING_KEY',
          message: `${key} is missing`,
          hint: `Expected ${typeName(issue.expected)}.`,
        };
      }
      return {
        code: 'CONFIG_TYPE',
        message: `${key} must be ${typeName(issue.expected)}, not ${found}`,
        hint: EXAMPLES[issue.expected],
      };
    case 'invalid_value':
      return oneOf(key, issue.values.map(String), node, found);
    case 'invalid_union':
      return wrongUnion(issue, key, node, found);
    case 'too_small':
      return { code: 'CONFIG_VALUE', message: `${key} is too small`, hint: `At least ${issue.minimum}.` };
    default:
      return { code: 'CONFIG_VALUE', message: `${key}: ${issue.message}` };
  }
}

function oneOf(key: string, values: string[], node: Tree | undefined, found: string): Problem {
  const list = `Possible are ${values.join(', ')}.`;
  const written = node?.kind === 'scalar' ? String(node.value) : '';
  const match = nearest(written, values);
  return {
    code: node === undefined ? 'CONFIG_MISSING_KEY' : node.kind === 'scalar' ? 'CONFIG_VALUE' : 'CONFIG_TYPE',
    message: node === undefined ? `${key} is missing` : `${key} cannot be ${found}`,
    hint: match === undefined ? list : `Did you mean '${match}'? ${list}`,
  };
}

function wrongUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  key: string,
  node: Tree | undefined,
  found: string,
): Problem {
  if (issue.discriminator !== undefined) return oneOf(key, ['package', 'git', 'path'], node, found);
  const expected = [...new Set(issue.errors.flatMap((branch) => branch.flatMap(expectedBy)))];
  const message = issue.message.startsWith('expected') ? `${key}: ${issue.message}` : undefined;
  return {
    code: node === undefined ? 'CONFIG_MISSING_KEY' : 'CONFIG_TYPE',
    message: message ?? (node === undefined ? `${key} is missing` : `${key} cannot be ${found}`),
    hint: expected.length === 0 ? undefined : `Expected ${expected.join(' or ')}.`,
  };
}

function expectedBy(issue: Issue): string[] {
  if (issue.path.length > 0) return [];
  if (issue.code === 'invalid_type') return [typeName(issue.expected)];
  if (issue.code === 'invalid_value') return issue.values.map((value) => `'${String(value)}'`);
  return issue.code === 'invalid_union' ? issue.errors.flatMap((branch) => branch.flatMap(expectedBy)) : [];
}

/** `extensions.app.packages`, the names that led there. */
function label(place: TreePath): string {
  if (place.length === 0) return 'the file';
  return place
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('');
}

const TYPE_NAMES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};
const EXAMPLES: Record<string, string> = {
  array: 'Write the entries in lines of their own that start with "- ".',
  object: "Write 'key: value' in lines of their own, with ':' and not '='.",
  record: "Write 'key: value' in lines of their own, with ':' and not '='.",
};

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function describe(node: Tree): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'a map' : 'a list';
  if (node.value === null) return 'empty';
  if (typeof node.value !== 'string') return `${typeof node.value === 'number' ? 'the number ' : ''}${node.value}`;
  return `the text '${node.value.length > 60 ? `${node.value.slice(0, 60)}...` : node.value}'`;
}
