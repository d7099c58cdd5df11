import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, readHeader } from '.';

const CORPUS = join(__dirname, 'corpus');
const ROUNDS = 400;

const seeds = readdirSync(CORPUS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()
  .map((name) => readFileSync(join(CORPUS, name, 'avocado.yaml'), 'utf8'));

/** mulberry32: the same numbers in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

const SNIPPETS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    '- ',
    '? ',
    '&a ',
    '*a',
    '!t ',
    '|',
    '>',
    '"',
    "'",
    '#',
    '%',
    '\t',
    '\r\n',
    '\n',
    '  ',
    ',',
  ],
  ...[
    '\0',
    '\ufeff',
    '\u2028',
    '\ud800',
    '..',
    '/',
    '~',
    '<<: ',
    '---\n',
    '...\n',
    '__proto__: 1\n',
    'constructor: {}\n',
  ],
  ...[
    '{{ env.HOME }}',
    '{{ config.sdk }}',
    '{{ config.default_target }}',
    '{{',
    '}}',
    '{{ avocado.runtime }}',
    '{{ x }}',
  ],
  ...[
    '{{ avocado.extensions.app.version }}',
    'target-qemux86-64:',
    'kernel-6.*:',
    'qemuarm64:',
    'null',
    '1e9',
    '0x10',
    '.nan',
  ],
  ...[
    'version: {file: x, key: y}',
    'extensions: 3',
    'packages: []',
    'rootfs: {a: {}, packages: {}}',
    'kernel: {}',
    '$X',
  ],
];

function mutate(text: string, random: (below: number) => number): string {
  let mutated = text;
  for (let count = 1 + random(4); count > 0; count--) {
    const lines = mutated.split('\n');
    const line = random(lines.length);
    const at = random(mutated.length + 1);
    const snippet = SNIPPETS[random(SNIPPETS.length)] ?? '';
    switch (random(7)) {
      case 0:
        mutated = mutated.slice(0, at) + snippet + mutated.slice(at);
        break;
      case 1:
        mutated = mutated.slice(0, at) + mutated.slice(at + 1 + random(20));
        break;
      case 2:
        lines.splice(line, 1);
        mutated = lines.join('\n');
        break;
      case 3:
        lines.splice(line, 0, lines[random(lines.length)] ?? '');
        mutated = lines.join('\n');
        break;
      case 4:
        lines[line] = `${' '.repeat(random(5))}${(lines[line] ?? '').trimStart()}`;
        mutated = lines.join('\n');
        break;
      case 5:
        lines[line] = (lines[line] ?? '').replace(/:.*/, `: ${snippet}`);
        mutated = lines.join('\n');
        break;
      default:
        mutated = mutated.slice(0, at) + String.fromCharCode(random(0x250)) + mutated.slice(at);
    }
  }
  return mutated;
}

test(`${ROUNDS} mutated projects give a config or diagnostics with a place, and nothing else`, () => {
  const random = generator(20261122);
  const outcomes = { loaded: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const text = mutate(seeds[random(seeds.length)] ?? '', random);
    const lines = text.split('\n').length;
    const machine = random(3) === 0 ? 'raspberrypi5' : 'qemux86-64';
    const options = { text, env: { HOME: '/home/user' }, readFile: () => '{"y": "1.2.3"}' };
    readHeader('avocado.yaml', options);
    const result = loadConfig('avocado.yaml', { ...options, machine });
    if (result.config) outcomes.loaded++;
    else outcomes.refused++;
    const problems = result.config ? result.config.warnings : result.errors;
    if (!result.config) expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) {
      expect(problem).toEqual({
        code: expect.stringMatching(/^CONFIG_[A-Z_]+$/) as string,
        message: expect.stringMatching(/./) as string,
        file: 'avocado.yaml',
        line: expect.any(Number) as number,
        column: expect.any(Number) as number,
        ...(problem.hint === undefined ? {} : { hint: expect.stringMatching(/./) as string }),
      });
      expect(problem.line >= 1 && problem.line <= lines && problem.column >= 1).toBe(true);
    }
  }
  // Neither outcome is rare, or the mutations would test nothing.
  expect(Math.min(outcomes.loaded, outcomes.refused)).toBeGreaterThan(ROUNDS / 20);
});

