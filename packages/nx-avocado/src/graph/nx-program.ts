import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AvocadoError } from '@nx-avocado/engine/error';

/** The workspace's own nx, as a script for Node. */
export function nxProgram(root: string): string {
  const manifest = createRequire(join(root, 'package.json')).resolve('nx/package.json');
  const { bin } = createRequire(manifest)(manifest) as { bin: { nx: string } };
  return join(dirname(manifest), bin.nx);
}

/**
 * The workspace's own Nx, in a process of its own.
 * @param failure what it means when it fails: the error's code and message
 * @returns its standard output
 * @throws AvocadoError
 */
export function runNx(
  root: string,
  args: string[],
  failure: { code: string; message: string },
  { signal, env = {} }: { signal?: AbortSignal; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const options = { cwd: root, signal, maxBuffer: 64 * 1024 * 1024, env: { ...userEnvironment(), ...env } };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [nxProgram(root), ...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const output = `${stdout}${stderr}`.trim();
      reject(new AvocadoError(failure.code, failure.message, { output, cause: error }));
    });
  });
}

/** What Nx tells a task, such as where to send its messages, is for that task alone: another Nx would take it for its own. */
function userEnvironment(): NodeJS.ProcessEnv {
  const ofTask = /^NX_(TASK|TERMINAL|STREAM|FORKED|PREFIX|INVOKED|CLI|SET|WORKSPACE_ROOT|LOAD_DOT_ENV)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofTask.test(name)));
}
