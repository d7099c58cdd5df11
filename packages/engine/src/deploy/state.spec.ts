import { parseOutcome } from './outcome';
import { checkDevice, checkSpace } from './refuse';
import type { BuiltRuntime } from './runtime';
import { parseState } from './state';

const text = `avocadoctl 1
arch x86_64
target qemux86-64
os 1-2
free 1000
runtime aa
runtime bb
active aa dev
extension app 0.1.0 11
extension tools 1.0.0 22 missing
current yes
image 33
later something
`;

test('what a device says of itself; a listed image that is not there has to be sent', () => {
  expect(parseState(text)).toEqual({
    ...{ arch: 'x86_64', target: 'qemux86-64', os: '1-2', free: 1000, current: true },
    active: { id: 'aa', name: 'dev' },
    runtimes: ['aa', 'bb'],
    images: new Set(['11', '33']),
    extensions: [
      { name: 'app', version: '0.1.0', image_id: '11' },
      { name: 'tools', version: '1.0.0', image_id: '22' },
    ],
  });
});

describe('refused', () => {
  const runtime = {
    machine: 'qemux86-64',
    arch: 'x86_64',
    manifest: { runtime: { name: 'dev', version: '1' }, rootfs: { build_id: '1-2' } },
  } as BuiltRuntime;
  const state = parseState(text);

  test.each([
    ['DEPLOY_WRONG_ARCHITECTURE', { arch: 'aarch64' }, 'board is aarch64, the extensions are for x86_64'],
    ['DEPLOY_WRONG_MACHINE', { target: 'qemuarm64' }, 'board is a qemuarm64, the extensions are for qemux86-64'],
    ['DEPLOY_WRONG_RUNTIME', { active: { id: 'x', name: 'prod' } }, 'board runs the runtime prod, not dev'],
    ['DEPLOY_WRONG_OS', { os: 'other' }, 'the OS image of board is not the one that the extensions were made for'],
  ])('%s', (code, difference, message) => {
    expect(() => checkDevice('board', { ...state, ...difference }, runtime)).toThrow(
      expect.objectContaining({ code, message, hint: expect.stringMatching(/\S/) }),
    );
  });

  test('not what fits', () => {
    expect(() => checkDevice('board', state, runtime)).not.toThrow();
    expect(() => checkSpace('board', state, 1000)).not.toThrow();
    expect(() => checkSpace('board', state, 1001)).toThrow(expect.objectContaining({ code: 'DEVICE_FULL' }));
  });
});

test('how a switch ended', () => {
  expect(
    parseOutcome(`problem a.service failed (exit-code)
journal a.service: no such file
outcome rolled-back
`),
  ).toEqual({
    result: 'rolled-back',
    ...{ changed: [], units: [], removed: [] },
    problems: ['a.service failed (exit-code)'],
    journal: ['a.service: no such file'],
  });
  expect(parseOutcome('changed app\nunit a.service active running\nremoved 12\noutcome done\n')).toMatchObject({
    result: 'done',
    changed: ['app'],
    units: [{ name: 'a.service', active: 'active', sub: 'running' }],
    removed: ['12'],
  });
});
