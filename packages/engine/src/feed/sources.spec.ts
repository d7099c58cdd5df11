import { debianSource, parseDeb822, parseOneLine } from './sources';
import { mirrorUri } from './mirror';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

test('a .sources file: several addresses, comments, options; disabled and source entries left out', () => {
  const text = `Types: deb deb-src
# not this one: http://old.invalid
URIs: http://a.invalid/debian http://b.invalid/debian
Suites: trixie trixie-updates
Components: main contrib
Signed-By: ${keyring}

Enabled: no
Types: deb
URIs: http://off.invalid
Suites: trixie
Components: main

Types: deb-src
URIs: http://source.invalid
Suites: trixie
Components: main
`;
  expect(parseDeb822(text)).toEqual(
    ['http://a.invalid/debian', 'http://b.invalid/debian'].map((uri) => ({
      uri,
      suites: ['trixie', 'trixie-updates'],
      components: ['main', 'contrib'],
      options: { 'Signed-By': keyring },
    })),
  );
});

test('a key that stands in the file itself keeps its lines', () => {
  const [source] = parseDeb822(
    'Types: deb\nURIs: http://a.invalid\nSuites: sid\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n',
  );
  expect(source?.options['Signed-By']).toBe('\n -----BEGIN\n .\n abc');
});

test('a .list file', () => {
  const text = `# deb http://off.invalid trixie main
deb [arch=amd64 signed-by=${keyring}] http://a.invalid/debian bookworm main contrib # why
deb-src http://a.invalid/debian bookworm main
deb http://b.invalid ./
`;
  expect(parseOneLine(text)).toEqual([
    {
      uri: 'http://a.invalid/debian',
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      options: { 'Signed-By': keyring },
    },
    { uri: 'http://b.invalid', suites: ['./'], components: [], options: {} },
  ]);
});

test("Debian itself is told from others that use its suites' names, and from Ubuntu", () => {
  const source = (uri: string, suites: string[], options: Record<string, string> = {}) => ({
    uri,
    suites,
    components: ['main'],
    options,
  });
  const vendor = source('http://vendor.invalid/debian/12', ['bookworm'], { 'Signed-By': '/etc/vendor.gpg' });
  const security = source('http://m.invalid/debian-security', ['bookworm-security'], { 'Signed-By': keyring });
  const debian = source('http://m.invalid/debian', ['bookworm'], { 'Signed-By': keyring });
  const plain = [
    source('http://p.invalid/debian', ['bookworm']),
    source('http://p.invalid/debian', ['bookworm-updates']),
  ];
  expect(debianSource([vendor, security, debian], ['bookworm'])).toBe(debian);
  expect(debianSource([vendor, ...plain], ['bookworm'])?.uri).toBe('http://p.invalid/debian');
  expect(debianSource([source('http://u.invalid/ubuntu', ['noble', 'noble-updates'])], ['bookworm'])).toBeUndefined();
});

test('addresses are escaped as apt does it', () => {
  expect(mirrorUri('http://m.invalid/debian', 'pool/main/r/r/r_1.0~b1+d_all.deb')).toBe(
    'http://m.invalid/debian/pool/main/r/r/r_1.0~b1%2Bd_all.deb',
  );
});
