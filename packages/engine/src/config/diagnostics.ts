import { AvocadoError, formatPosition } from '../error';
import { LIMITS } from './limits';
import type { Diagnostic } from './types';

/** What a check knows of a problem; the collector adds the place. */
export interface Problem {
  code: string;
  message: string;
  /** A function where it takes a search: it is called only if the problem is reported. */
  hint?: string | undefined | (() => string | undefined);
}

/** Turns offsets into places and collects errors and warnings, each only once. */
export class Diagnostics {
  readonly #file: string;
  readonly #lineStarts: number[] = [0];
  readonly #seen = new Set<string>();
  readonly #errors: Diagnostic[] = [];
  readonly #warnings: Diagnostic[] = [];

  constructor(file: string, text: string) {
    this.#file = file;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  /** Lines and columns count from 1; a column is a UTF-16 code unit, as editors count. */
  position(offset: number): { file: string; line: number; column: number } {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.#file, line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }

  error(offset: number, problem: Problem): void {
    this.#add(this.#errors, offset, problem);
  }

  warn(offset: number, problem: Problem): void {
    this.#add(this.#warnings, offset, problem);
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0;
  }

  /** In the order of the file. */
  get errors(): Diagnostic[] {
    return [...this.#errors].sort(byPlace);
  }

  get warnings(): Diagnostic[] {
    return [...this.#warnings].sort(byPlace);
  }

  #add(list: Diagnostic[], offset: number, { code, message, hint }: Problem): void {
    const key = `${offset}\0${code}\0${message}`;
    if (list.length >= LIMITS.diagnostics || this.#seen.has(key)) return;
    this.#seen.add(key);
    const advice = typeof hint === 'function' ? hint() : hint;
    list.push({ code, message, ...this.position(offset), ...(advice === undefined ? {} : { hint: advice }) });
  }
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.line - b.line || a.column - b.column;
}

/** `avocado.yaml:41:7: unknown key 'versoin' [CONFIG_UNKNOWN_KEY]`, and the hint in a line of its own. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const first = `${formatPosition(diagnostic)}: ${diagnostic.message} [${diagnostic.code}]`;
  return diagnostic.hint === undefined ? first : `${first}\n  hint: ${diagnostic.hint}`;
}

/** One error for all: place, code and hint of the first; the message lists the others. */
export function diagnosticsError(errors: Diagnostic[]): AvocadoError {
  const [first, ...others] = errors;
  if (first === undefined) return new AvocadoError('CONFIG_INVALID', 'The configuration is not valid.');
  const rest = others.map((error) => `\n${formatDiagnostic(error)}`).join('');
  const count =
    others.length === 0 ? '' : `\n${others.length} more ${others.length === 1 ? 'error' : 'errors'}:${rest}`;
  return new AvocadoError(first.code, first.message + count, { position: first, hint: first.hint });
}
