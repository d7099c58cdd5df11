import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCheck } from './check-schema';
import type { GuestResult } from './observer';
import { judgeProbe, probeCommand } from './probes';
import type { Probe } from './probes';

/** This machine as the guest: the same shell, the same programs. */
function ask(check: Probe, seconds = 10): Promise<GuestResult> {
  const child = spawn('/bin/sh', ['-c', `{ ${probeCommand(check, seconds)}\n} </dev/null 2>&1`], { stdio: 'pipe' });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? -1, output })));
}

async function look(check: object, seconds?: number) {
  const probe = parseCheck(check) as Probe;
  return judgeProbe(probe, await ask(probe, seconds));
}

describe('ports', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (sent) => socket.write(`HTTP/1.1 200 OK\r\n\r\nyou sent ${sent.toString().trim()}\n`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => server.close());

  test('one that is listened on, and one that is not', async () => {
    expect(await look({ kind: 'port', port })).toEqual({ passed: true, evidence: ['it is listened on'] });
    expect(await look({ kind: 'port', port: 1 })).toEqual({
      passed: false,
      evidence: [expect.stringMatching(new RegExp(`^listened on: (.*, )?${port}(,|$)`))],
    });
  });

  test('the first answer is matched, though the connection stays open', async () => {
    const asked = { kind: 'port', port, send: "GET '/' HTTP/1.0\r\n\r\n" };
    expect(await look({ ...asked, pattern: '^HTTP/1\\.1 200' })).toEqual({
      passed: true,
      evidence: ['HTTP/1.1 200 OK'],
    });
    expect(await look({ ...asked, pattern: "sent GET '/'" })).toMatchObject({ passed: true });
    expect(await look({ ...asked, pattern: ' 404 ' })).toMatchObject({ passed: false });
    expect((await look({ kind: 'port', port: 1, pattern: '.' })).passed).toBe(false);
  });

  test('an answer that does not come is not waited for', async () => {
    expect(await look({ kind: 'port', port, pattern: '.' }, 1)).toEqual({
      passed: false,
      evidence: ['no end in time'],
    });
  });
});

describe('files', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "it's "));
    await writeFile(join(directory, 'release'), 'NAME=x\nID=debian\n');
    await symlink('nowhere', join(directory, 'dangling'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test.each([
    ['release', {}, true, 'it is there'],
    ['none', {}, false, 'it is not there'],
    ['none', { absent: true }, true, 'it is not there'],
    ['release', { absent: true }, false, 'it is there'],
    ['dangling', { absent: true }, false, 'it is there'],
    ['release', { pattern: '^ID=debian$' }, true, 'ID=debian'],
    ['release', { pattern: '^ID=ubuntu$' }, false, 'no match in 17 characters'],
    ['none', { pattern: 'x' }, false, 'exit code 1'],
  ])('%s %j: %s, %s', async (name, more, passed, seen) => {
    const found = await look({ kind: 'file', path: join(directory, name), ...more });
    expect([found.passed, found.evidence[0]]).toEqual([passed, seen]);
  });
});

describe('commands', () => {
  test.each([
    [{ command: 'true' }, true, ['exit code 0']],
    [{ command: "echo 'a b'; exit 3", exitCode: 3, pattern: '^a b$' }, true, ['a b']],
    [{ command: 'echo why >&2; exit 3' }, false, ['exit code 3', 'why']],
    [{ command: 'printf "1\\n2\\n3\\n"', pattern: '1\\n2' }, true, ['1', '2']],
    [{ command: 'cat', pattern: '^$' }, true, ['']],
  ])('%j: %s', async (check, passed, evidence) => {
    expect(await look({ kind: 'command', ...check })).toEqual({ passed, evidence });
  });

  test('one that hangs is ended, with what it has started', async () => {
    const mark = `${process.pid}.125`;
    expect(await look({ kind: 'command', command: `sleep ${mark} & wait` }, 1)).toEqual({
      passed: false,
      evidence: ['no end in time'],
    });
    expect(spawnSync('pgrep', ['-f', `^sleep ${mark}`]).stdout.toString()).toBe('');
  });
});
