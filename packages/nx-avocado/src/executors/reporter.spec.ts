import { lineReporter, taskReporter } from './reporter';

function collect(isTTY: boolean) {
  const lines: string[] = [];
  let time = 0;
  const reporter = lineReporter({ isTTY, write: (text) => lines.push(text.trimEnd()) }, () => time);
  return { lines, reporter, wait: (ms: number) => (time += ms) };
}

test('a step prints its start, its end, and an update at most every five seconds', () => {
  const { lines, reporter, wait } = collect(false);
  const step = reporter.step('fetch');
  for (let i = 1; i <= 12; i += 1) {
    wait(1000);
    step.update(`${i} of 12`);
  }
  step.done('12 packages');
  expect(lines).toEqual(['· fetch', '· fetch: 5 of 12', '· fetch: 10 of 12', '· fetch: done in 12.0 s (12 packages)']);
});

test('colours appear on a terminal alone', () => {
  for (const isTTY of [true, false]) {
    const { lines, reporter } = collect(isTTY);
    reporter.warn('an empty root password');
    expect(lines[0]?.includes('\u001b[')).toBe(isTTY);
    expect(lines[0]).toContain('an empty root password');
  }
});

test('of one of several tasks: progress at once and with its name, the rest with its result', () => {
  const lines: string[] = [];
  const { reporter, said } = taskReporter('app:build', { write: (text) => lines.push(text) });
  reporter.output('warning: unused variable');
  reporter.step('pack').done();
  reporter.notice('no unit is enabled');
  expect(lines).toEqual(['app:build · pack\n', 'app:build · pack: done in 0.0 s\n']);
  expect(said()).toBe('warning: unused variable\nnotice: no unit is enabled\n');
});

test('a command that takes long is seen to be at work, and each of its lines is said once', () => {
  const lines: string[] = [];
  let time = 0;
  const { reporter, said } = taskReporter('app:compile', { write: (text) => lines.push(text) }, () => time);
  reporter.step('compile app');
  for (const name of ['a', 'b', 'c']) {
    time += 3000;
    reporter.output(`Compiling ${name}`);
  }
  expect(lines).toEqual(['app:compile · compile app\n', 'app:compile · compile app: 2 lines of output so far\n']);
  expect(said()).toBe('Compiling a\nCompiling b\nCompiling c\n');
});
