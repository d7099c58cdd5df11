import type { Diagnostics } from './diagnostics';
import { ExpressionError, type Scope, resolveExpression } from './interpolation-scope';
import { LIMITS } from './limits';
import type { Entry, MapTree, ScalarTree, Tree } from './tree';

const TEMPLATE = /\{\{([^{}]*)\}\}/g;

/**
 * Replaces `{{ env.X }}`, `{{ config.a.b }}` and `{{ avocado.* }}` in keys and values (contract 1.8). What `avocado.*`
 * does not know yet stays as it is written. References are followed depth first, so a cycle is found where it closes,
 * and a chain may be as long as upstream's number of passes.
 */
export class Interpolator {
  readonly #scope: Scope;
  readonly #text: string;
  readonly #diagnostics: Diagnostics;
  /** Failures as well: without them, a text that fails would be tried again from every place that leads to it. */
  readonly #known = new Map<string, string | ExpressionError>();
  readonly #stack: string[] = [];
  #produced = 0;

  constructor(scope: Scope, text: string, diagnostics: Diagnostics) {
    this.#scope = scope;
    this.#text = text;
    this.#diagnostics = diagnostics;
  }

  map(map: MapTree): MapTree {
    const entries = new Map<string, Entry>();
    for (const entry of map.entries.values()) {
      const key = this.#expandAt(entry.key, entry.keyAt, this.#text.length);
      const value = this.#node(entry.value);
      const earlier = entries.get(key);
      if (earlier === undefined) entries.set(key, { key, keyAt: entry.keyAt, value });
      else {
        const { line } = this.#diagnostics.position(earlier.keyAt);
        this.#diagnostics.error(entry.keyAt, {
          code: 'CONFIG_DUPLICATE_KEY',
          message: `'${entry.key}' stands for '${key}', which line ${line} has already`,
        });
      }
    }
    return { ...map, entries };
  }

  /** One value; undefined when it is no text. Unresolved parts stay. */
  scalar(node: ScalarTree): string | undefined {
    return typeof node.value === 'string' ? this.#expandAt(node.value, node.at, node.end) : undefined;
  }

  #node(node: Tree): Tree {
    if (node.kind === 'map') return this.map(node);
    if (node.kind === 'list') return { ...node, items: node.items.map((item) => this.#node(item)) };
    if (typeof node.value !== 'string' || !node.value.includes('{{')) return node;
    return { ...node, value: this.#expandAt(node.value, node.at, node.end) };
  }

  #expandAt(text: string, at: number, end: number): string {
    if (!text.includes('{{')) return text;
    try {
      return this.#expand(text, (template, problem) => {
        const found = this.#text.indexOf(template, at);
        const place = found !== -1 && found < end ? found : at;
        if (problem.warning) this.#diagnostics.warn(place, problem);
        else this.#diagnostics.error(place, problem);
      });
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.#diagnostics.error(at, error);
      return text;
    }
  }

  #expand(text: string, report: (template: string, problem: ExpressionError) => void): string {
    const expanded = text.replace(TEMPLATE, (template: string, inner: string) => {
      try {
        return this.#resolve(inner.trim(), (problem) => report(template, problem)) ?? template;
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        report(template, error);
        return template;
      }
    });
    this.#produced += expanded.length;
    if (expanded.length > LIMITS.interpolatedLength || this.#produced > LIMITS.interpolatedTotal) {
      throw new ExpressionError('CONFIG_TOO_LARGE', 'the text becomes too long by its {{ }}');
    }
    return expanded;
  }

  #resolve(expression: string, warn: (problem: ExpressionError) => void): string | undefined {
    const known = this.#known.get(expression);
    if (known instanceof ExpressionError) throw known;
    if (known !== undefined) return known;
    if (this.#stack.includes(expression)) {
      const chain = [...this.#stack.slice(this.#stack.indexOf(expression)), expression].join(' -> ');
      throw new ExpressionError('CONFIG_INTERPOLATION_CYCLE', `{{ }} refers to itself: ${chain}`);
    }
    if (this.#stack.length >= LIMITS.interpolationPasses) {
      const message = `a chain of more than ${LIMITS.interpolationPasses} references in {{ }}`;
      throw new ExpressionError('CONFIG_INTERPOLATION_CYCLE', message);
    }
    this.#stack.push(expression);
    try {
      let failed: ExpressionError | undefined;
      const expandInner = (text: string): string =>
        this.#expand(text, (_, problem) => {
          if (problem.warning) warn(problem);
          else failed ??= problem;
        });
      // A key that cannot be expanded is not the one looked for; it is reported where it stands.
      const expandKey = (key: string): string => this.#expand(key, () => undefined);
      const raw = resolveExpression(expression, this.#scope, expandKey);
      if (raw.warning) warn(raw.warning);
      const value = raw.text === undefined ? undefined : expandInner(raw.text);
      if (failed) throw failed;
      if (value !== undefined && !raw.warning) this.#known.set(expression, value);
      return value;
    } catch (error) {
      if (error instanceof ExpressionError) this.#known.set(expression, error);
      throw error;
    } finally {
      this.#stack.pop();
    }
  }
}
