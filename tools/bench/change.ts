import { readFileSync, writeFileSync } from 'node:fs';

/** Gives main.rs an interval that no earlier run had, or its results would come from the cache. */
export function change(file: string, run: number): void {
  const seconds = 1_000_000 + (Date.now() % 1_000_000_000) + run;
  replace(file, /from_secs\(\d+\)/, `from_secs(${seconds})`);
}

/** @throws Error where there is nothing to replace: the run would measure nothing */
export function replace(file: string, what: RegExp, by: string): void {
  const text = readFileSync(file, 'utf8');
  if (!what.test(text)) throw new Error(`${file} has no ${what.source}`);
  writeFileSync(file, text.replace(what, by));
}
