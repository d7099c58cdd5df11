import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from '../../e2e/support/workspace';
import { silentReporter } from '../../packages/engine/src/report';
import { createSandboxRunner } from '../../packages/engine/src/sdk';
import type { SdkRoot } from '../../packages/engine/src/sdk';
import { median, time } from './figure';
import type { Figure } from './figure';
import { floorTarget } from './workspace';
import type { BenchWorkspace } from './workspace';

const crate = 'examples/rust-vitals/ref-rust';

/** `dev:provision` when nothing changed, daemon on. */
export async function noOp(workspace: BenchWorkspace): Promise<Figure> {
  const [floor, value]: [number[], number[]] = [[], []];
  const runs = 7;
  for (let i = -2; i < runs; i++) {
    const floorTime = await time(() => workspace.run(floorTarget));
    const valueTime = await time(() => workspace.run('dev:provision'));
    // The first two fill the cache and warm the daemon.
    if (i < 0) continue;
    floor.push(floorTime);
    value.push(valueTime);
  }
  return {
    ...{ name: 'no-op dev:provision', value: median(value), unit: 'ms', runs },
    floor: { name: 'trivial cached target', value: median(floor) },
    limit: { kind: 'ratio', at: 1.3 },
  };
}

/** From an edit of main.rs to the disk's recipe, over the least that must be done for it. */
export async function edit(workspace: BenchWorkspace, tools: SdkRoot, toolchain: SdkRoot): Promise<Figure> {
  const runner = createSandboxRunner();
  const scratch = join(tmpdir(), `nx-avocado-bench-${process.pid}`);
  const source = (root: string): string => join(root, 'src/main.rs');
  const change = (file: string, seconds: number): void =>
    writeFileSync(file, readFileSync(file, 'utf8').replace(/from_secs\(\d+\)/, `from_secs(${seconds})`));
  const mounts = [{ source: scratch, target: '/build', writable: true }];
  const least = async (): Promise<void> => {
    const build = ['cargo', 'build', '--release', '--offline'];
    await runner.run(
      { root: toolchain, argv: build, cwd: '/build/crate', mounts, label: 'cargo build' },
      silentReporter,
    );
    cpSync(join(scratch, 'crate/target/release/ref_rust'), join(scratch, 'tree/usr/bin/ref_rust'));
    const pack = ['mkfs.erofs', '-zlz4hc', '-T0', '--all-root', '/build/image.raw', '/build/tree'];
    rmSync(join(scratch, 'image.raw'), { force: true });
    await runner.run({ root: tools, argv: pack, mounts, label: 'mkfs.erofs' }, silentReporter);
    await workspace.run(floorTarget);
  };
  const [floor, value]: [number[], number[]] = [[], []];
  const runs = 5;
  try {
    mkdirSync(join(scratch, 'tree/usr/bin'), { recursive: true });
    cpSync(workspace.path(crate), join(scratch, 'crate'), { recursive: true });
    for (let i = -1; i < runs; i++) {
      // A number that no earlier run had, or its results would come from the cache.
      const seconds = 1_000_000 + (Date.now() % 1_000_000_000) + i;
      change(source(join(scratch, 'crate')), seconds);
      // Nx makes its graph anew after an edit of any file.
      workspace.write('floor/edited', String(seconds));
      const floorTime = await time(least);
      change(source(workspace.path(crate)), seconds);
      const valueTime = await time(() => workspace.run('dev:provision'));
      if (i < 0) continue;
      floor.push(floorTime);
      value.push(valueTime);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return {
    ...{ name: 'main.rs to disk', value: median(value), unit: 'ms', runs },
    floor: { name: 'cargo build + mkfs.erofs + trivial target', value: median(floor) },
    limit: { kind: 'ratio', at: 2 },
  };
}

/** From QEMU's start to the service's first line of JSON, as the boot test measures it. */
export async function boot(workspace: BenchWorkspace): Promise<Figure> {
  const lines: number[] = [];
  const runs = 5;
  // Of the edits: the service prints at its own interval again.
  cpSync(join(repository, crate, 'src'), workspace.path(`${crate}/src`), { recursive: true });
  await workspace.run('dev:provision');
  for (let i = 0; i < runs; i++) {
    const args = ['run', 'dev:boot-test', '--skipNxCache', '--excludeTaskDependencies'];
    await workspace.nx(...args);
    const report = workspace.read('examples/rust-vitals/.avocado/dev/qemux86-64/boot-test/report.json');
    const { firstLine } = JSON.parse(report) as { firstLine: Record<string, number> };
    lines.push((firstLine['ref-rust.service'] ?? NaN) / 1000);
  }
  return {
    name: 'boot to the first JSON line',
    value: median(lines),
    unit: 's',
    runs,
    limit: { kind: 'value', at: 25 },
  };
}
