// `npm test`: everything that CI checks. The last line says `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, setup, step } from './setup.mjs';

const total = { passed: 0, failed: 0, skipped: 0 };

setup();
check();
jest('unit', []);
// One after the other: they boot machines, and two cores boot one at a time.
jest('e2e', ['--runInBand']);

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Format, lint and types count as one test. */
function check() {
  step('npm run check');
  total[run('npm', ['run', '--silent', 'check']) === 0 ? 'passed' : 'failed'] += 1;
}

function jest(project, args) {
  step(`jest: ${project}`);
  const directory = mkdtempSync(join(tmpdir(), 'nx-avocado-test-'));
  const report = join(directory, 'report.json');
  try {
    const jestBin = join(root, 'node_modules/jest/bin/jest.js');
    const options = ['--ci', '--selectProjects', project, '--json', '--outputFile', report, ...args];
    const status = run(process.execPath, [jestBin, ...options]);
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
function run(command, args) {
  const stdio = ['ignore', args.includes('--json') ? 'ignore' : 'inherit', 'inherit'];
  return spawnSync(command, args, { cwd: root, stdio }).status;
}
