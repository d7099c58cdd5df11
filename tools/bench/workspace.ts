import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runNx } from '../../e2e/support/nx';
import { foreignWorkspace, packPackages } from '../../e2e/support/packed';
import { repository } from '../../e2e/support/workspace';

/** Of the example that most figures are about. */
export const crate = 'examples/rust-vitals/ref-rust';
/** Where `dev:disk` writes, relative to the workspace; ignored. */
export const diskFile = '.avocado/disk.raw';

/** A cached target that does nothing, after an edit or without: what Nx itself costs. */
export const floorTarget = 'floor:floor';
const floor = {
  name: 'floor',
  targets: {
    floor: {
      executor: 'nx:run-commands',
      options: { command: 'true' },
      cache: true,
      inputs: [{ externalDependencies: [] }],
      outputs: [],
    },
  },
};

/** A workspace with the packed plugin. Nx is set as the guide says: daemon on, plugins in its process. */
export class NxWorkspace {
  constructor(readonly root: string) {
    this.write('floor/project.json', JSON.stringify(floor));
  }

  path(file: string): string {
    return join(this.root, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text);
  }

  /** Runs a target. @returns what Nx printed @throws Error with it, where the run failed */
  async run(target: string, ...args: string[]): Promise<string> {
    return this.nx('run', target, ...args);
  }

  async nx(...args: string[]): Promise<string> {
    const { code, output } = await runNx(this.root, args, { NX_DAEMON: 'true', NX_ISOLATE_PLUGINS: 'false' });
    if (code !== 0) throw new Error(output);
    return output;
  }

  /** Runs a target. @returns the tasks that were executed, not taken from a cache or kept */
  async ran(target: string): Promise<string[]> {
    const file = '.nx/cache/run.json';
    rmSync(this.path(file), { force: true });
    await this.run(target);
    const { tasks } = JSON.parse(this.read(file)) as { tasks: { taskId: string; cacheStatus: string }[] };
    return tasks.filter(({ cacheStatus }) => cacheStatus === 'cache-miss').map(({ taskId }) => taskId);
  }

  async remove(): Promise<void> {
    if (existsSync(this.root)) await this.nx('daemon', '--stop');
    // The daemon may write a last line.
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/**
 * The examples in a workspace of their own: from this repository's workspace Nx would load TypeScript (0.2 s for each
 * command).
 */
export class BenchWorkspace extends NxWorkspace {
  constructor() {
    const scratch = mkdtempSync(join(tmpdir(), 'nx-avocado-bench-pack-'));
    const { devDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const nx = ['nx', '@nx/devkit'].map((name) => `${name}@${devDependencies[name] ?? ''}`);
    super(foreignWorkspace([...nx, ...packPackages(scratch)]));
    rmSync(scratch, { recursive: true });
    rmSync(this.path('product'), { recursive: true });
    const skip = /\/(\.avocado|target)$/;
    cpSync(join(repository, 'examples'), this.path('examples'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !skip.test(path),
    });
  }
}

/** Another one with the same packages, and these files. */
export function linkedWorkspace(other: NxWorkspace, files: Record<string, string>): NxWorkspace {
  const root = mkdtempSync(join(tmpdir(), 'nx-avocado-bench-'));
  symlinkSync(other.path('node_modules'), join(root, 'node_modules'));
  const workspace = new NxWorkspace(root);
  for (const name of ['nx.json', 'package.json', '.gitignore']) workspace.write(name, other.read(name));
  for (const [name, text] of Object.entries(files)) workspace.write(name, text);
  return workspace;
}
