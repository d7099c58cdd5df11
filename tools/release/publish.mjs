// `nx release publish` runs it for each package: compiles from nothing, then `npm publish`. In a dry run npm sends nothing.
import { rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const [directory = '', ...given] = process.argv.slice(2);
const compiled = ['packages/engine', 'packages/nx-avocado'];

for (const name of compiled) rmSync(join(root, name, 'dist'), { recursive: true, force: true });
run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...compiled]);
// What a user may add to `nx release publish`, and Nx hands on; the rest it hands on is its own business.
const forwarded = given.filter((argument) => /^--(registry|tag|otp|access)=/.test(argument));
const dryRun = process.env.NX_DRY_RUN === 'true' || given.includes('--dryRun=true');
run('npm', ['publish', join(root, directory), ...forwarded, ...(dryRun ? ['--dry-run'] : [])]);

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
