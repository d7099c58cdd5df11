import type { ExtensionSection } from '../config/types';
import type { SdkDescriptor } from '../feed/types';
import { extensionIdentity } from './identity';

const descriptor: SdkDescriptor = { version: 1, feed: 'debian', machine: 'qemux86-64', roots: {}, omitted: {} };
const section = (given: Partial<ExtensionSection>) => ({ name: 'app', ...given }) as ExtensionSection;

test.each(['0.1.0', '1.0.0-rc.1', '2.0.0+build.5'])('version %s', (version) => {
  expect(extensionIdentity(section({ version }), descriptor)).toEqual({ name: 'app', version });
});

test.each([
  ['EXTENSION_VERSION_INVALID', { version: '1.0' }],
  ['EXTENSION_VERSION_INVALID', { version: 'v1.0.0' }],
  ['EXTENSION_VERSION_INVALID', { version: ' 1.0.0' }],
  ['EXTENSION_VERSION_INVALID', { version: '1.0.0/../x' }],
  ['EXTENSION_VERSION_INVALID', { version: '' }],
  ['EXTENSION_VERSION_MISSING', {}],
  ['EXTENSION_NAME_INVALID', { name: '../app', version: '1.0.0' }],
  ['EXTENSION_NAME_INVALID', { name: 'a/b', version: '1.0.0' }],
  ['EXTENSION_NAME_INVALID', { name: '.app', version: '1.0.0' }],
  ['EXTENSION_NAME_INVALID', { name: '-app', version: '1.0.0' }],
  ['EXTENSION_NAME_INVALID', { name: '', version: '1.0.0' }],
])('%s for %j', (code, given) => {
  const position = { file: 'avocado.yaml', line: 3, column: 3 };
  expect(() => extensionIdentity(section(given), descriptor, position)).toThrow(
    expect.objectContaining({ code, position }),
  );
});

describe('a package of the feed', () => {
  const source = { type: 'package', package: 'app', version: '*' } as const;

  test('has the version of what it holds', () => {
    const roots = {
      extension: { method: 'unpack', architecture: 'amd64', packages: [], digest: '0123456789' },
    } as const;
    const withRoot = { ...descriptor, roots: { extension: { ...roots.extension, packages: [] } } };
    expect(extensionIdentity(section({ source }), withRoot).version).toBe('0.0.0-r01234567');
    expect(extensionIdentity(section({ source }), descriptor).version).toBe('0.0.0-r0');
  });

  test('or the one that was asked for', () => {
    expect(extensionIdentity(section({ source: { ...source, version: '1.2.3' } }), descriptor).version).toBe('1.2.3');
  });
});
