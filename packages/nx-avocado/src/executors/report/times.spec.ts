import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastRun } from './times';

const directory = mkdtempSync(join(tmpdir(), 'nx-avocado-run-'));
const file = join(directory, 'run.json');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the last run's times, by task; of a task that failed there is none", () => {
  const task = (taskId: string, cacheStatus: string, status = 0, endTime = '2026-01-02T03:04:06.500Z') => ({
    ...{ taskId, cacheStatus, status, startTime: '2026-01-02T03:04:05.000Z', endTime },
  });
  writeFileSync(
    file,
    JSON.stringify({
      run: {},
      tasks: [
        task('dev:rootfs', 'cache-miss'),
        task('dev:build', 'local-cache-hit'),
        task('app:build', 'cache-miss', 1),
        task('app:compile', 'cache-miss', 0, 'never'),
      ],
    }),
  );
  expect(lastRun(file)).toEqual(
    new Map([
      ['dev:rootfs', { milliseconds: 1500, cached: false }],
      ['dev:build', { milliseconds: 1500, cached: true }],
    ]),
  );
});

test.each(['', '{', '[]', '{"tasks":[null]}'])('what is no record of a run gives none: %j', (text) => {
  writeFileSync(file, text);
  expect(lastRun(file)).toEqual(new Map());
});

test('no record at all', () => {
  expect(lastRun(join(directory, 'none.json'))).toEqual(new Map());
});
