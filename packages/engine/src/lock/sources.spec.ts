import { withSlice } from './slice';
import { machine } from '../feed';
import { beforeUpdate, emptyLock, formatLock, lockedSource, onlyProjects, parseLock, pinSources } from '.';
import type { Lock, SourceWant } from '.';
import { silentReporter } from '../report';

const want: SourceWant = {
  ...{ extension: 'app', machine: 'qemux86-64' },
  source: { url: 'https://host/app', ref: 'main' },
  position: { file: 'avocado.yaml', line: 3, column: 5 },
};
const pin = { type: 'git' as const, url: 'https://host/app', ref: 'main', commit: 'a'.repeat(40) };
const lock: Lock = {
  ...emptyLock(),
  targets: { 'qemux86-64': { extensions: { app: { requests: {}, source: pin }, other: { requests: {} } } } },
};
const project = { kind: 'extension' as const, name: 'app' };

test('a pin is of one repository and one ref', () => {
  expect(lockedSource(lock, want)).toEqual(pin);
  for (const other of [{ url: 'https://host/other', ref: 'main' }, { url: 'https://host/app' }]) {
    expect(lockedSource(lock, { ...want, source: other })).toBeUndefined();
  }
  expect(lockedSource(lock, { ...want, machine: 'qemuarm64' })).toBeUndefined();
  expect(lockedSource(lock, { ...want, extension: 'toString' })).toBeUndefined();
});

test("it stays when the project's packages are resolved anew, and in the file", () => {
  const next = withSlice(lock, project, machine('qemux86-64'), {
    requests: { extension: [] },
    roots: { extension: [] },
  });
  const read = parseLock(formatLock(next), 'avocado.lock');
  expect(lockedSource(read, want)).toEqual(pin);
});

test('moving every pin starts from the sources, and from what has to stay', () => {
  expect(beforeUpdate(lock, []).targets).toEqual({
    'qemux86-64': { extensions: { app: { requests: {}, source: pin } } },
  });
  const kept = beforeUpdate(lock, [{ project: { kind: 'extension', name: 'other' }, machine: 'qemux86-64' }]);
  expect(Object.keys(kept.targets['qemux86-64']?.extensions ?? {}).sort()).toEqual(['app', 'other']);
});

const context = { workspaceRoot: '/', folder: '.', update: true, policy: 'strict' as const, reporter: silentReporter };

test('what nobody asks for is dropped; what cannot be had leaves the lock as it was, and says where it is named', async () => {
  expect((await pinSources(lock, [], context)).lock.targets['qemux86-64']?.extensions?.['app']).toEqual({
    requests: {},
  });
  const moved = { ...want, source: { url: 'http://host/app' } };
  const result = await pinSources(lock, [moved], context);
  expect(result).toMatchObject({ lock, fetched: false });
  expect(result.errors).toEqual([
    expect.objectContaining({
      code: 'SOURCE_URL_INVALID',
      message: expect.stringMatching(/^source of extension app: git cannot fetch from http:/),
      position: want.position,
    }),
  ]);
  expect(onlyProjects(result.lock, [])).toMatchObject({ targets: {} });
});
