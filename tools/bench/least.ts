import { closeSync, cpSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { packArguments } from '../../packages/engine/src/extension/pack';
import { silentReporter } from '../../packages/engine/src/report';
import { createSandboxRunner } from '../../packages/engine/src/sdk';
import type { SdkRoot } from '../../packages/engine/src/sdk';
import { change } from './change';
import { crate, floorTarget } from './workspace';
import type { BenchWorkspace } from './workspace';

const runner = createSandboxRunner();

/** The least that must be done after an edit, each step by its bare tool: what our tasks are held against. */
export class Least {
  private readonly scratch: string;

  constructor(
    private readonly workspace: BenchWorkspace,
    private readonly tools: SdkRoot,
    private readonly toolchain: SdkRoot,
  ) {
    this.scratch = `${workspace.root}-least`;
    mkdirSync(join(this.scratch, 'tree/usr/bin'), { recursive: true });
    cpSync(workspace.path('examples/rust-vitals/overlay'), join(this.scratch, 'tree'), { recursive: true });
    cpSync(workspace.path(crate), join(this.scratch, 'crate'), { recursive: true });
  }

  /** Edits main.rs, to be compiled. */
  edit(run: number): void {
    change(join(this.scratch, 'crate/src/main.rs'), run);
  }

  async compile(): Promise<void> {
    const argv = ['cargo', 'build', '--release', '--offline'];
    await runner.run(
      { root: this.toolchain, argv, cwd: '/build/crate', mounts: this.mounts, label: 'cargo build' },
      silentReporter,
    );
    cpSync(join(this.scratch, 'crate/target/release/ref_rust'), join(this.scratch, 'tree/usr/bin/ref_rust'));
  }

  async pack(): Promise<void> {
    rmSync(join(this.scratch, 'image.raw'), { force: true });
    const plan = {
      filesystem: 'erofs-lz4',
      sourceDateEpoch: 0,
      sysroot: '/build/tree',
      image: '/build/image.raw',
    } as const;
    await runner.run(
      { root: this.tools, argv: packArguments(plan), mounts: this.mounts, label: 'mkfs.erofs' },
      silentReporter,
    );
  }

  /** The bytes of the image, in place and on the disk. */
  writeChanged(): void {
    const disk = openSync(join(this.scratch, 'disk.raw'), 'w');
    writeSync(disk, readFileSync(join(this.scratch, 'image.raw')));
    fsyncSync(disk);
    closeSync(disk);
  }

  /** A trivial target. Nx makes its graph anew after an edit of any file, so one is edited. */
  async nx(): Promise<void> {
    this.workspace.write('floor/edited', String(Date.now()));
    await this.workspace.run(floorTarget);
  }

  remove(): void {
    rmSync(this.scratch, { recursive: true, force: true });
  }

  private get mounts() {
    return [{ source: this.scratch, target: '/build', writable: true }];
  }
}
