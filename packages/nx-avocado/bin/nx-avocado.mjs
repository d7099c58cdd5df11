#!/usr/bin/env node
// `npx nx-avocado`. In a clone of its own repository it runs from source, as the executors do.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const source = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
if (existsSync(source)) {
  // Its `paths` lead to the engine's source.
  process.env.TS_NODE_PROJECT ??= fileURLToPath(new URL('../../../tsconfig.base.json', import.meta.url));
  require('@swc-node/register');
}
require(existsSync(source) ? source : '../dist/cli/main.js');
