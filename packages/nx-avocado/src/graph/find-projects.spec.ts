import type { AvocadoConfig } from '@nx-avocado/engine/config';
import { findProjects } from './find-projects';

const config = (machine: string, runtimes: string[], extensions: string[]): AvocadoConfig =>
  ({
    machine,
    runtimes: Object.fromEntries(runtimes.map((name) => [name, {}])),
    extensions: Object.fromEntries(extensions.map((name) => [name, {}])),
  }) as unknown as AvocadoConfig;

test('an extension whose name holds the machine target is one project', () => {
  expect(
    findProjects([config('x86', ['dev'], ['app', 'bsp-x86']), config('arm', ['dev'], ['app', 'bsp-arm'])]),
  ).toEqual([
    { kind: 'runtime', name: 'dev', names: { x86: 'dev', arm: 'dev' } },
    { kind: 'extension', name: 'app', names: { x86: 'app', arm: 'app' } },
    { kind: 'extension', name: 'bsp-x86', names: { x86: 'bsp-x86', arm: 'bsp-arm' } },
  ]);
});

test('a runtime of another machine target is a project that the default one does not have', () => {
  expect(findProjects([config('x86', ['dev'], []), config('arm', ['dev', 'board'], [])])).toEqual([
    { kind: 'runtime', name: 'dev', names: { x86: 'dev', arm: 'dev' } },
    { kind: 'runtime', name: 'board', names: { arm: 'board' } },
  ]);
});
