import { parseChecks } from './checks';

const parse = (value: unknown) => parseChecks(JSON.stringify(value), 'app/boot-test.json', 'dev');

test('the checks of one runtime; a journal check counts to 1 unless it says more', () => {
  const journal = { kind: 'journal', unit: 'a.service', jsonKeys: ['uptime'], count: 2 };
  expect(parse({ dev: [{ kind: 'unit', unit: 'a.service' }, journal], prod: [{}] })).toEqual([
    { kind: 'unit', unit: 'a.service' },
    journal,
  ]);
  expect(parse({ prod: [] })).toEqual([]);
});

test.each<[unknown, string]>([
  [[], 'an object of runtimes'],
  [{ dev: {} }, 'a list of checks'],
  [{ dev: [{ unit: 'a.service' }] }, 'check 1 of "dev" has no "kind"'],
  [{ dev: [{ kind: 'unit', unit: 'a b' }] }, 'has a "unit" that is wrong: is no name of a unit'],
  [{ dev: [{ kind: 'unit', unit: 'a.service', patern: 'x' }] }, 'unknown key "patern"'],
  [{ dev: [{ kind: 'journal', unit: 'a.service', pattern: '(' }] }, 'Invalid regular expression'],
  [{ dev: [{ kind: 'journal', unit: 'a.service', count: 0 }] }, 'a "count"'],
])('%j is refused', (value, message) => {
  expect(() => parse(value)).toThrow(
    expect.objectContaining({ code: 'BOOT_CHECKS_INVALID', message: expect.stringContaining(message) }),
  );
});
