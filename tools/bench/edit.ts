import { readFileSync, writeFileSync } from 'node:fs';
import { change } from './change';
import { pairs } from './figure';
import type { Figure } from './figure';
import type { Least } from './least';
import { crate, diskFile } from './workspace';
import type { BenchWorkspace } from './workspace';

const main = `${crate}/src/main.rs`;
const unit = 'examples/rust-vitals/overlay/usr/lib/systemd/system/ref-rust.service';
const runs = 7;

/** From an edit of main.rs to the extension's image. */
export async function editToImage(workspace: BenchWorkspace, least: Least): Promise<Figure> {
  await workspace.run('dev:provision');
  const { value, floor } = await pairs(
    runs,
    async (run) => {
      least.edit(run);
      await least.compile();
      await least.pack();
      await least.nx();
    },
    async (run) => {
      change(workspace.path(main), run);
      await workspace.run('example-rust:build');
    },
  );
  return {
    ...{ name: 'main.rs to .raw', value, unit: 'ms', runs },
    floor: { name: 'cargo build + mkfs.erofs + trivial target', value: floor },
    limit: { kind: 'ratio', at: 1.3 },
  };
}

/** From an edit of main.rs to a disk that boots, as one file. */
export async function editToDisk(workspace: BenchWorkspace, least: Least): Promise<Figure> {
  const { value, floor } = await pairs(
    runs,
    async (run) => {
      least.edit(run);
      await least.compile();
      await least.pack();
      least.writeChanged();
      await least.nx();
    },
    async (run) => {
      change(workspace.path(main), run);
      await workspace.run('dev:disk', '--file', diskFile);
    },
  );
  return {
    ...{ name: 'main.rs to bootable disk', value, unit: 'ms', runs },
    floor: { name: 'the same + the changed part of the disk', value: floor },
    limit: { kind: 'ratio', at: 1.5 },
  };
}

/** A comment changes no binary: what follows the compiler must not run. */
export async function comment(workspace: BenchWorkspace): Promise<Figure> {
  await workspace.run('dev:provision');
  let after = 0;
  for (let run = 0; run < 5; run++) {
    const path = workspace.path(main);
    writeFileSync(path, `${readFileSync(path, 'utf8').trimEnd()}\n// Edit ${Date.now()}.\n`);
    const ran = await workspace.ran('dev:provision');
    if (!ran.includes('example-rust:compile')) throw new Error(`ran: ${ran.join(', ')}`);
    after = Math.max(after, ran.filter((task) => task !== 'example-rust:compile').length);
  }
  return {
    ...{ name: 'comment in main.rs: tasks after compile', value: after, unit: '', runs: 5 },
    limit: { kind: 'value', at: 0 },
  };
}

/** From an edit of an overlay's file to the disk, as one file. */
export async function overlayToDisk(workspace: BenchWorkspace, least: Least): Promise<Figure> {
  least.edit(0);
  await least.compile();
  const text = readFileSync(workspace.path(unit), 'utf8');
  const { value, floor } = await pairs(
    runs,
    async () => {
      await least.pack();
      await least.nx();
    },
    async () => {
      writeFileSync(workspace.path(unit), `${text}# Edit ${Date.now()}.\n`);
      await workspace.run('dev:disk', '--file', diskFile);
    },
  );
  writeFileSync(workspace.path(unit), text);
  return {
    ...{ name: 'overlay to bootable disk', value, unit: 'ms', runs },
    floor: { name: 'mkfs.erofs + trivial target', value: floor },
    limit: { kind: 'ratio', at: 1.5 },
  };
}
