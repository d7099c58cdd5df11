/** One row of the table. `value` and `floor` are in `unit`; `limit` is for their ratio, or for the value itself. */
export interface Figure {
  name: string;
  value: number;
  unit: 'ms' | 's' | 'MB' | '';
  floor?: { name: string; value: number };
  limit: { kind: 'ratio' | 'difference' | 'value'; at: number };
  runs: number;
}

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

/** What the limit is held against. */
export function measured({ value, floor, limit }: Figure): number {
  if (limit.kind === 'ratio') return value / (floor?.value ?? NaN);
  return limit.kind === 'difference' ? value - (floor?.value ?? NaN) : value;
}

export function table(figures: Figure[]): string {
  const number = (value: number, unit: string): string =>
    value === Infinity ? '' : `${value.toFixed(unit === 's' ? 1 : 0)} ${unit}`.trimEnd();
  const rows = figures.map((figure) => {
    const { name, value, unit, floor, limit, runs } = figure;
    const result = measured(figure);
    const shown = limit.kind === 'ratio' ? result.toFixed(2) : number(result, unit);
    const most = limit.kind === 'ratio' ? String(limit.at) : number(limit.at, unit);
    return [
      ...[name, number(value, unit), floor ? `${floor.name}: ${number(floor.value, unit)}` : '', shown, most],
      ...[result <= limit.at ? 'yes' : 'NO', String(runs)],
    ];
  });
  const all = [['figure', 'median', 'floor', 'measured', 'at most', 'held', 'runs'], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = all;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(line)].join('\n');
}
