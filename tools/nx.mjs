// Runs Nx in this workspace, its lines passed on as they come.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './setup.mjs';

/**
 * @param {string[]} args of `nx`
 * @param {{ onLine?: (line: string) => void, quiet?: boolean, env?: Record<string, string>, cwd?: string }} options
 * @returns {Promise<number>} the exit code; signals are passed on to Nx
 */
export async function nx(args, { onLine = () => undefined, quiet = false, env = {}, cwd = root } = {}) {
  const child = spawn(process.execPath, [join(root, 'node_modules/nx/dist/bin/nx.js'), ...args], {
    cwd,
    stdio: ['ignore', 'pipe', quiet ? 'ignore' : 'inherit'],
    env: { ...process.env, NX_TUI: 'false', ...env },
  });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (!quiet) console.log(line);
    onLine(line);
  });
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, forward);
  }
}
