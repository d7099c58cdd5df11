import { changesSince } from './changes';
import { change, megabytes } from './figures';
import { contentGroups } from './groups';
import { html } from './html';
import { page } from './page';
import { squarify } from './squarify';
import type { ImageSummary, RuntimeSummary } from './summary';
import { filesInListing } from '../feed/package-files';
import type { PackagePin } from '../feed';

const pin = (name: string, version = '1'): PackagePin => ({
  ...{ name, version, architecture: 'amd64', filename: '', sha256: '', size: 1 },
});
const image = (name: string, size: number, groups: ImageSummary['groups'] = []): ImageSummary => ({
  ...{ name, kind: 'extension', version: '1.0', enabled: true, sha256: '', size, groups },
  ...(groups.length > 0 && { unpacked: groups.reduce((sum, { bytes }) => sum + bytes, 0) }),
});
const summary = (id: string, rest: Partial<RuntimeSummary> = {}): RuntimeSummary => ({
  version: 1,
  machine: 'qemux86-64',
  runtime: { name: 'dev', version: '1.0', id },
  images: [image('app', 1000)],
  boot: [{ name: 'vmlinuz', size: 500 }],
  kernel: '6.12',
  packages: [{ image: 'app', name: 'python3', version: '3.13', bytes: 40 }],
  omitted: [],
  ...rest,
});

test('a tree map fills its area, each part in proportion, none over another', () => {
  const values = [6, 6, 4, 3, 2, 2, 1];
  const placed = squarify(values, { x: 10, y: 20, width: 60, height: 40 });
  expect(placed.map(({ width, height }) => Math.round(width * height))).toEqual(values.map((value) => value * 100));
  for (const [at, one] of placed.entries()) {
    expect(one.x).toBeGreaterThanOrEqual(10);
    expect(one.y + one.height).toBeLessThanOrEqual(60.000001);
    for (const other of placed.slice(at + 1)) {
      const apart = [one.x + one.width - other.x, other.x + other.width - one.x];
      const above = [one.y + one.height - other.y, other.y + other.height - one.y];
      expect(Math.min(...apart, ...above)).toBeLessThan(1e-9);
    }
  }
  // The example of the paper: none is a thin strip.
  expect(Math.max(...placed.map(({ width, height }) => Math.max(width / height, height / width)))).toBeLessThan(3);
});

test('files go to the package that brought them, those of /lib too, and the rest has a name', () => {
  const files = new Map([
    ['usr/bin/app', 10],
    ['usr/lib/libc.so.6', 500],
    ['usr/lib/modules/6.12/a.ko', 70],
    ['usr/lib/modules/6.12/modules.dep', 7],
  ]);
  const packages = [{ pin: pin('libc6', '2.41'), paths: ['lib/libc.so.6', 'usr/share/doc/libc6/copyright'] }];
  const kernel = [{ path: 'usr/lib/modules', pin: pin('linux-image', '6.12') }];
  expect(contentGroups(files, packages, kernel, 'own')).toEqual([
    { name: 'libc6', version: '2.41', bytes: 500, files: 1 },
    { name: 'linux-image', version: '6.12', bytes: 77, files: 2 },
    { name: 'own', bytes: 10, files: 1 },
  ]);
});

test('a listing of dpkg-deb: files and further names of one, no directory and no link', () => {
  const listing = [
    'drwxr-xr-x root/root         0 2025-06-01 12:00 ./usr/bin/',
    '-rwxr-xr-x root/root    158632 2025-06-01 12:00 ./usr/bin/a b',
    'hrwxr-xr-x root/root         0 2025-06-01 12:00 ./usr/bin/b link to ./usr/bin/a b',
    'lrwxrwxrwx root/root         0 2025-06-01 12:00 ./usr/bin/c -> a b',
    '-rwsr-xr-- root/messagebus 5 2025-06-01 12:00 ./usr/lib/x',
    '',
  ];
  expect(filesInListing(listing.join('\n'))).toEqual(['usr/bin/a b', 'usr/bin/b', 'usr/lib/x']);
});

