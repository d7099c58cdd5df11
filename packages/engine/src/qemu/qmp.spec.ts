import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Qmp } from './qmp';
import type { QmpEvent } from './qmp';

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n';
let directory: string;
let end: () => void;

/** The wire, with answers written as QEMU writes them; e2e/boot.spec.ts speaks with QEMU itself. */
async function open(answer: (command: string, id: number, socket: Socket) => void, events: QmpEvent[] = []) {
  const path = join(directory, 'qmp');
  const server = createServer((socket) => {
    socket.write(greeting);
    socket.on('data', (text) => {
      const { execute, id } = JSON.parse(text.toString()) as { execute: string; id: number };
      answer(execute, id, socket);
    });
    socket.on('error', () => undefined);
    end = () => socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  server.unref();
  const qmp = await Qmp.open(connect(path), (event) => events.push(event));
  server.close();
  return qmp;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'qmp-'));
});
afterEach(async () => {
  end();
  await rm(directory, { recursive: true });
});

const ok = (_command: string, id: number, socket: Socket): void => void socket.write(`{"return": {}, "id": ${id}}\r\n`);

test('negotiates, then answers find their commands, with events in between and in pieces', async () => {
  const events: QmpEvent[] = [];
  const qmp = await open((command, id, socket) => {
    if (command === 'qmp_capabilities') return ok(command, id, socket);
    socket.write('{"event": "SHUTDOWN", "data": {"reason": "host-qmp-quit"}}\r\n{"retu');
    setTimeout(() => socket.write(`rn": "${command}", "id": ${id}}\r\n`), 5);
  }, events);
  expect(await Promise.all([qmp.execute('a')])).toEqual(['a']);
  expect(events).toEqual([{ event: 'SHUTDOWN', data: { reason: 'host-qmp-quit' } }]);
});

test('a command that QEMU refuses, does not answer, or leaves unanswered by ending', async () => {
  const qmp = await open((command, id, socket) => {
    if (command === 'refused') socket.write(`{"error": {"class": "GenericError", "desc": "no"}, "id": ${id}}\r\n`);
    else if (command === 'end') socket.destroy();
    else if (command !== 'silent') ok(command, id, socket);
  });
  const failure = (message: string) => ({ code: 'QMP_FAILED', message: `QEMU did not do ${message}` });
  await expect(qmp.execute('refused')).rejects.toMatchObject(failure('refused: no'));
  await expect(qmp.execute('silent', undefined, 20)).rejects.toMatchObject(failure('silent: no answer in 20 ms'));
  await expect(qmp.execute('end')).rejects.toMatchObject(failure('end: QEMU is gone'));
  await expect(qmp.execute('late')).rejects.toMatchObject(failure('late: QEMU is gone'));
});
