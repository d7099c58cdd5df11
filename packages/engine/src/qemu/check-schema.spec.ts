import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { bootCheck, bootChecksSchema, parseCheck } from './check-schema';

const file = resolve(__dirname, '../../../nx-avocado/schema/boot-test.schema.json');

test('the JSON Schema is the one that the definition gives (UPDATE_SCHEMA=1 rewrites it)', () => {
  const schema = JSON.parse(JSON.stringify(bootChecksSchema())) as object;
  if (process.env['UPDATE_SCHEMA'] === '1') writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(schema);
});

test('every kind of check and every key is described; each kind has an example, which is one', () => {
  for (const kind of bootCheck.options) {
    const { description, examples } = kind.meta() as { description: string; examples: { kind: string }[] };
    expect(description).toMatch(/^[A-Z].*\.$/);
    for (const example of examples) expect(parseCheck(example).kind).toBe(kind.shape.kind.value);
    for (const [name, key] of Object.entries(kind.shape)) {
      const inner = key instanceof z.ZodOptional ? (key.unwrap() as z.ZodType) : key;
      expect(`${name}: ${key.description ?? inner.description}`).toMatch(/: \S.{8}/);
    }
  }
});

test('what is not said has its default', () => {
  expect(parseCheck({ kind: 'journal', unit: 'a' })).toEqual({ kind: 'journal', unit: 'a', count: 1 });
  expect(parseCheck({ kind: 'command', command: 'true' })).toEqual({ kind: 'command', command: 'true', exitCode: 0 });
});

test.each<[unknown, string]>([
  [[], 'is no object'],
  [{ unit: 'a.service' }, 'has no "kind" that is one of unit, journal, port, file, command'],
  [{ kind: 'ports' }, 'has no "kind" that is one of'],
  [{ kind: 'unit' }, 'has no "unit"'],
  [{ kind: 'unit', unit: 'a; reboot' }, 'is no name of a unit'],
  [{ kind: 'unit', unit: 'a', timeout: 0 }, 'has a "timeout" that is wrong'],
  [{ kind: 'unit', unit: 'a', mayfail: true }, 'has the unknown key "mayfail"'],
  [{ kind: 'journal', unit: 'a', pattern: '(' }, 'Invalid regular expression'],
  [{ kind: 'journal', unit: 'a', count: 0 }, 'has a "count" that is wrong'],
  [{ kind: 'port', port: 70000 }, 'has a "port" that is wrong'],
  [{ kind: 'port', port: 80, send: 'x' }, '"send" needs a "pattern"'],
  [{ kind: 'file', path: 'etc/x' }, 'is no absolute path'],
  [{ kind: 'file', path: '/x', absent: true, pattern: 'x' }, 'what is "absent" has no "pattern"'],
  [{ kind: 'command', command: 'true', exitCode: 256 }, 'has a "exitCode" that is wrong'],
])('%j is refused', (check, message) => {
  expect(() => parseCheck(check, 'check 1')).toThrow(
    expect.objectContaining({ code: 'BOOT_CHECK_INVALID', message: expect.stringContaining(message) }),
  );
});
