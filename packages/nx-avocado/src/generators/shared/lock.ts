import { spawn } from 'node:child_process';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { nxProgram } from '../../graph/nx-program';

/**
 * What Nx calls once the files are on the disk: pins the packages that the new part asks for, with the generator `lock`.
 * It is a process of its own, because that generator resolves the files as they are on the disk.
 * @returns a function that throws AvocadoError `LOCK_FAILED`
 */
export function pinPackages({ root }: Tree): GeneratorCallback {
  return async () => {
    const code = await run([nxProgram(root), 'g', 'nx-avocado:lock', '--no-interactive'], root);
    if (code === 0) return;
    throw new AvocadoError('LOCK_FAILED', 'the files were written, but their packages are not pinned yet', {
      hint: 'Once what is said above is solved, type: npx nx sync',
    });
  };
}

function run(args: string[], cwd: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', resolve);
  });
}
