import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { formatError } from '@nx-avocado/engine/error';
import { verifyManifest } from '@nx-avocado/engine/store';
import { globSync } from 'tinyglobby';
import { lineReporter } from '../executors/reporter';
import { workspaceRoot } from './workspace';

/** `nx-avocado verify`: proves every output of the workspace by its manifest (DESIGN rule 5). */
export function verify(program: Command): void {
  program
    .command('verify')
    .description('Prove every output in the workspace by its sha256')
    .action(async () => {
      const root = workspaceRoot();
      const reporter = lineReporter(process.stdout);
      const outputs = findOutputs(root);
      const step = reporter.step(`Verifying ${outputs.length} outputs`);
      let bad = 0;
      for (const [index, output] of outputs.entries()) {
        step.update(`${index} of ${outputs.length}`);
        await verifyManifest(join(root, output), output).catch((error: unknown) => {
          bad += 1;
          process.stderr.write(`${formatError(error)}\n`);
        });
      }
      step.done(bad === 0 ? 'all as they were written' : `${bad} damaged`);
      if (bad > 0) process.exitCode = 1;
    });
}

/** Directories with a task's output, relative to the workspace: `app/.avocado/app/qemux86-64/build`. */
function findOutputs(root: string): string[] {
  const patterns = ['**/.avocado/*/*/*/manifest.json'];
  const found = globSync(patterns, { cwd: root, dot: true, ignore: ['**/node_modules/**', '**/.nx/**'] });
  return found.map((path) => dirname(path)).sort();
}
