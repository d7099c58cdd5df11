import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Ended {
  code: number;
  /** Standard output and standard error. */
  output: string;
  stdout: string;
}

/** Runs the workspace's own nx; without the daemon, which would outlive the test. */
export function runNx(root: string, args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return runNode(root, [programOf(root), ...args], env);
}

/** Runs `npx nx-avocado` in a workspace. */
export function runNxAvocado(root: string, args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return runNode(root, [join(root, 'node_modules/nx-avocado/bin/nx-avocado.mjs'), ...args], env);
}

function runNode(root: string, args: string[], env: Record<string, string>): Promise<Ended> {
  // Nx colours its output wherever CI is set, terminal or not.
  const fixed = { NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false', NX_TUI: 'false', NO_COLOR: '1' };
  const options = { cwd: root, maxBuffer: 64 * 1024 * 1024, env: { ...cleanEnvironment(), ...fixed, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ code, output: `${stdout}${stderr}`, stdout });
    });
  });
}

export function programOf(root: string): string {
  const nx = join(root, 'node_modules/nx');
  const { bin } = JSON.parse(readFileSync(join(nx, 'package.json'), 'utf8')) as { bin: { nx: string } };
  return join(nx, bin.nx);
}

/** A test that runs inside of Nx or npm must not hand their variables on. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(NX_(?!AVOCADO)|npm_|AVOCADO_|FORCE_COLOR$)/.test(name)),
  );
}
