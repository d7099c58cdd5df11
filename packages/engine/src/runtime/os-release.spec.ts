import { osBuildId, osRelease } from './os-release';

const pin = (name: string, version = '1') => ({
  name,
  version,
  architecture: 'amd64',
  filename: `pool/${name}.deb`,
  sha256: '0'.repeat(64),
  size: 1,
});

test('the build id follows the packages, not their order', () => {
  const id = osBuildId([pin('a'), pin('b')], 'x');
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(osBuildId([pin('b'), pin('a')], 'x')).toBe(id);
  expect(osBuildId([pin('a'), pin('b', '2')], 'x')).not.toBe(id);
  expect(osBuildId([pin('a'), pin('b')], 'y')).not.toBe(id);
});

test('the runtime stands in os-release only with its version', () => {
  const base = 'ID=debian\nVERSION_ID="13"\n';
  const ours = `${base}AVOCADO_OS_BUILD_ID=b\nAVOCADO_TARGET=qemuarm64\n`;
  expect(osRelease(base, 'b', 'qemuarm64', { name: 'dev' })).toBe(ours);
  expect(osRelease(base, 'b', 'qemuarm64', { name: 'dev', version: '1.0.0+x "y"' })).toBe(
    `${ours}RUNTIME_NAME=dev\nRUNTIME_VERSION="1.0.0+x \\"y\\""\n`,
  );
  expect(osRelease('AVOCADO_OS_BUILD_ID=old\nID=x\n', 'new', 'm', { name: 'dev' })).toBe(
    'ID=x\nAVOCADO_OS_BUILD_ID=new\nAVOCADO_TARGET=m\n',
  );
});
