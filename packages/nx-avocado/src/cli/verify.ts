import type { Command } from 'commander';
import { formatError } from '@nx-avocado/engine/error';
import { verifyOutput } from '@nx-avocado/engine/runtime';
import type { TaskOutput } from '@nx-avocado/engine/task';
import { lineReporter } from '../executors/reporter';
import { findOutputs } from './outputs';
import { workspaceRoot } from './workspace';

/** Of `--json`: every output, and what is wrong with it. */
interface Verified extends TaskOutput {
  problems: { code: string; message: string; hint?: string | undefined }[];
}

/** `nx-avocado verify`: proves every output of the workspace, and what it refers to, by sha256 (DESIGN rule 5). */
export function verify(program: Command): void {
  program
    .command('verify')
    .description('Prove every output in the workspace, and what it refers to, by its sha256')
    .option('--json', 'print what was found as JSON')
    .action(async ({ json = false }: { json?: boolean }) => {
      const root = workspaceRoot();
      process.chdir(root);
      const reporter = lineReporter(json ? process.stderr : process.stdout);
      const outputs = await findOutputs(root);
      const step = reporter.step(`Verifying ${outputs.length} outputs`);
      const found: Verified[] = [];
      for (const [index, output] of outputs.entries()) {
        step.update(`${index} of ${outputs.length}`);
        const problems = await verifyOutput(root, output, outputs);
        if (!json) for (const problem of problems) process.stderr.write(`${formatError(problem)}\n`);
        found.push({ ...output, problems: problems.map(({ code, message, hint }) => ({ code, message, hint })) });
      }
      const bad = found.filter(({ problems }) => problems.length > 0).length;
      step.done(bad === 0 ? 'all as they were written' : `${bad} damaged or out of date`);
      if (json) process.stdout.write(`${JSON.stringify({ version: 1, outputs: found }, null, 2)}\n`);
      if (bad > 0) process.exitCode = 1;
    });
}
