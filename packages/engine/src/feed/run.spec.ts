import { readFile } from 'node:fs/promises';
import { inParallel } from './fetch';
import { runTool } from './run';

test('a program gets its arguments as they are, and its end is told', async () => {
  const { code, stdout, stderr } = await runTool(['sh', '-c', 'echo "$1"; echo no >&2; exit 3', 'sh', '$(id) "x"']);
  expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: '$(id) "x"\n', stderr: 'no\n' });
});

test('a program that is missing is an error that says what to install', async () => {
  for (const argv of [['no-such-program-here'], ['sh', '-c', 'exec "$@"', 'sh', 'no-such-program-here']]) {
    const message = 'no-such-program-here is not installed on this machine';
    await expect(runTool(argv)).rejects.toMatchObject({ code: 'TOOL_MISSING', message });
  }
});

test('an abort ends the program and all that it started', async () => {
  const abort = new AbortController();
  const run = runTool(['sh', '-c', 'sleep 61.3 & echo $! >&2; wait'], {
    signal: abort.signal,
    onLine: (pid) => {
      started = Number(pid);
      abort.abort();
    },
  });
  let started = 0;
  await expect(run).rejects.toMatchObject({ code: 'ABORTED' });
  // Gone, or a zombie that nobody has waited for yet.
  const state = await readFile(`/proc/${started}/stat`, 'utf8').catch(() => ') Z');
  expect(state).toMatch(/\) Z/);
  await expect(runTool(['true'], { signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' });
});

test('work in parallel: at most so many at a time, and none after a failure', async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  const work = inParallel([1, 2, 3, 4, 5, 6], 2, async (item) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    if (item === 3) throw new Error('three');
    done.push(item);
  });
  await expect(work).rejects.toThrow('three');
  expect(most).toBe(2);
  expect(done).not.toContain(6);
});
