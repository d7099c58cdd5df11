import { Command } from 'commander';
import { formatError } from '@nx-avocado/engine/error';
import { release } from '../graph/recipe';
import { plan } from './plan';
import { prune } from './prune';
import { sdkRunCommand } from './sdk-run';
import { verify } from './verify';
import { why } from './why';

/**
 * `npx nx-avocado`: what is asked of the workspace or the machine as a whole. Work on one project is a target of it, and
 * changes of files are generators. Exit code 1: the answer is bad news, or it could not be had; 2: a wrong command line.
 */
const program = new Command('nx-avocado')
  .description('What an Avocado workspace has built, and what this machine keeps for it')
  .version(release)
  .showHelpAfterError('(--help lists what there is)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

// A command inherits what was set until now.
for (const add of [plan, prune, sdkRunCommand, verify, why]) add(program);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`\n${formatError(error)}\n`);
  process.exitCode = 1;
});
