import { escape } from './junit';
import { formatPhases } from './phases';
import type { BootPhases } from './phases';
import type { UnitTime } from './unit-times';

/** Pixels. */
const second = 100;
const row = 18;
const margin = 20;
/** Height of what stands above the units: title, phases, the names of the seconds. */
const head = 95;
/** For the name of a unit that starts at the end. */
const labelWidth = 400;

const colours = {
  firmware: '#9a9a9a',
  kernel: '#d98c3f',
  initrd: '#c79ac7',
  userspace: '#62a884',
  starting: '#e57368',
  up: '#f3dedb',
  line: '#dddddd',
};

/**
 * A picture of a boot from QEMU's start on, as SVG: its phases, and for each unit how long it took to start (dark) and
 * was up then (light).
 */
export function bootChartSvg(name: string, phases: BootPhases, units: UnitTime[]): string {
  const bars = phaseBars(phases);
  const total = bars.reduce((sum, { length }) => sum + length, 0);
  const width = Math.ceil(2 * margin + x(total) + labelWidth);
  const height = head + units.length * row + margin;
  const shift = phases.firmware ?? 0;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    rectangle(0, 0, width, height, '#ffffff'),
    text(
      margin,
      30,
      `Boot of ${name}: ${seconds(total)} from the start of QEMU (${formatPhases(phases)})`,
      ' font-size="18"',
    ),
    ...secondLines(total, height),
    ...bars.flatMap(({ phase, start, length }) => [
      rectangle(margin + x(start), 45, x(length), row, colours[phase]),
      // A short one has no room for its name; it stands above.
      ...(x(length) < 80 ? [] : [text(margin + x(start) + 4, 58, phase)]),
    ]),
    ...units.flatMap((unit, index) => unitRow(unit, shift, total, head + index * row)),
    '</svg>',
    '',
  ].join('\n');
}

function phaseBars(phases: BootPhases): { phase: keyof BootPhases; start: number; length: number }[] {
  let start = 0;
  return (Object.entries(phases) as [keyof BootPhases, number][]).map(([phase, length]) => {
    const bar = { phase, start, length };
    start += length;
    return bar;
  });
}

function unitRow({ name, start, up, end }: UnitTime, shift: number, total: number, y: number): string[] {
  // What is not up yet when the boot is done is drawn to its end.
  const last = Math.max(total, shift + start);
  const from = margin + x(shift + start);
  const upAt = margin + x(shift + (up ?? end ?? last - shift));
  const downAt = margin + x(Math.min(last, end === undefined || up === undefined ? last : shift + end));
  const took = (up ?? end ?? last - shift) - start;
  return [
    ...(up === undefined ? [] : [rectangle(upAt, y, Math.max(0, downAt - upAt), row - 4, colours.up)]),
    // A pixel at least: it is there.
    rectangle(from, y, Math.max(1, upAt - from), row - 4, colours.starting),
    text(from + 4, y + 11, `${name} (${seconds(took)})`),
  ];
}

/** A line for each second. */
function secondLines(total: number, height: number): string[] {
  return Array.from({ length: Math.ceil(total / 1000) + 1 }, (_, index) => index).flatMap((index) => [
    rectangle(margin + x(index * 1000), 70, 1, height - 70 - margin, colours.line),
    text(margin + x(index * 1000), 82, `${index} s`, ' font-size="9"'),
  ]);
}

function x(milliseconds: number): number {
  return (milliseconds / 1000) * second;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 1000 ? 3 : 1)} s`;
}

function rectangle(left: number, top: number, width: number, height: number, fill: string): string {
  const [a, b] = [left.toFixed(1), width.toFixed(1)];
  return `<rect x="${a}" y="${top}" width="${b}" height="${height}" fill="${fill}"/>`;
}

function text(left: number, baseline: number, words: string, more = ''): string {
  return `<text x="${left.toFixed(1)}" y="${baseline}"${more}>${escape(words)}</text>`;
}
