import type { Changes } from './changes';
import { change, megabytes, seconds } from './figures';
import { html } from './html';
import type { Html } from './html';
import type { RuntimeSummary } from './summary';

/** How long a task took, in milliseconds, as whoever ran it recorded. */
export interface TaskTime {
  /** `dev:rootfs` */
  task: string;
  /** In the last run that had it; absent where that run had not. */
  last?: { milliseconds: number; cached: boolean };
  /** Mean of the runs that the record knows. */
  usual?: number;
}

export function imageTable({ images, boot, disk, omitted }: RuntimeSummary): Html {
  return html`<table>
      <caption>
        Images, as they ship
      </caption>
      <thead>
        <tr>
          ${headings(['image', 'version'], ['on the disk', 'unpacked'])}
        </tr>
      </thead>
      <tbody>
        ${images.map(
          ({ name, version, enabled, size, unpacked }) =>
            html`<tr>
              <th scope="row">${name}${!enabled && ' (disabled)'}</th>
              <td>${version}</td>
              <td class="number">${megabytes(size)}</td>
              <td class="number">${unpacked === undefined ? '' : megabytes(unpacked)}</td>
            </tr>`,
        )}
        ${boot.map(
          ({ name, size }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td></td>
              <td class="number">${megabytes(size)}</td>
              <td></td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${omitted.map(({ name, reason }) => html`<p class="note">${name} is left out: ${reason}.</p>`)}
    ${
      disk &&
      html`<table>
        <caption>
          Partitions of the disk, ${megabytes(disk.size)} in all
        </caption>
        <thead>
          <tr>
            ${headings(['partition'], ['size'])}
          </tr>
        </thead>
        <tbody>
          ${disk.partitions.map(
            ({ name, size }) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="number">${megabytes(size)}</td>
              </tr>`,
          )}
        </tbody>
      </table>`
    }`;
}

export function changeSection(changes: Changes | undefined): Html {
  if (!changes)
    return html`<p>No other build to compare with yet: the next report after a change shows what it did.</p>`;
  return html`<p>Compared with the runtime <code>${changes.id}</code>, the one that was reported before this one.</p>
    <table>
      <caption>
        Sizes on the disk
      </caption>
      <thead>
        <tr>
          ${headings(['image'], ['before', 'now', 'change'])}
        </tr>
      </thead>
      <tbody>
        ${changes.sizes.map(
          ({ name, before, after }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="number">${before === undefined ? '—' : megabytes(before)}</td>
              <td class="number">${after === undefined ? '—' : megabytes(after)}</td>
              <td class="number">${change((after ?? 0) - (before ?? 0))}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${
      changes.packages.length === 0
        ? html`<p>The same packages in the same versions.</p>`
        : html`<table>
            <caption>
              Packages
            </caption>
            <thead>
              <tr>
                ${headings(['package', 'image', 'before', 'now'], [])}
              </tr>
            </thead>
            <tbody>
              ${changes.packages.map(
                ({ image, name, before, after }) =>
                  html`<tr>
                    <th scope="row">${name}</th>
                    <td>${image}</td>
                    <td>${before ?? 'not there'}</td>
                    <td>${after ?? 'gone'}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }`;
}

export function taskSection(times: readonly TaskTime[]): Html {
  if (times.length === 0) return html`<p>Nothing recorded yet on this machine.</p>`;
  const longest = Math.max(...times.map(({ last, usual }) => Math.max(last?.milliseconds ?? 0, usual ?? 0)), 1);
  return html`<table>
    <caption>
      Tasks that the runtime is made by, on this machine
    </caption>
    <thead>
      <tr>
        ${headings(['task'], ['last run', 'usually'])}
        <th scope="col"><span class="hidden">as a bar</span></th>
      </tr>
    </thead>
    <tbody>
      ${times.map(
        ({ task, last, usual }) =>
          html`<tr>
            <th scope="row">${task}</th>
            <td class="number">${last && (last.cached ? 'from the cache' : seconds(last.milliseconds))}</td>
            <td class="number">${usual !== undefined && seconds(usual)}</td>
            <td class="bar" aria-hidden="true">
              <meter min="0" max="${longest}" value="${usual ?? last?.milliseconds ?? 0}"></meter>
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

export function packageTable({ packages, images }: RuntimeSummary): Html {
  const own = images.flatMap(({ name, groups }) =>
    groups.filter(({ version }) => version === undefined).map((group) => ({ image: name, ...group, version: '' })),
  );
  const rows = [...packages, ...own].sort(
    (a, b) => (b.bytes ?? 0) - (a.bytes ?? 0) || (`${a.name} ${a.image}` < `${b.name} ${b.image}` ? -1 : 1),
  );
  return html`<table>
    <caption>
      ${packages.length} packages, by the size of their files in the images
    </caption>
    <thead>
      <tr>
        ${headings(['package', 'version', 'image'], ['unpacked'])}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ name, version, image, bytes }) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td>${version}</td>
            <td>${image}</td>
            <td class="number">${bytes === undefined ? '' : megabytes(bytes)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

export function headings(texts: readonly string[], numbers: readonly string[]): Html[] {
  return [
    ...texts.map((text) => html`<th scope="col">${text}</th>`),
    ...numbers.map((text) => html`<th scope="col" class="number">${text}</th>`),
  ];
}
