import type { ExtensionSection } from '../config/types';
import { packArguments } from './pack';
import { checkSupported, omissionReason } from './supported';

const position = { file: 'avocado.yaml', line: 4, column: 3 };
const section = (given: Partial<ExtensionSection> = {}) =>
  ({
    name: 'app',
    image: { type: 'raw' },
    docker_images: [],
    on_merge: [],
    on_unmerge: [],
    modprobe: [],
    ...given,
  }) as unknown as ExtensionSection;

test('an ordinary extension passes', () => {
  expect(() => checkSupported(section({ on_merge: ['systemctl restart a'] }), position)).not.toThrow();
});

test.each<[string, string, Partial<ExtensionSection>]>([
  ['kab', 'EXTENSION_UNSUPPORTED', { image: { type: 'kab' } }],
  ['docker images', 'EXTENSION_UNSUPPORTED', { docker_images: [{ image: 'registry', tag: '2' }] }],
  ['two lines', 'EXTENSION_COMMAND_INVALID', { on_merge: ['a\nAVOCADO_ON_MERGE=b'] }],
  ['an empty command', 'EXTENSION_COMMAND_INVALID', { on_unmerge: [' '] }],
  ['an empty module', 'EXTENSION_COMMAND_INVALID', { modprobe: [''] }],
])('%s: %s', (_what, code, given) => {
  expect(() => checkSupported(section(given), position)).toThrow(expect.objectContaining({ code, position }));
});

test('what the feed omits, by the name of the extension or of its package', () => {
  const omitted = { 'avocado-ext-connect': 'an agent of the cloud' };
  const source = { type: 'package', version: '*', package: 'avocado-ext-connect' } as const;
  expect(omissionReason(section({ name: 'avocado-ext-connect' }), omitted)).toBe('an agent of the cloud');
  expect(omissionReason(section({ source }), omitted)).toBe('an agent of the cloud');
  expect(omissionReason(section({ name: 'constructor' }), omitted)).toBeUndefined();
});

const state = ['var/lib/rpm', 'var/lib/dnf', 'var/cache/dnf', 'var/lib/dpkg', 'var/lib/apt', 'var/cache/apt'];
const erofs = '-T 7 -U 00000000-0000-0000-0000-000000000000 -x -1 --all-root';
const excluded = state.map((path) => `--exclude-path=${path}`).join(' ');

test.each([
  ['erofs', `mkfs.erofs --quiet ${erofs} ${excluded} /o/a.raw /s`],
  ['erofs-lz4', `mkfs.erofs --quiet ${erofs} -z lz4hc ${excluded} /o/a.raw /s`],
  ['erofs-zst', `mkfs.erofs --quiet ${erofs} -z zstd ${excluded} /o/a.raw /s`],
  [
    'squashfs',
    'env -u SOURCE_DATE_EPOCH mksquashfs /s /o/a.raw -noappend -no-xattrs -reproducible -all-root -comp zstd ' +
      `-Xcompression-level 3 -mkfs-time 7 -all-time 7 -quiet -no-progress -e ${state.join(' ')}`,
  ],
] as const)('the command that packs %s', (filesystem, command) => {
  const plan = { filesystem, sourceDateEpoch: 7, sysroot: '/s', image: '/o/a.raw' };
  expect(packArguments(plan).join(' ')).toBe(command);
});
