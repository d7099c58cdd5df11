import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assembleExtension } from '../../packages/engine/src/extension';
import { packArguments } from '../../packages/engine/src/extension/pack';
import { openRoot } from '../../packages/engine/src/feed';
import { silentReporter } from '../../packages/engine/src/report';
import { createSandboxRunner } from '../../packages/engine/src/sdk';
import type { SdkRoot } from '../../packages/engine/src/sdk';
import { pairs } from './figure';
import type { Figure } from './figure';
import { assembleOptions } from './pack';
import type { BenchWorkspace } from './workspace';

const size = 700e6;

/**
 * An extension of 700 MB of programs and libraries, from its overlay to its image, over mkfs.erofs of the same files with
 * the same flags: staging, hashes and manifest are what we add.
 */
export async function packing(workspace: BenchWorkspace, tools: SdkRoot, toolchain: SdkRoot): Promise<Figure> {
  const overlay = workspace.path('tmp/bench-overlay');
  const output = workspace.path('tmp/bare');
  const runner = createSandboxRunner();
  const options = await assembleOptions(workspace);
  const plan = {
    filesystem: options.section.filesystem,
    sourceDateEpoch: 0,
    sysroot: '/work/in',
    image: '/work/out/raw',
  };
  try {
    fill(toolchain.path, join(overlay, 'usr/share/bench'));
    mkdirSync(output);
    const { value, floor, runs } = await pairs(
      5,
      async () => {
        rmSync(join(output, 'raw'), { force: true });
        const mounts = [
          { source: overlay, target: '/work/in' },
          { source: output, target: '/work/out', writable: true },
        ];
        await runner.run({ root: tools, argv: packArguments(plan), mounts, label: 'mkfs.erofs' }, silentReporter);
      },
      () =>
        assembleExtension(options, {
          ...{ workspaceRoot: workspace.root, reporter: silentReporter, signal: new AbortController().signal, runner },
          openRoot: (spec) => openRoot(spec, { reporter: silentReporter }),
        }),
    );
    return {
      ...{ name: 'packing 700 MB of programs', value: value / 1000, unit: 's', runs },
      floor: { name: 'bare mkfs.erofs, same flags', value: floor / 1000 },
      limit: { kind: 'ratio', at: 1.1 },
    };
  } finally {
    rmSync(workspace.path('tmp'), { recursive: true, force: true });
  }
}

/** Files of an SDK's /usr, up to the size. */
function fill(root: string, target: string): void {
  let left = size;
  const walk = (directory: string): void => {
    const entries = readdirSync(join(root, directory), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && left > 0) {
        const to = join(target, path);
        mkdirSync(dirname(to), { recursive: true });
        cpSync(join(root, path), to);
        chmodSync(to, 0o644);
        left -= lstatSync(to).size;
      }
    }
  };
  walk('usr');
  if (left > 0) throw new Error(`the toolchain lacks ${left} bytes of 700 MB`);
}
