import type { BootPhases } from '../qemu';
import type { BootSummary } from './boot';
import { seconds } from './figures';
import { html } from './html';
import type { Html } from './html';
import { headings } from './sections';

const width = 960;
const bar = 28;
/** Height of the line of a unit, and of the axis. */
const line = 22;

/** What each phase is, for those who do not know systemd's names. */
const meaning: Record<keyof BootPhases, string> = {
  firmware: "from QEMU's start to the kernel's",
  kernel: 'to the first process of the initramfs',
  initrd: 'to systemd in the OS image',
  userspace: 'to the default target',
};

/** The boot chart: phases one after the other, and when each checked unit wrote its first line. */
export function bootSection(boot: BootSummary | undefined, runtime: string): Html {
  if (!boot) return html`<p>No boot test has passed here yet: <code>nx run ${runtime}:boot-test</code>.</p>`;
  const { report } = boot;
  const phases = Object.entries(report.phases) as [keyof BootPhases, number][];
  const lines = Object.entries(report.firstLine).sort(([, a], [, b]) => a - b);
  return html`${boot.isOlder && html`<p class="note">Of an earlier build: the disk has been made anew since.</p>`}
    <p>By ${report.boot === 'kernel' ? 'direct kernel boot' : 'firmware'}, accelerator ${report.accelerator}.</p>
    ${chart(phases, lines)}
    <table>
      <caption>
        Phases
      </caption>
      <thead>
        <tr>
          ${headings(['phase', 'what it is'], ['took'])}
        </tr>
      </thead>
      <tbody>
        ${phases.map(
          ([name, took]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${meaning[name]}</td>
              <td class="number">${seconds(took)}</td>
            </tr>`,
        )}
        ${lines.map(
          ([unit, at]) =>
            html`<tr>
              <th scope="row">${unit}</th>
              <td>its first line, from QEMU's start</td>
              <td class="number">${seconds(at)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
}

function chart(phases: [string, number][], lines: [string, number][]): Html {
  const sum = phases.reduce((total, [, took]) => total + took, 0);
  const end = Math.max(sum, ...lines.map(([, at]) => at), 1);
  const x = (milliseconds: number): string => ((milliseconds / end) * width).toFixed(1);
  const height = bar + lines.length * line + line;
  let start = 0;
  const bars = phases.map(([name, took], at) => {
    const drawn = html`<g class="c${at}">
      <rect class="tile" x="${x(start)}" y="0" width="${x(took)}" height="${bar}"
        ><title>${name}: ${seconds(took)}</title></rect
      >
      ${took / end > 0.08 && html`<text x="${(Number(x(start)) + 4).toFixed(1)}" y="${bar - 9}">${name} ${seconds(took)}</text>`}
    </g>`;
    start += took;
    return drawn;
  });
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="boot-title">
    <title id="boot-title">
      Boot, ${seconds(end)} in all: ${phases.map(([name, took]) => `${name} ${seconds(took)}`).join(', ')}
    </title>
    ${bars} ${lines.map(([unit, at], row) => marker(unit, at, end, bar + row * line, x))}
    ${ticks(end).map((at) => html`<text class="tick" x="${x(at)}" y="${height - 6}">${at / 1000} s</text>`)}
  </svg>`;
}

/** A line down to a unit's row; its name on the side where there is room. */
function marker(unit: string, at: number, end: number, y: number, x: (milliseconds: number) => string): Html {
  const onLeft = at > end / 2;
  return html`<line class="mark" x1="${x(at)}" x2="${x(at)}" y1="0" y2="${y + line - 4}" />
    <text x="${(Number(x(at)) + (onLeft ? -5 : 5)).toFixed(1)}" y="${y + 14}" text-anchor="${onLeft ? 'end' : 'start'}">
      ${unit} ${seconds(at)}
    </text>`;
}

/** A few round times from the start on, none so late that its text would be cut off. */
function ticks(end: number): number[] {
  const step = [500, 1000, 2000, 5000, 10_000, 20_000, 60_000].find((size) => end / size <= 6) ?? 120_000;
  return Array.from({ length: Math.ceil(end / step) }, (_, at) => at * step).filter((at) => at <= end * 0.95);
}
