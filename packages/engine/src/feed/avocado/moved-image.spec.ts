import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as MovedImage from './moved-image';

let store: string;
let asked: number;
let notices: string[];

beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'moved-'));
  process.env['NX_AVOCADO_STORE'] = store;
  asked = 0;
  notices = [];
});
afterEach(() => {
  delete process.env['NX_AVOCADO_STORE'];
  rmSync(store, { recursive: true, force: true });
});

/** What a process of its own says. */
async function run(pinned: string, answer: () => Promise<string | undefined>): Promise<void> {
  await jest.isolateModulesAsync(async () => {
    const { tellMoved } = jest.requireActual<typeof MovedImage>('./moved-image');
    const newest = (): Promise<string | undefined> => {
      asked += 1;
      return answer();
    };
    const reporter = { notice: (message: string): void => void notices.push(message) };
    await Promise.all([1, 2].map(() => tellMoved({ name: 'sdk:1', pinned }, { newest }, reporter)));
  });
}

test('each run that opens the image says it once, and one a day asks', async () => {
  const moved = () => Promise.resolve('sdk@sha256:2');
  await run('sdk@sha256:1', moved);
  await run('sdk@sha256:1', moved);
  expect(notices).toHaveLength(2);
  expect(asked).toBe(1);
  const file = join(store, 'images', readdirSync(join(store, 'images'))[0]!);
  utimesSync(file, new Date(0), new Date(0));
  await run('sdk@sha256:1', () => Promise.resolve('sdk@sha256:1'));
  expect([notices.length, asked]).toEqual([2, 2]);
  // A lock that moved on is another question.
  await run('sdk@sha256:2', moved);
  expect([notices.length, asked]).toEqual([2, 3]);
});

test('a registry out of reach is no error, and not waited for again', async () => {
  await run('sdk@sha256:1', () => Promise.resolve(undefined));
  await run('sdk@sha256:1', () => Promise.resolve('sdk@sha256:2'));
  await run('sdk@sha256:2', () => Promise.reject(new Error('no daemon')));
  expect([notices, asked]).toEqual([[], 2]);
});
