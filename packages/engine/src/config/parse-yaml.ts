import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Node, Scalar, YAMLMap } from 'yaml';
import type { Diagnostics } from './diagnostics';
import { LIMITS } from './limits';
import { findControlCharacter } from './names';
import type { Entry, MapTree, ScalarTree, Tree } from './tree';
import { checkNesting } from './yaml-nesting';

/** The text as a tree, or undefined when the diagnostics say why not. An empty document is an empty map. */
export function parseYaml(text: string, diagnostics: Diagnostics): MapTree | undefined {
  const control = findControlCharacter(text);
  if (control !== undefined) {
    const name = `U+${text.charCodeAt(control).toString(16).toUpperCase().padStart(4, '0')}`;
    diagnostics.error(control, { code: 'CONFIG_ENCODING', message: `control character ${name} in the file` });
    return undefined;
  }
  if (!checkNesting(text, diagnostics)) return undefined;

  // Duplicate keys are found below: the parser's own check takes time quadratic in the number of keys.
  const document = parseDocument(text, {
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    // 'silent' would also silence the error about a second document.
    logLevel: 'error',
  });
  // A tag or a directive that the parser only warns of would change what the file means.
  for (const error of [...document.errors, ...document.warnings]) {
    diagnostics.error(error.pos[0], { code: 'CONFIG_SYNTAX', message: `YAML: ${error.message}` });
  }
  if (diagnostics.hasErrors) return undefined;

  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) {
    return { kind: 'map', entries: new Map(), at: 0, end: text.length };
  }
  const tree = new Converter(diagnostics).convert(root);
  if (tree.kind === 'map') return diagnostics.hasErrors ? undefined : tree;
  const found = tree.kind === 'list' ? 'a list' : 'a single value';
  diagnostics.error(tree.at, {
    code: 'CONFIG_ROOT',
    message: `the file must hold a map of keys, not ${found}`,
    hint: 'Start with a key such as `default_target: qemux86-64`.',
  });
  return undefined;
}

/** Tags that change nothing about what the file may hold. */
const CORE_TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((tag) => `tag:yaml.org,2002:${tag}`),
);

class TooLarge extends Error {}

class Converter {
  readonly #diagnostics: Diagnostics;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #nodes = 0;

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  convert(root: Node): Tree {
    try {
      return this.#node(root, 0);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      return { kind: 'map', entries: new Map(), at: 0, end: 0 };
    }
  }

  #node(node: Node | null, fallbackAt: number): Tree {
    const [at, , end] = node?.range ?? [fallbackAt, fallbackAt, fallbackAt];
    this.#count(at);
    if (node === null) return { kind: 'scalar', value: null, at, end };
    if (isAlias(node)) return this.#alias(node.source, at, end);
    if (node.tag !== undefined && !CORE_TAGS.has(node.tag)) {
      this.#diagnostics.error(at, { code: 'CONFIG_SYNTAX', message: `YAML: the tag ${node.tag} means nothing here` });
    }
    if ('anchor' in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node, at, end);

    this.#open.add(node);
    if (this.#open.size > LIMITS.depth) this.#stop(at, 'CONFIG_TOO_DEEP', `nested deeper than ${LIMITS.depth} levels`);
    let tree: Tree = { kind: 'scalar', value: null, at, end };
    if (isSeq(node)) tree = { kind: 'list', items: node.items.map((item) => this.#node(item as Node, at)), at, end };
    else if (isMap(node)) tree = { kind: 'map', entries: this.#entries(node, at), at, end };
    this.#open.delete(node);
    return tree;
  }

  #entries(map: YAMLMap, mapAt: number): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const pair of map.items) {
      const key = this.#key(pair.key as Node | null, mapAt);
      const value = this.#node(pair.value as Node | null, key?.at ?? mapAt);
      if (key === undefined) continue;
      const earlier = entries.get(key.text);
      if (earlier === undefined) entries.set(key.text, { key: key.text, keyAt: key.at, value });
      else {
        const { line } = this.#diagnostics.position(earlier.keyAt);
        this.#diagnostics.error(key.at, {
          code: 'CONFIG_DUPLICATE_KEY',
          message: `duplicate key '${key.text}'`,
          hint: `It is already set in line ${line}; keep one of the two.`,
        });
      }
    }
    return entries;
  }

  #key(node: Node | null, mapAt: number): { text: string; at: number } | undefined {
    const at = node?.range?.[0] ?? mapAt;
    this.#count(at);
    const target = isAlias(node) ? this.#anchors.get(node.source) : node;
    if (!isScalar(target)) {
      this.#diagnostics.error(at, {
        code: 'CONFIG_SYNTAX',
        message: target === null ? 'a key is missing before the colon' : 'a key must be plain text',
        hint: 'A value that starts with `{{` needs quotes: "{{ avocado.target }}".',
      });
      return undefined;
    }
    const text = typeof target.value === 'string' ? target.value : (target.source ?? String(target.value));
    this.#checkText(text, at);
    if (text !== '__proto__') return { text, at };
    this.#diagnostics.error(at, { code: 'CONFIG_NAME', message: `'${text}' cannot be a key` });
    return undefined;
  }

  #scalar(node: Scalar, at: number, end: number): ScalarTree {
    const value = scalarValue(node);
    if (typeof value === 'string') this.#checkText(value, at);
    return { kind: 'scalar', value, at, end: node.range?.[1] ?? end };
  }

  #alias(name: string, at: number, end: number): Tree {
    const target = this.#anchors.get(name);
    if (target !== undefined && !this.#open.has(target)) return this.#node(target, at);
    const message =
      target === undefined ? `no anchor &${name} before this alias` : `the alias *${name} contains itself`;
    this.#diagnostics.error(at, { code: 'CONFIG_SYNTAX', message: `YAML: ${message}` });
    return { kind: 'scalar', value: null, at, end };
  }

  #checkText(text: string, at: number): void {
    if (findControlCharacter(text) === undefined) return;
    this.#diagnostics.error(at, { code: 'CONFIG_ENCODING', message: 'control character in a text' });
  }

  #count(at: number): void {
    if (++this.#nodes <= LIMITS.nodes) return;
    this.#stop(at, 'CONFIG_TOO_LARGE', `more than ${LIMITS.nodes} values once aliases are expanded`);
  }

  #stop(at: number, code: string, message: string): never {
    this.#diagnostics.error(at, { code, message });
    throw new TooLarge(message);
  }
}

/**
 * Numbers keep the text they were written with unless it says nothing more than the number: `version: 1.10` and
 * `tag: 007` are texts that YAML reads as numbers. Hexadecimal and octal integers stay numbers.
 */
function scalarValue(node: Scalar): ScalarTree['value'] {
  const { value } = node;
  if (typeof value === 'number') {
    const source = node.source ?? String(value);
    return String(value) === source || /^0[xo]/.test(source) ? value : source;
  }
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  return node.source ?? String(value);
}
