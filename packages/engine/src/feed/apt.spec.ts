import { aptState, deb822, parseUris, unavailable } from './apt';
import { selectPackages } from './resolve';

test('what apt would fetch becomes pins', () => {
  const hash = 'a'.repeat(64);
  const text = `Reading package lists...
'http://m.invalid/debian/pool/main/q/qemu/qemu_10.0%2bds_amd64.deb' qemu_1%3a10.0+ds_amd64.deb 1028 SHA256:${hash}
'http://m.invalid/debian/pool/main/c/ca/ca_2025_all.deb' ca_2025_all.deb 16 MD5Sum:0123
`;
  expect(parseUris(text, 'http://m.invalid/debian')).toEqual([
    {
      name: 'qemu',
      version: '1:10.0+ds',
      architecture: 'amd64',
      filename: 'pool/main/q/qemu/qemu_10.0+ds_amd64.deb',
      sha256: hash,
      size: 1028,
    },
  ]);
});

test("the private state has the mirror's own options, the user's keys among them", () => {
  const source = {
    uri: 'http://m.invalid',
    suites: ['trixie'],
    components: ['main'],
    options: { 'Signed-By': '/k.gpg' },
  };
  expect(deb822(source)).toBe(
    'Types: deb\nURIs: http://m.invalid\nSuites: trixie\nComponents: main\nSigned-By: /k.gpg\n',
  );
});

describe('a machine target with components of its own', () => {
  const state = (...components: string[]) =>
    aptState('arm64', { uri: 'http://m.invalid', suites: ['trixie'], components, options: {} });
  const output = 'E: Unable to locate package raspi-firmware';

  test('has lists of packages of its own', () => {
    expect(state('main', 'non-free-firmware').directory).toBe(`${state('main').directory}-non-free-firmware`);
  });
  test('and a mirror without them is told', () => {
    expect(unavailable(state('main', 'non-free-firmware'), ['raspi-firmware'], output)).toMatchObject({
      code: 'PACKAGE_UNAVAILABLE',
      message: 'Debian has no package raspi-firmware for arm64',
      hint: expect.stringContaining('needs non-free-firmware of Debian beside main') as string,
    });
    expect(unavailable(state('main'), ['raspi-firmware'], output).hint).toContain('`packages` in nx.json');
  });
});

describe('what of a closure belongs into a root', () => {
  const pins = (...names: string[]) =>
    names.map((name) => ({ name, version: '1', architecture: 'amd64', filename: name, sha256: name, size: 1 }));
  const select = (root: Parameters<typeof selectPackages>[0], wanted: string[], all: string[], base: string[] = []) =>
    selectPackages(root, wanted, pins(...all), pins(...base)).map(({ name }) => name);

  test('an extension: without the OS image and what only maintainer scripts need', () => {
    expect(select('extension', ['curl'], ['curl', 'libc6', 'libcurl4', 'debconf'], ['libc6'])).toEqual([
      'curl',
      'libcurl4',
    ]);
    expect(select('extension', ['bash', 'ucf'], ['bash', 'ucf'], ['bash'])).toEqual(['ucf']);
  });
  test('a kernel: the real package behind the meta package, no dependencies', () => {
    expect(
      select(
        'kernel',
        ['linux-image-cloud-amd64'],
        ['linux-image-cloud-amd64', 'linux-image-6.12-cloud-amd64', 'kmod'],
      ),
    ).toEqual(['linux-image-cloud-amd64', 'linux-image-6.12-cloud-amd64']);
  });
  test('a sysroot: no sanitizers, no LLVM', () => {
    expect(
      select('sysroot', ['libstd-rust-web-dev'], ['libstd-rust-web-dev', 'libllvm22', 'libasan8', 'libc6']),
    ).toEqual(['libstd-rust-web-dev', 'libc6']);
  });
  test('the OS image: everything', () => {
    expect(select('rootfs', ['systemd'], ['systemd', 'debconf'])).toEqual(['systemd', 'debconf']);
  });
});
