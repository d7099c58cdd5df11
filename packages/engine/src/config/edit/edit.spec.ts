import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AvocadoError } from '../../error';
import { loadConfigOrThrow } from '../load';
import { readHeader } from '../read-header';
import { addEntry, addRuntime, appendItem, listExtension, removeEntry, replaceEntry } from '.';

const at = { file: 'avocado.yaml' };

/** Everything that a rewrite would lose: comments, blank lines, quoting, flow style, odd spacing. */
const project = `# The product.

default_target:   "qemux86-64"   # the board on the desk
distro: {release: 2024, channel: 'edge'}


runtimes:
  dev:
    extensions: [ app , tools ]
    packages:
      avocado-runtime: "*"
  # prod comes later

extensions:
  # The first one.
  app:
    version: 1.10
    on_merge:
    - "systemctl restart app.service"  # no-block?

  tools:
    version: "0.1.0"
    # note on tools

sdk:
  image: x
`;

const without = (text: string, lines: string[]): string => lines.reduce((rest, line) => rest.replace(line, ''), text);

describe('addEntry', () => {
  test('adds behind the last entry, in the style of the file, and touches nothing else', () => {
    const value = { version: '0.1.0', packages: { x: '*' }, on_merge: ['a: b'] };
    const text = addEntry(project, ['extensions'], 'hello', value, at);
    const added = '\n  hello:\n    version: 0.1.0\n    packages:\n      x: "*"\n    on_merge:\n    - "a: b"\n';
    expect(text).toContain(`    # note on tools\n${added}\nsdk:`);
    expect(text.replace(added, '')).toBe(project);
  });

  test('makes the maps above it', () => {
    const text = addEntry(project, ['sdk', 'compile', 'hello'], 'compile', 'hello/compile.sh', at);
    const added = '  compile:\n    hello:\n      compile: hello/compile.sh\n';
    expect(text).toBe(`${project}${added}`);
  });

  test('puts a comment above it', () => {
    const text = addEntry(
      'extensions:\n  a:\n    version: 1.0.0\n',
      ['extensions'],
      'b',
      { x: 1 },
      { ...at, comment: 'Mine.' },
    );
    expect(text).toBe('extensions:\n  a:\n    version: 1.0.0\n  # Mine.\n  b:\n    x: 1\n');
  });

  test.each([
    ['an empty file', '', 'a:\n  b: 1\n'],
    ['a file of comments', '# hello\n', '# hello\na:\n  b: 1\n'],
    ['a key without a value', 'a: # none yet\nc: 1\n', 'a: # none yet\n  b: 1\nc: 1\n'],
    ['a key without a value and comments below', 'a:\n  # none yet\nc: 1\n', 'a:\n  b: 1\n  # none yet\nc: 1\n'],
    ['an empty map', 'a: {}  # none yet\nc: 1\n', 'a:  # none yet\n  b: 1\nc: 1\n'],
    ['null', 'a: ~\n', 'a:\n  b: 1\n'],
    ['a flow map', 'a: {x: [1]}\n', 'a: {x: [1], b: 1}\n'],
    ['no line break at the end', 'a:\n  x: 1', 'a:\n  x: 1\n  b: 1\n'],
    ['line breaks of Windows', 'a:\r\n  x: 1\r\nc: 1\r\n', 'a:\r\n  x: 1\r\n  b: 1\r\nc: 1\r\n'],
    ['four columns', 'c:\n    d:\n        e: 1\n', 'c:\n    d:\n        e: 1\na:\n    b: 1\n'],
    ['a block of text at the end', 'a:\n  x: |\n    text\n\nc: 1\n', 'a:\n  x: |\n    text\n  b: 1\n\nc: 1\n'],
  ])('%s', (_name, before, after) => {
    expect(addEntry(before, ['a'], 'b', 1, at)).toBe(after);
  });

  test.each([
    ['a key that is there', 'a:\n  b: 1\n', /a\.b is there already/, 2, 3],
    ['a list', 'a:\n  - 1\n', /a is no map/, 1, 1],
    ['a value', 'x: 1\na: 1\n', /a is no map/, 2, 1],
    ['an alias', 'x: &x\n  c: 1\na: *x\n', /a is no map/, 3, 1],
    ['a map that an alias repeats', 'a: &x\n  c: 1\nz: *x\n', /would change another/, 1, 1],
    ['no YAML', 'a: [\n', /cannot edit the file/, 2, 1],
  ])('refuses %s', (_name, before, message, line, column) => {
    const error = thrownBy(() => addEntry(before, ['a'], 'b', 1, at));
    expect(error.code).toBe('CONFIG_EDIT');
    expect(error.message).toMatch(message);
    expect(error.position).toEqual({ file: 'avocado.yaml', line, column });
    expect(error.hint).toMatch(/by hand/);
  });
});

