import { spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { followCommand, journalLines, parseJournalLine, unitName } from './journal';

const entry = (message: unknown): string =>
  JSON.stringify({ MESSAGE: message, _SYSTEMD_UNIT: 'app.service', __MONOTONIC_TIMESTAMP: '1500000', _BOOT_ID: 'b' });

test.each([
  ['text', 'text'],
  [[0x67, 0x72, 0xc3, 0xbc, 0x6e], 'grün'],
])('a message that is %j', (message, text) => {
  expect(parseJournalLine(entry(message))).toEqual({ unit: 'app.service', message: text, time: 1.5, boot: 'b' });
});

test.each([entry(null), '{"MESSAGE":"of no unit"}', '{"MESS', '', 'null'])('%j is left out', (line) => {
  expect(parseJournalLine(line)).toBeUndefined();
});

test('lines come whole, however the stream cuts them', async () => {
  const bytes = Buffer.from(`${entry('grün')}\n${entry('two')}\n`);
  const pieces = [...bytes].map((byte) => Buffer.from([byte]));
  const messages: string[] = [];
  for await (const { message } of journalLines(Readable.from(pieces))) messages.push(message);
  expect(messages).toEqual(['grün', 'two']);
});

test('unit names are completed as systemd does', () => {
  expect(['ref-rust', 'a.service', 'b.socket', 'c@1', 'd.conf'].map(unitName)).toEqual([
    'ref-rust.service',
    'a.service',
    'b.socket',
    'c@1.service',
    'd.conf.service',
  ]);
  expect(followCommand(['a', 'dev\\x2d'])).toContain(
    " _SYSTEMD_UNIT=a.service + '_SYSTEMD_UNIT=dev\\x2d.service'; } >/dev/",
  );
  expect(followCommand([])).toContain(' _TRANSPORT=journal + _TRANSPORT=stdout + _TRANSPORT=syslog; } >/dev/');
});

test('the command is one that a shell understands', () => {
  expect(spawnSync('/bin/sh', ['-n', '-c', followCommand(['a', 'b'])]).status).toBe(0);
});
