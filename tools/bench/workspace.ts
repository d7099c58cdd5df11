import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runNx } from '../../e2e/support/nx';
import { foreignWorkspace, packPackages } from '../../e2e/support/packed';
import { repository } from '../../e2e/support/workspace';

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

/**
 * The examples in a workspace of their own, with the packed plugin: from this repository's workspace Nx would load
 * TypeScript (0.2 s for each command). Nx is set as the guide says: daemon on, plugins in its process.
 */
export class BenchWorkspace {
  readonly root: string;

  constructor() {
    const scratch = mkdtempSync(join(tmpdir(), 'nx-avocado-bench-pack-'));
    const { devDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const nx = ['nx', '@nx/devkit'].map((name) => `${name}@${devDependencies[name] ?? ''}`);
    this.root = foreignWorkspace([...nx, ...packPackages(scratch)]);
    rmSync(scratch, { recursive: true });
    rmSync(this.path('product'), { recursive: true });
    const skip = /\/(\.avocado|target)$/;
    cpSync(join(repository, 'examples'), this.path('examples'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !skip.test(path),
    });
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

  async remove(): Promise<void> {
    if (existsSync(this.root)) await this.nx('daemon', '--stop');
    // The daemon may write a last line.
    rmSync(this.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