describe('appendItem', () => {
  test.each([
    ['a block list', 'a:\n  - x # first\n  # - y\nb: 1\n', 'a:\n  - x # first\n  - z\n  # - y\nb: 1\n'],
    ['a list that is not indented', 'a:\n- x\nb: 1\n', 'a:\n- x\n- z\nb: 1\n'],
    ['a flow list', 'a: [ x,y ] # all\n', 'a: [ x,y, z ] # all\n'],
    ['a flow list over lines', 'a: [\n  x,\n  y,\n]\n', 'a: [\n  x,\n  y, z,\n]\n'],
    ['an empty list', 'a: []\n', 'a:\n  - z\n'],
    ['no list', 'b: 1\n', 'b: 1\na:\n  - z\n'],
    ['maps in it', 'a:\n  - x:\n      enabled: false\n', 'a:\n  - x:\n      enabled: false\n  - z\n'],
  ])('%s', (_name, before, after) => {
    expect(appendItem(before, ['a'], 'z', at)).toBe(after);
  });

  test('quotes what YAML would read otherwise', () => {
    expect(appendItem("a: ['x']\n", ['a'], '{{ x }}', at)).toBe("a: ['x', '{{ x }}']\n");
    expect(appendItem('a:\n  - x\n', ['a'], 'avocado-bsp-{{ avocado.target }}', at)).toBe(
      'a:\n  - x\n  - avocado-bsp-{{ avocado.target }}\n',
    );
  });
});

describe('removeEntry', () => {
  test('takes the entry with the comments on it, and one blank line', () => {
    const text = removeEntry(project, ['extensions', 'app'], at);
    const gone = ['  # The first one.\n', '  app:\n', '    version: 1.10\n', '    on_merge:\n'];
    expect(text).toBe(without(project, [...gone, '    - "systemctl restart app.service"  # no-block?\n\n']));
    const last = removeEntry(project, ['extensions', 'tools'], at);
    expect(last).toBe(without(project, ['\n  tools:\n', '    version: "0.1.0"\n', '    # note on tools\n']));
  });

  test('takes what would be left empty', () => {
    expect(removeEntry('a:\n  b:\n    c: 1\nd: 1\n', ['a', 'b', 'c'], at)).toBe('d: 1\n');
  });

  test('refuses what it does not find, or what shares a line', () => {
    expect(thrownBy(() => removeEntry('a: 1\n', ['b'], at)).message).toMatch(/there is no b/);
    expect(thrownBy(() => removeEntry('a: {b: 1, c: 1}\n', ['a', 'b'], at)).message).toMatch(/lines of its own/);
  });
});

test('addRuntime takes the name that the file has for runtimes', () => {
  expect(addRuntime('runtime:\n  a:\n    version: 1\n', 'b', { version: '2' }, at)).toBe(
    "runtime:\n  a:\n    version: 1\n  b:\n    version: '2'\n",
  );
});

test('replaceEntry gives another value and keeps the comments above', () => {
  const source = { source: { type: 'path', path: 'app' } };
  const text = replaceEntry(project, ['extensions', 'app'], source, at);
  expect(text).toContain(
    '  # The first one.\n  app:\n    source:\n      type: path\n      path: app\n\n  tools:\n    version: "0.1.0"\n',
  );
});

const corpus = join(__dirname, '../corpus');
const projects = readdirSync(corpus, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(projects.map(({ name }) => name))('%s: an extension comes and goes, and every byte is as before', (name) => {
  const text = readFileSync(join(corpus, name, 'avocado.yaml'), 'utf8');
  const value = { version: '0.1.0', packages: { hello: { compile: 'hello', install: 'install.sh' } } };
  const added = addEntry(text, ['extensions'], 'hello', value, at);
  const compiled = addEntry(added, ['sdk', 'compile'], 'hello', { compile: 'compile.sh' }, at);
  const runtime = /^runtimes:\n {2}([\w-]+):/m.exec(text)?.[1] ?? '';
  const listed = listExtension(compiled, runtime, 'hello', at);
  const { config } = loadConfigOrThrow('avocado.yaml', { text: listed, machine: machineOf(text) });
  expect(config.extensions['hello']).toMatchObject({ version: '0.1.0' });
  expect(config.runtimes[runtime]?.extensions.at(-1)).toEqual({ name: 'hello', enabled: true });
  const removed = removeEntry(removeEntry(compiled, ['extensions', 'hello'], at), ['sdk', 'compile', 'hello'], at);
  // A file may end with blank lines.
  expect(removed.trimEnd()).toBe(text.trimEnd());
});

function machineOf(text: string): string {
  const { header } = readHeader('avocado.yaml', { text });
  return header?.machines[0] ?? 'qemux86-64';
}

function thrownBy(run: () => unknown): AvocadoError {
  try {
    run();
  } catch (error) {
    if (error instanceof AvocadoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
