/** One row of the table. `value` and `floor` are in `unit`; `limit` is for their ratio, or for the value itself. */
export interface Figure {
  name: string;
  value: number;
  unit: 'ms' | 's' | 'MB' | '';
  floor?: { name: string; value: number };
  /** Absent where the row only stands beside others. */
  limit?: { kind: 'ratio' | 'difference' | 'value'; at: number };
  runs: number;
}

/** A row that could not be measured, and why. */
export interface Unmeasured {
  name: string;
  reason: string;
}

export type Row = Figure | Unmeasured;

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** Milliseconds. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Milliseconds of a measure and of its floor, one after the other, so that what else the machine does meets both. */
export async function pairs(
  runs: number,
  floor: (run: number) => Promise<unknown>,
  value: (run: number) => Promise<unknown>,
): Promise<{ value: number; floor: number; runs: number }> {
  const [floors, values]: [number[], number[]] = [[], []];
  for (let run = -1; run < runs; run++) {
    const floorTime = await time(() => floor(run));
    const valueTime = await time(() => value(run));
    // The first fills caches.
    if (run < 0) continue;
    floors.push(floorTime);
    values.push(valueTime);
  }
  return { value: median(values), floor: median(floors), runs };
}

/** What the limit is held against. */
export function measured({ value, floor, limit }: Figure): number {
  if (limit?.kind === 'ratio') return value / (floor?.value ?? NaN);
  return limit?.kind === 'difference' ? value - (floor?.value ?? NaN) : value;
}

export function isHeld(figure: Figure): boolean {
  return figure.limit === undefined || measured(figure) <= figure.limit.at;
}

/** Markdown, as prettier would write it. */
export function table(rows: Row[]): string {
  const all = [['figure', 'median', 'floor', 'measured', 'at most', 'held', 'runs'], ...rows.map(cells)];
  const widths = all[0]!.map((_, column) => Math.max(3, ...all.map((row) => row[column]!.length)));
  const line = (row: string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const [head = [], ...body] = all;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function cells(row: Row): string[] {
  if ('reason' in row) return [row.name, `not measured: ${row.reason.replaceAll('|', '/')}`, '', '', '', '', ''];
  const { name, value, unit, floor, limit, runs } = row;
  const number = (amount: number): string => `${amount.toFixed(unit === 's' ? 1 : 0)} ${unit}`.trimEnd();
  const shown = (amount: number): string => (limit?.kind === 'ratio' ? amount.toFixed(2) : number(amount));
  return [
    ...[name, number(value), floor ? `${floor.name}: ${number(floor.value)}` : ''],
    ...(limit ? [shown(measured(row)), limit.kind === 'ratio' ? String(limit.at) : number(limit.at)] : ['', '']),
    ...[limit ? (isHeld(row) ? 'yes' : '**no**') : '', String(runs)],
  ];
}
