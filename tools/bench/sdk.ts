import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openRoot } from '../../packages/engine/src/feed';
import type { RootSpec, SdkDescriptor } from '../../packages/engine/src/feed';
import { debPath, inParallel } from '../../packages/engine/src/feed/fetch';
import { silentReporter } from '../../packages/engine/src/report';
import { storePath } from '../../packages/engine/src/store';
import { pairs } from './figure';
import type { Figure } from './figure';
import type { BenchWorkspace } from './workspace';

/** The roots of an extension's SDK, made from packages that are in the store, over dpkg-deb alone on the same packages. */
export async function sdk(workspace: BenchWorkspace, { roots }: SdkDescriptor): Promise<Figure> {
  const specs = Object.values(roots).filter(({ method }) => method === 'unpack');
  const store = `${workspace.root}-store`;
  const bare = join(store, 'bare');
  mkdirSync(store);
  symlinkSync(storePath('debs'), join(store, 'debs'));
  const before = process.env['NX_AVOCADO_STORE'];
  process.env['NX_AVOCADO_STORE'] = store;
  try {
    const { value, floor, runs } = await pairs(
      5,
      async () => {
        rmSync(bare, { recursive: true, force: true });
        for (const spec of specs) await unpack(spec, join(bare, spec.digest));
      },
      async () => {
        rmSync(join(store, 'roots'), { recursive: true, force: true });
        for (const spec of specs) await openRoot(spec, { reporter: silentReporter });
      },
    );
    return {
      ...{ name: 'SDK from a warm package store', value: value / 1000, unit: 's', runs },
      floor: { name: 'dpkg-deb on the same packages', value: floor / 1000 },
      limit: { kind: 'ratio', at: 2 },
    };
  } finally {
    if (before === undefined) delete process.env['NX_AVOCADO_STORE'];
    else process.env['NX_AVOCADO_STORE'] = before;
    rmSync(store, { recursive: true, force: true });
  }
}

async function unpack({ packages }: RootSpec, directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await inParallel(packages, availableParallelism(), async (pin) => {
    await promisify(execFile)('dpkg-deb', ['--extract', debPath(pin), directory]);
  });
}