test('what changed since the build before: sizes of all, packages that are others', () => {
  const former = summary('one', {
    images: [image('app', 900), image('gone', 5)],
    packages: [
      { image: 'app', name: 'python3', version: '3.12' },
      { image: 'app', name: 'old', version: '1' },
    ],
  });
  const now = summary('two', { images: [image('app', 1000), image('new', 7)] });
  expect(changesSince(former, now)).toEqual({
    id: 'one',
    sizes: [
      { name: 'app', before: 900, after: 1000 },
      { name: 'new', after: 7 },
      { name: 'vmlinuz', before: 500, after: 500 },
      { name: 'gone', before: 5 },
    ],
    packages: [
      { image: 'app', name: 'python3', before: '3.12', after: '3.13' },
      { image: 'app', name: 'old', before: '1' },
    ],
  });
});

test.each([
  [0, '0 B', 'same'],
  [999, '999 B', '+999 B'],
  [-1_400_000, '−1.4 MB', '−1.4 MB'],
  [1_340_000_000, '1.34 GB', '+1.34 GB'],
])('%d bytes', (bytes, size, difference) => {
  expect([megabytes(bytes), change(bytes)]).toEqual([size, difference]);
});

test('what is put into a page is escaped, pieces of a page are not', () => {
  const list = ['<b>', '"\u0007'].map((text) => html`<i title="${text}">${text}</i>`);
  expect(html`<p>${list}${false}${undefined}${0}</p>`.text).toBe(
    '<p><i title="&lt;b&gt;">&lt;b&gt;</i><i title="&quot;\ufffd">&quot;\ufffd</i>0</p>',
  );
});

/** No name of a package, an extension, a unit or a task gets into the page as markup. */
test('every text of the data is escaped, wherever it stands', () => {
  const evil = (place: string): string => `"'><script>${place}</script>`;
  const group = { name: evil('group'), version: evil('group version'), bytes: 1e6, files: 1 };
  const data = summary(evil('id'), {
    machine: evil('machine'),
    runtime: { name: evil('runtime'), version: evil('version'), id: evil('id') },
    images: [{ ...image(evil('image'), 10, [group]), version: evil('image version') }],
    boot: [{ name: evil('boot'), size: 1 }],
    kernel: evil('kernel'),
    packages: [{ image: evil('image'), name: evil('package'), version: evil('package version'), bytes: 3 }],
    omitted: [{ name: evil('omitted'), reason: evil('reason') }],
    disk: { size: 1, partitions: [{ name: evil('partition'), size: 1 }] },
  });
  const text = page({
    summary: data,
    project: evil('project'),
    changes: changesSince(summary(evil('former')), data),
    boot: {
      isOlder: true,
      report: {
        ...{ version: 1, machine: '', boot: 'kernel', accelerator: 'tcg', took: 300, checks: [] },
        phases: { kernel: 100, [evil('phase')]: 200 },
        firstLine: { [evil('unit')]: 250 },
      },
    },
    times: [{ task: evil('task'), usual: 10 }],
  });
  expect(text).not.toMatch(/<script/i);
  for (const place of ['group', 'image', 'unit', 'task', 'phase', 'reason', 'partition', 'former', 'package version']) {
    expect(text).toContain(`&lt;script&gt;${place}&lt;/script&gt;`);
  }
  // A quote would end an attribute.
  expect(text).not.toContain(`"'>`);
  expect(text.match(/&quot;&#39;&gt;/g)!.length).toBeGreaterThan(20);
});

test('a page says so where it has nothing to show', () => {
  const text = page({ summary: summary('one'), project: 'dev', changes: undefined, boot: undefined, times: [] });
  expect(text).toContain('nx run dev:boot-test');
  expect(text).toContain('No other build to compare with yet');
  expect(text).toContain('Nothing recorded yet');
});
