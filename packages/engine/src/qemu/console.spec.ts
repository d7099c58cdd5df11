import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleLog, plainText } from './console';

test.each([
  ['[\x1b[0;32m  OK  \x1b[0m] Started', '[  OK  ] Started'],
  ['\x1b[!p\x1b]104\x07\x1b[?7hlogin:\x1b[6n', 'login:'],
  ['a\r\nb\tc\x07', 'a\nb\tc'],
])('%j is %j in plain text', (text, plain) => {
  expect(plainText(text)).toBe(plain);
});

test('everything is in the file, the end in memory, and closing twice is closing once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'console-'));
  try {
    const log = new ConsoleLog(join(directory, 'logs', 'c.log'));
    for (let index = 0; index < 10_000; index++) log.add(`line number ${index}\r\n`);
    await Promise.all([log.close(), log.close()]);
    await log.close();
    expect((await readFile(log.path, 'utf8')).split('\n')).toHaveLength(10_001);
    expect(log.tail(2)).toBe('line number 9998\nline number 9999');
    expect(log.includes('line number 9000\r')).toBe(true);
  } finally {
    await rm(directory, { recursive: true });
  }
});
