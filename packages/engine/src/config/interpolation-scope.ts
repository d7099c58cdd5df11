import { nearest } from './nearest';
import { getNode, type Entry, type MapTree, type Tree } from './tree';

/** What `{{ }}` can refer to. A fact that is undefined is not known yet, and its template stays as it is written. */
export interface Scope {
  /** The file as it was written: what `config.*` walks. */
  root: MapTree;
  env: EnvReader;
  machine?: string | undefined;
  board?: string | undefined;
  runtime?: string | undefined;
  kernelVersion?: string | undefined;
  /** The version that a `{file, key}` provider of an extension gives. */
  readVersion?: (provider: MapTree) => string | undefined;
}

/** A variable's value; remembers which were asked for, because they are inputs of the result. */
export type EnvReader = (name: string) => string | undefined;

export class ExpressionError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly warning: boolean;

  constructor(code: string, message: string, options: { hint?: string | undefined; warning?: boolean } = {}) {
    super(message);
    this.code = code;
    this.hint = options.hint;
    this.warning = options.warning ?? false;
  }
}

export interface Resolution {
  /** Still to be expanded; undefined leaves the template as it is. */
  text: string | undefined;
  warning?: ExpressionError;
}

const CONTEXTS = ['env', 'config', 'avocado'];
const MAX_EXPRESSION = 500;

/** `expand` resolves templates in keys that are walked over. */
export function resolveExpression(expression: string, scope: Scope, expand: (text: string) => string): Resolution {
  const dot = expression.indexOf('.');
  const context = dot === -1 ? expression : expression.slice(0, dot);
  const path = dot === -1 ? '' : expression.slice(dot + 1);
  if (expression.length > MAX_EXPRESSION || /\s/.test(expression) || !CONTEXTS.includes(context) || path === '') {
    const match = nearest(context, CONTEXTS);
    throw new ExpressionError('CONFIG_INTERPOLATION', `'{{ ${expression.slice(0, 80)} }}' is no reference`, {
      hint:
        (match && context !== match ? `Did you mean '${match}.'? ` : '') +
        'Possible are {{ env.NAME }}, {{ config.path.to.key }} and {{ avocado.target }} or another fact of avocado.',
    });
  }
  if (context === 'env') return environment(path, scope);
  if (context === 'config') return { text: configValue(path, scope.root, expand) };
  return avocado(path, scope, expand);
}

function environment(name: string, scope: Scope): Resolution {
  const value = scope.env(name);
  if (value !== undefined) return { text: value };
  const message = `the environment variable ${name} is not set; it counts as empty`;
  return { text: '', warning: new ExpressionError('CONFIG_ENV_UNSET', message, { warning: true }) };
}

function configValue(path: string, root: MapTree, expand: (text: string) => string): string {
  const node = walk(root, path.split('.'), expand);
  if (node?.kind === 'scalar' && node.value !== null) return String(node.value);
  if (node === undefined || node.kind === 'scalar') {
    throw new ExpressionError('CONFIG_INTERPOLATION', `Config path 'config.${path}' not found`, {
      hint: 'The path starts at the top of this file: {{ config.distro.release }}.',
    });
  }
  const message = `'config.${path}' is a ${node.kind}, not a single value`;
  throw new ExpressionError('CONFIG_INTERPOLATION', message);
}

/** Keys may hold dots themselves (`gstreamer1.0`): the longest key that leads to the end wins. */
function walk(node: Tree, steps: string[], expand: (text: string) => string): Tree | undefined {
  if (steps.length === 0) return node;
  if (node.kind !== 'map') return undefined;
  for (let length = steps.length; length > 0; length--) {
    const entry = findEntry(node, steps.slice(0, length).join('.'), expand);
    const found = entry && walk(entry.value, steps.slice(length), expand);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findEntry(map: MapTree, key: string, expand: (text: string) => string): Entry | undefined {
  const entry = map.entries.get(key);
  if (entry !== undefined) return entry;
  for (const candidate of map.entries.values()) {
    if (candidate.key.includes('{{') && expand(candidate.key) === key) return candidate;
  }
  return undefined;
}

const FACTS = ['target', 'target.board', 'runtime', 'distro.release', 'distro.version', 'distro.channel'];
const ALL_FACTS = [...FACTS, 'kernel.version'];

function avocado(path: string, scope: Scope, expand: (text: string) => string): Resolution {
  if (path.startsWith('extensions.')) return fact(path, extensionField(path, scope, expand));
  if (!ALL_FACTS.includes(path)) {
    const match = nearest(path, ALL_FACTS);
    throw new ExpressionError('CONFIG_INTERPOLATION', `'avocado.${path}' does not exist`, {
      hint: match
        ? `Did you mean 'avocado.${match}'?`
        : `Known are ${ALL_FACTS.map((name) => `avocado.${name}`).join(', ')} and avocado.extensions.<name>.<key>.`,
    });
  }
  const distro = (name: string, variable: string): string | undefined => {
    const node = getNode(scope.root, ['distro', name]);
    return scope.env(variable) || (node?.kind === 'scalar' && node.value !== null ? String(node.value) : undefined);
  };
  switch (path) {
    case 'target':
      return fact(path, scope.machine);
    case 'target.board':
      return fact(path, scope.board);
    case 'runtime':
      return fact(path, scope.runtime);
    case 'kernel.version':
      // Known only when packages are installed: no reason to bother anyone who reads the file before.
      return { text: scope.kernelVersion };
    case 'distro.channel':
      return fact(path, distro('channel', 'AVOCADO_DISTRO_CHANNEL'));
    default:
      return fact(path, distro('release', 'AVOCADO_DISTRO_RELEASE') ?? distro('version', 'AVOCADO_DISTRO_RELEASE'));
  }
}

function fact(path: string, text: string | undefined): Resolution {
  if (text !== undefined) return { text };
  const message = `'avocado.${path}' is not known here; the text stays as it is written`;
  return { text, warning: new ExpressionError('CONFIG_UNRESOLVED', message, { warning: true }) };
}

/** `extensions.<name>.<key>`; a block for this machine goes before the extension's own keys, as it will when merged. */
function extensionField(path: string, scope: Scope, expand: (text: string) => string): string | undefined {
  const steps = path.split('.').slice(1);
  const field = steps.pop() ?? '';
  const extensions = getNode(scope.root, ['extensions']);
  const entry = extensions?.kind === 'map' ? findEntry(extensions, steps.join('.'), expand) : undefined;
  for (const block of [[`target-${scope.machine}`], [scope.machine ?? ''], []]) {
    const node = getNode(entry?.value, [...block, field]);
    if (node?.kind === 'scalar' && node.value !== null) return String(node.value);
    if (node?.kind === 'map' && field === 'version') return scope.readVersion?.(node);
  }
  return undefined;
}
