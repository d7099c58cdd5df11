import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { repository } from '../../e2e/support/workspace';
import { table } from './figure';
import type { Row } from './figure';
import { plot } from './plot';

/** A row with when and where it was measured: rows may come from several runs. */
type Result = Row & { date: string; machine: string };

const docs = (name: string): string => join(repository, 'docs', name);
const [begin, end] = ['<!-- results -->', '<!-- end of results -->'];

export function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${cpus()[0]?.model ?? '?'}), ${memory} GB, Node ${process.versions.node}`;
}

/**
 * Keeps these rows in docs/benchmarks.json, in the place of older ones of the same name; writes table and plot from all.
 * What could not be measured keeps its older row.
 */
export function writeResults(rows: Row[]): void {
  const file = docs('benchmarks.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result[]) : [];
  const stamp = { date: new Date().toISOString().slice(0, 10), machine: machine() };
  const results = new Map(before.map((result) => [result.name, result]));
  for (const row of rows) if (!('reason' in row)) results.set(row.name, { ...row, ...stamp });
  // A name that is new comes last; a run of all brings them into its order.
  const sorted = [...results.values()];
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
  writeFileSync(docs('benchmarks.svg'), plot(sorted));
  const text = readFileSync(docs('benchmarks.md'), 'utf8');
  const [head = '', rest = ''] = text.split(begin);
  const tail = rest.split(end)[1] ?? '';
  writeFileSync(docs('benchmarks.md'), `${head}${begin}\n\n${tables(sorted)}\n\n${end}${tail}`);
}

/** One table for each day and machine. */
function tables(results: Result[]): string {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const title = `${result.date}, ${result.machine}`;
    groups.set(title, [...(groups.get(title) ?? []), result]);
  }
  return [...groups].map(([title, rows]) => `${title}:\n\n${table(rows)}`).join('\n\n');
}
