import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformSync } from '@swc/core';
import { repository } from './workspace';

/** What runs one step in a process of its own, without Nx: its options as JSON on standard input, nothing is kept. */
const runner = `
const { text } = require('node:stream/consumers');
const { default: step } = require('./node_modules/nx-avocado/dist/executors/step/executor.js');
const { default: disk } = require('./node_modules/nx-avocado/dist/executors/disk/executor.js');
process.stdout.write('ready\\n');
text(process.stdin).then(async (input) => {
  const { root, options, nxJson } = JSON.parse(input);
  const context = { root, nxJsonConfiguration: nxJson, projectName: 'test', targetName: options.step ?? 'disk' };
  const { success } = await (options.step ? step : disk)(options, context);
  process.exit(success ? 0 : 1);
});
`;

/**
 * Both packages as JavaScript in `directory`, as npm would install them: a process that a test kills many times must start
 * in no time.
 * @returns the program that runs one step
 */
export function compiledPlugin(directory: string): string {
  const modules = join(directory, 'node_modules');
  mkdirSync(join(modules, '@nx-avocado'), { recursive: true });
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (name === 'nx-avocado' || name === '@nx-avocado' || name.startsWith('.')) continue;
    symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  }
  for (const [name, source] of [
    ['@nx-avocado/engine', 'packages/engine'],
    ['nx-avocado', 'packages/nx-avocado'],
  ] as const) {
    compile(join(repository, source), join(modules, name));
  }
  const program = join(directory, 'run-step.cjs');
  writeFileSync(program, runner);
  return program;
}

function compile(from: string, to: string): void {
  const source = join(from, 'src');
  for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts') || path.endsWith('.spec.ts') || path.includes('/files/')) continue;
    const { code } = transformSync(readFileSync(join(source, path), 'utf8'), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    const target = join(to, 'dist', path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  cpSync(join(from, 'package.json'), join(to, 'package.json'));
  for (const name of ['feeds', 'node_modules']) {
    if (existsSync(join(from, name))) symlinkSync(join(from, name), join(to, name));
  }
}