/** Each would take minutes, gigabytes or the whole process without a limit. */
const hostile: [string, string, string][] = [
  ['alias bomb', 'CONFIG_TOO_LARGE', ['a: &a [x, x, x, x, x, x, x, x, x]', ...bomb()].join('\n')],
  ['self reference', 'CONFIG_SYNTAX', 'extensions: &e\n  a: *e\n'],
  ['huge', 'CONFIG_TOO_LARGE', `a: ${'x'.repeat(300_000)}`],
  ['deep flow', 'CONFIG_TOO_DEEP', '['.repeat(100_000)],
  ['deep block', 'CONFIG_TOO_DEEP', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['deep sequence', 'CONFIG_TOO_DEEP', '- '.repeat(60_000)],
  ['deep explicit keys', 'CONFIG_TOO_DEEP', '? '.repeat(60_000)],
  ['many keys', 'CONFIG_UNKNOWN_KEY', Array.from({ length: 12_000 }, (_, index) => `k${index}: v`).join('\n')],
  ['many errors', 'CONFIG_SYNTAX', '}'.repeat(130_000)],
  [
    'many extensions',
    'CONFIG_UNKNOWN_KEY',
    `extensions:\n${Array.from({ length: 5000 }, (_, index) => `  e${index}: {versoin: 1}`).join('\n')}`,
  ],
  [
    'many blocks',
    'CONFIG_TOO_LARGE',
    `sdk:\n${Array.from({ length: 3000 }, (_, index) => `  target-t${index}: {image: x}`).join('\n')}`,
  ],
  [
    'many references',
    'CONFIG_EXTENSION_UNDEFINED',
    `runtimes: {dev: {extensions: [${Array.from({ length: 16_000 }, (_, index) => `e${index}`).join(',')}]}}`,
  ],
  [
    'text bomb',
    'CONFIG_TOO_LARGE',
    `a0: ${'x'.repeat(50)}\n${Array.from({ length: 40 }, (_, index) => `a${index + 1}: "${`{{ config.a${index} }}`.repeat(9)}"`).join('\n')}`,
  ],
  [
    'long chain',
    'CONFIG_INTERPOLATION_CYCLE',
    `a0: x\n${Array.from({ length: 500 }, (_, index) => `a${index + 1}: "{{ config.a${index} }}"`)
      .reverse()
      .join('\n')}`,
  ],
  ['NUL', 'CONFIG_ENCODING', 'a: b\0c'],
  ['NUL in an escape', 'CONFIG_ENCODING', 'default_target: "a\\0b"'],
  ['list', 'CONFIG_ROOT', '- a\n- b\n'],
  ['text', 'CONFIG_ROOT', 'hello\n'],
  ['two documents', 'CONFIG_SYNTAX', 'a: 1\n---\nb: 2\n'],
  ['tag', 'CONFIG_SYNTAX', 'default_target: !!binary aGVsbG8=\n'],
];

function bomb(): string[] {
  return 'bcdefghi'.split('').map((name, index) => {
    const before = String.fromCharCode(name.charCodeAt(0) - 1);
    return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}] # ${index}`;
  });
}

// What is not refused takes longer than any limit of a test.
test.each(hostile)('%s: refused', (_, code, text) => {
  const { errors } = loadConfig('avocado.yaml', { text, machine: 'qemux86-64' });
  expect(errors?.map((error) => error.code)).toContain(code);
  for (const error of errors ?? []) expect(error.line >= 1 && error.column >= 1).toBe(true);
  expect(errors?.length).toBeLessThanOrEqual(100);
});
