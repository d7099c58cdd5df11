import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryAuth, registryOf } from './registry-auth';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'registry-auth-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const ask = (reference: string, config: object) => {
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  return registryAuth(reference, { DOCKER_CONFIG: directory, PATH: `${directory}:/usr/bin:/bin` });
};
const encoded = (text: string): string => Buffer.from(text).toString('base64');

test.each([
  ['avocadolinux/sdk:2024-edge', 'docker.io'],
  ['docker.io/avocadolinux/sdk', 'docker.io'],
  ['debian', 'docker.io'],
  ['localhost/sdk', 'localhost'],
  ['registry.example:5000/a/b@sha256:1', 'registry.example:5000'],
])('%s is of the registry %s', (reference, registry) => {
  expect(registryOf(reference)).toBe(registry);
});

test('what docker login wrote is handed over, a password with a colon included', async () => {
  const auths = {
    'r.example': { auth: encoded('me:pass:word') },
    'https://index.docker.io/v1/': { identitytoken: 'token' },
  };
  expect(await ask('r.example/sdk', { auths })).toEqual({
    serveraddress: 'r.example',
    username: 'me',
    password: 'pass:word',
  });
  expect(await ask('avocadolinux/sdk', { auths })).toMatchObject({ identitytoken: 'token' });
  expect(await ask('other.example/sdk', { auths })).toBeUndefined();
});

test('a credential helper is asked, as Docker does', async () => {
  const helper =
    '#!/bin/sh\nread -r name || true\n[ "$name" = r.example ] || exit 1\necho \'{"Username":"me","Secret":"s"}\'\n';
  writeFileSync(join(directory, 'docker-credential-test'), helper, { mode: 0o755 });
  const config = { credsStore: 'test' };
  expect(await ask('r.example/sdk', config)).toEqual({ serveraddress: 'r.example', username: 'me', password: 's' });
  expect(await ask('debian', config)).toBeUndefined();
  await expect(ask('debian', { credsStore: 'gone' })).rejects.toMatchObject({ code: 'DOCKER_CREDENTIALS_FAILED' });
});
