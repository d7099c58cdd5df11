// `npm run bench`: speed and memory, each figure beside a floor measured in the same run (docs/benchmarks.md).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

setup();
const node = ['--require', '@swc-node/register'];
const { status } = spawnSync(process.execPath, [...node, join(root, 'tools/bench/main.ts'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  // Its options are those of the sources: default imports of CommonJS modules, above all.
  env: { ...process.env, SWC_NODE_PROJECT: join(root, 'tsconfig.base.json') },
});
process.exitCode = status ?? 1;
