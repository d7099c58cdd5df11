import { createServer, connect } from 'node:net';
import type { Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { attachTerminal, readTyped } from './terminal';

test.each([
  ['ls\r', 'ls\r', undefined],
  ['a\x03b', 'a', 'power-off'],
  ['a\x01x', 'a', 'quit'],
  ['\x01\x03', '\x03', undefined],
  ['\x01\x01', '\x01', undefined],
  ['\x01b', '\x01b', undefined],
])('%j is for the guest as %j', (typed, forwarded, action) => {
  const result = readTyped(Buffer.from(typed), false);
  expect([result.forward.toString(), result.action]).toEqual([forwarded, action]);
  expect(result.escaped).toBe(false);
});

test('Ctrl-A waits for what follows, in the next chunk too', () => {
  const first = readTyped(Buffer.from('\x01'), false);
  expect(first).toEqual({ forward: Buffer.alloc(0), escaped: true });
  expect(readTyped(Buffer.from('x'), first.escaped).action).toBe('quit');
});

test('connects input and output; the end of the input ends nothing; the terminal is given back', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'terminal-'));
  const path = join(directory, 's');
  const server = createServer();
  const guest = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const console = connect(path);
  try {
    const raw: boolean[] = [];
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (mode: boolean) => raw.push(mode) });
    const output = new PassThrough();
    const actions: string[] = [];
    const detach = attachTerminal({ input, output }, console, (action) => actions.push(action));
    const remote = await guest;
    input.write('root\r');
    expect(String((await remote[Symbol.asyncIterator]().next()).value)).toBe('root\r');
    input.end('\x03');
    await new Promise((resolve) => input.once('end', resolve));
    expect(actions).toEqual(['power-off']);
    expect(console.destroyed).toBe(false);
    detach();
    expect(raw).toEqual([true, false]);
  } finally {
    console.destroy();
    server.close();
    await rm(directory, { recursive: true });
  }
});
