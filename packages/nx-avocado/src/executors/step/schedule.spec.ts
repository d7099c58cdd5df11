import { schedule } from './schedule';

async function run(dependencies: Record<string, string[]>, limit: number, failing: string[] = []) {
  const started: string[] = [];
  let [now, most] = [0, 0];
  const outcomes: Record<string, boolean | undefined> = {};
  const work = async (task: string) => {
    started.push(task);
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    return { success: !failing.includes(task) };
  };
  for await (const { task, outcome } of schedule(dependencies, limit, work)) outcomes[task] = outcome?.success;
  return { started, most, outcomes };
}

const diamond = { end: ['left', 'right'], left: ['start'], right: ['start'], start: [] };

test('runs what a task depends on before it, and no more at once than is allowed', async () => {
  const { started, most, outcomes } = await run(diamond, 1);
  expect([started[0], started.at(-1), most]).toEqual(['start', 'end', 1]);
  expect(outcomes).toEqual({ start: true, left: true, right: true, end: true });
  expect((await run(diamond, 4)).most).toBe(2);
});

test('what follows a failed task is skipped, however far; its neighbours run', async () => {
  const { started, outcomes } = await run({ ...diamond, after: ['end'] }, 2, ['left']);
  expect(started.sort()).toEqual(['left', 'right', 'start']);
  expect(outcomes).toEqual({ start: true, left: false, right: true, end: undefined, after: undefined });
});

test('a cycle is an error, not a wait for ever', async () => {
  await expect(run({ a: ['b'], b: ['a'] }, 2)).rejects.toThrow('tasks depend on each other: a, b');
});
