import { AvocadoError } from '../error';
import { isDropped } from './filter';
import { Additions } from './tree';

const base = new Map([
  ['usr', { type: 'directory' }],
  ['usr/lib', { type: 'directory' }],
  ['lib', { type: 'symlink', linkname: 'usr/lib' }],
  ['etc', { type: 'directory' }],
  ['etc/passwd', { type: 'file' }],
]);
const file = { kind: 'file' as const, mode: 0o644, content: Buffer.from('') };

test('parents that the packages lack are made, those that they have are kept', () => {
  const additions = new Additions(base);
  additions.add('etc', { kind: 'directory', mode: 0o700 });
  additions.add('etc/app/x.conf', file);
  expect(additions.sorted().map(([path, { kind }]) => `${kind} ${path}`)).toEqual([
    'directory etc/app',
    'file etc/app/x.conf',
  ]);
});

test('lib is usr/lib', () => {
  const additions = new Additions(base);
  additions.add('lib/app/x', file);
  expect(additions.has('usr/lib/app/x')).toBe(true);
});

test.each(['../x', '/etc/x', 'a/../../x', '.'])('%s is refused', (path) => {
  expect(() => new Additions(base).add(path, file)).toThrow(AvocadoError);
});

test('a file of the packages cannot become a directory', () => {
  const additions = new Additions(base);
  additions.add('etc/passwd/x', file);
  expect(() => additions.sorted()).toThrow(expect.objectContaining({ code: 'ROOTFS_CONFLICT' }));
});

test.each([
  ['var', false],
  ['var/lib/dpkg/status', true],
  ['usr/lib/udev/hwdb.bin', false],
  ['usr/lib/udev/hwdb.d/20-OUI.hwdb', true],
  ['etc/passwd', false],
  ['etc/shadow-', true],
  ['etc/systemd/system/timers.target.wants/fstrim.timer', true],
  ['usr/share/doc', false],
  ['usr/share/doc/bash/copyright', true],
])('%s stays out of the image: %s', (path, dropped) => {
  expect(isDropped(path)).toBe(dropped);
});
