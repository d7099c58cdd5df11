import type { BootSummary } from './boot';
import { bootSection } from './boot-section';
import type { Changes } from './changes';
import { megabytes } from './figures';
import { html } from './html';
import type { Html } from './html';
import { changeSection, imageTable, packageTable, taskSection } from './sections';
import type { TaskTime } from './sections';
import { style } from './style';
import type { RuntimeSummary } from './summary';
import { treeMap } from './tree-map';

export interface PageInput {
  summary: RuntimeSummary;
  /** Nx's name of the runtime's project, for commands that the page names. */
  project: string;
  changes: Changes | undefined;
  boot: BootSummary | undefined;
  times: readonly TaskTime[];
}

/**
 * The report as one page: no script, and a policy that forbids every request, so that it opens from a disk, from a mail or
 * from an archive of CI as it is. Pure.
 */
export function page({ summary, project, changes, boot, times }: PageInput): string {
  const { runtime, machine, images } = summary;
  const sections: [id: string, title: string, content: Html][] = [
    ['contents', 'What is in it', html`${mapNote(summary)} ${treeMap(images)} ${imageTable(summary)}`],
    ['changes', 'Since the last build', changeSection(changes)],
    ['boot', 'Boot', bootSection(boot, project)],
    ['tasks', 'Task times', taskSection(times)],
    ['packages', 'Packages', packageTable(summary)],
  ];
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="data:," />
        <title>${runtime.name} ${runtime.version} for ${machine}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <header>
          <h1>${runtime.name} ${runtime.version} for ${machine}</h1>
          ${facts(summary)}
        </header>
        <nav aria-label="Sections">
          <ul>
            ${sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}
          </ul>
        </nav>
        <main>
          ${sections.map(
            ([id, title, content]) =>
              html`<section id="${id}" aria-labelledby="${id}-title">
                <h2 id="${id}-title">${title}</h2>
                ${content}
              </section> `,
          )}
        </main>
      </body>
    </html> `;
  return text;
}

function facts({ runtime, kernel, images, boot }: RuntimeSummary): Html {
  const shipped = [...images, ...boot].reduce((sum, { size }) => sum + size, 0);
  const rows: [string, string][] = [
    ['runtime', runtime.id],
    ['kernel', kernel],
    ['images', `${images.length}, ${megabytes(shipped)} with what boots them`],
  ];
  return html`<dl>
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

function mapNote({ images }: RuntimeSummary): Html {
  return images.every(({ unpacked }) => unpacked === undefined)
    ? html`<p class="faint">Each image as large as its file; what is in it cannot be seen on this feed.</p>`
    : html`<p class="faint">Each part as large as its files are unpacked. Point at one to see its size.</p>`;
}
