import { isHeld, measured } from './figure';
import type { Figure, Row } from './figure';

const [left, width, line] = [330, 420, 26];
/** In bounds: what is above is cut off. */
const widest = 2;

/** Each figure as a bar, in parts of what it may be at most: the line at 1. */
export function plot(rows: Row[]): string {
  const bounded = rows.filter((row): row is Figure => 'limit' in row && row.limit !== undefined);
  const height = bounded.length * line + 40;
  const bound = left + width / widest;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 130} ${height}" font-family="sans-serif" font-size="13">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...bounded.map((figure, at) => bar(figure, 12 + at * line)),
    `<line x1="${bound}" x2="${bound}" y1="6" y2="${height - 24}" stroke="black" stroke-dasharray="4 3"/>`,
    `<text x="${bound}" y="${height - 8}" text-anchor="middle">at most</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function bar(figure: Figure, y: number): string {
  const { name, unit, limit } = figure;
  const at = limit?.at ?? 0;
  const amount = measured(figure);
  // A bound of 0 is held by 0 alone.
  const part = at > 0 ? amount / at : amount > 0 ? widest : 0;
  const length = Math.round((Math.min(part, widest) * width) / widest);
  const shown =
    limit?.kind === 'ratio'
      ? `${amount.toFixed(2)} of ${at}`
      : `${amount.toFixed(unit === 's' ? 1 : 0)} of ${at} ${unit}`;
  return [
    `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escape(name)}</text>`,
    `<rect x="${left}" y="${y}" width="${length}" height="18" fill="${isHeld(figure) ? '#4c8c4a' : '#c0392b'}"/>`,
    `<text x="${left + length + 6}" y="${y + 13}">${escape(shown.trimEnd())}</text>`,
  ].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
