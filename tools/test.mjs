// `npm test`: everything that CI checks. The last line says `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, setup, step } from './setup.mjs';

const total = { passed: 0, failed: 0, skipped: 0 };

/** What shares a Docker daemon of the tests' own, and what is about booted machines. */
const machines = '/e2e/((docker|avocado-feed)[^/]*|boot|deploy|testing|warm|watch)\\.spec\\.ts$';
/** What is killed, spoilt and run by several at once, many times; and OS images of another processor. */
const long = '/e2e/(arm64|damage|distributed|kill|raspberrypi)\\.spec\\.ts$';

setup();
await check();
await jest('unit', ['--selectProjects', 'unit']);
// Three at a time, each one file after the other: most of them wait for a disk, a network or an emulated processor, and they
// wait for each other where they want the same thing made.
const e2e = (...args) => ['--selectProjects', 'e2e', '--runInBand', ...args];
await Promise.all([
  jest('e2e: builds', e2e('--testPathIgnorePatterns', machines, long)),
  jest('e2e: Docker and machines', e2e('--testPathPatterns', machines), { after: true }),
  jest('e2e: faults and other processors', e2e('--testPathPatterns', long), { after: true }),
]);

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Format, lint and types count as one test. */
async function check() {
  step('npm run check');
  total[(await run('npm', ['run', '--silent', 'check'])) === 0 ? 'passed' : 'failed'] += 1;
}

/** @param options.after shows what it said when it has ended: two at once would talk into each other's lines */
async function jest(name, args, { after = false } = {}) {
  if (!after) step(`jest: ${name}`);
  const directory = mkdtempSync(join(tmpdir(), 'nx-avocado-test-'));
  const report = join(directory, 'report.json');
  const log = join(directory, 'log');
  try {
    const jestBin = join(root, 'node_modules/jest/bin/jest.js');
    const options = ['--ci', '--json', '--outputFile', report, ...args];
    const status = await run(process.execPath, [jestBin, ...options], after ? openSync(log, 'a') : 'inherit');
    if (after) {
      step(`jest: ${name}`);
      process.stderr.write(readFileSync(log));
    }
    count(status, report);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A test file that cannot even be loaded has no tests to count: it counts as one failure. */
function count(status, report) {
  let result;
  try {
    result = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    total.failed += 1;
    return;
  }
  total.passed += result.numPassedTests;
  total.skipped += result.numPendingTests + result.numTodoTests;
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  total.failed += failed === 0 && status !== 0 ? 1 : failed;
  for (const { assertionResults } of result.testResults) {
    for (const { status: outcome, fullName } of assertionResults) {
      if (outcome === 'pending' || outcome === 'todo') console.log(`skipped: ${fullName}`);
    }
  }
}

/** Nothing may wait for input. Jest's own JSON goes to the file; what it says goes to standard error. */
function run(command, args, errors = 'inherit') {
  const stdio = ['ignore', args.includes('--json') ? 'ignore' : 'inherit', errors];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio });
    child.once('error', reject);
    child.once('close', resolve);
  });
}
