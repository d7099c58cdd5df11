import { escape } from './junit';
import type { BootPhases } from './phases';

/** Pixels for a second, as systemd-analyze(1) draws it. */
const secondWidth = 100;
const [left, top, height] = [20, 60, 20];
const colours: Record<keyof BootPhases, string> = {
  firmware: '#999999',
  kernel: '#dd8844',
  initrd: '#cc99cc',
  userspace: '#66aa88',
};

/**
 * One picture: the phases of a boot from QEMU's start on, above what the guest drew of its units.
 * @param plot SVG of `systemd-analyze plot`
 */
export function composeChart(name: string, phases: BootPhases, plot: string): string {
  const inner = plot.slice(plot.indexOf('<svg'));
  const tag = /^<svg[^>]*>/.exec(inner)?.[0] ?? '';
  const size = (side: string): number => Number.parseFloat(new RegExp(` ${side}="([\\d.]+)`).exec(tag)?.[1] ?? '0');
  const head = top + height + 40;
  const total = Object.values(phases).reduce((sum: number, milliseconds: number) => sum + milliseconds, 0);
  const width = Math.ceil(Math.max(size('width'), left * 2 + (total / 1000) * secondWidth));
  const placed = inner.replace(/^<svg/, `<svg y="${head}"`).trimEnd();
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="${width}" height="${Math.ceil(size('height')) + head}">`,
    '<rect width="100%" height="100%" fill="white"/>',
    text(left, 30, `Boot of ${name}: ${(total / 1000).toFixed(1)} s from the start of QEMU`, 18),
    ...bars(phases),
    placed,
    '</svg>',
    '',
  ].join('\n');
}

function bars(phases: BootPhases): string[] {
  let x = left;
  return (Object.entries(phases) as [keyof BootPhases, number][]).flatMap(([phase, milliseconds]) => {
    const seconds = milliseconds / 1000;
    const start = x;
    x += seconds * secondWidth;
    const bar = `x="${start.toFixed(1)}" y="${top}" width="${(seconds * secondWidth).toFixed(1)}" height="${height}"`;
    return [
      `<rect ${bar} fill="${colours[phase]}"><title>${phase}</title></rect>`,
      text(start + 2, top + height + 16, `${phase} ${seconds.toFixed(1)} s`, 12),
    ];
  });
}

function text(x: number, y: number, words: string, size: number): string {
  return `<text x="${x.toFixed(1)}" y="${y}" font-family="sans-serif" font-size="${size}">${escape(words)}</text>`;
}
