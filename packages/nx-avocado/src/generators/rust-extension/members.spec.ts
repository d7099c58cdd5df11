import type { AvocadoError } from '@nx-avocado/engine/error';
import { addLockedPackage } from './cargo-lock';
import { addMember, matchesMember, readWorkspace } from './members';

function add(text: string): string {
  const workspace = readWorkspace('.', text);
  if (!workspace) throw new Error('no workspace');
  return addMember(workspace, 'crates/hello', 'Cargo.toml');
}

describe('addMember keeps the rest of the file', () => {
  test.each([
    ['one line', '[workspace]\nmembers = ["a"] # all\n', '[workspace]\nmembers = ["a", "crates/hello"] # all\n'],
    ['an empty list', '[workspace]\nmembers = []\n', '[workspace]\nmembers = ["crates/hello"]\n'],
    ['a comma at the end', "[workspace]\nmembers = ['a', ]\n", `[workspace]\nmembers = ['a',  "crates/hello"]\n`],
    [
      'a line each',
      '# top\n[workspace]\nresolver = "2"\nmembers = [\n    "a", # first ]\n    "b"\n]\n\n[profile.release]\nlto = true\n',
      '# top\n[workspace]\nresolver = "2"\nmembers = [\n    "a", # first ]\n    "b",\n    "crates/hello",\n]\n\n[profile.release]\nlto = true\n',
    ],
    [
      'a comment behind the last',
      '[workspace]\nmembers = [\n  "a" # "quoted"\n]\n',
      '[workspace]\nmembers = [\n  "a", # "quoted"\n  "crates/hello",\n]\n',
    ],
    [
      'no list',
      '[package]\nname = "a"\n\n[workspace]\n',
      '[package]\nname = "a"\n\n[workspace]\nmembers = ["crates/hello"]\n',
    ],
    ['no line break', '[workspace]', '[workspace]\nmembers = ["crates/hello"]\n'],
    ['a pattern that has it', '[workspace]\nmembers = ["crates/*"]\n', '[workspace]\nmembers = ["crates/*"]\n'],
    [
      'members elsewhere',
      '[workspace]\nresolver = "2"\n[workspace.metadata.x]\nmembers = ["y"]\n',
      '[workspace]\nmembers = ["crates/hello"]\nresolver = "2"\n[workspace.metadata.x]\nmembers = ["y"]\n',
    ],
  ])('%s', (_name, before, after) => {
    expect(add(before)).toBe(after);
  });

  test('refuses what it does not understand', () => {
    expect(() => add('workspace = { members = ["a"] }\n')).toThrow(
      expect.objectContaining({
        code: 'CARGO_WORKSPACE_EDIT',
        hint: expect.stringMatching(/by hand/) as string,
      }) as AvocadoError,
    );
  });
});

test.each([
  ['crates/*', 'crates/hello', true],
  ['crates/*', 'crates/a/hello', false],
  ['**/hello', 'crates/a/hello', true],
  ['./crates/h?llo/', 'crates/hello', true],
  ['crates', 'crates/hello', false],
])('%s matches %s: %s', (pattern, path, matches) => {
  expect(matchesMember(pattern, path)).toBe(matches);
});

describe('addLockedPackage', () => {
  const entry = (name: string): string => `[[package]]\nname = "${name}"\nversion = "1.0.0"\n`;
  const lock = (...names: string[]): string => ['version = 4\n', ...names.map(entry)].join('\n');

  test.each([
    [['a', 'z'], 1],
    [['z'], 0],
    [['a'], 1],
    [[], 0],
  ])('puts it where cargo would: %j', (names, place) => {
    const blocks = names.map(entry);
    blocks.splice(place, 0, '[[package]]\nname = "hello"\nversion = "0.1.0"\n');
    expect(addLockedPackage(lock(...names), 'hello', 'Cargo.lock')).toBe(['version = 4\n', ...blocks].join('\n'));
  });

  test('refuses a name that is there', () => {
    expect(() => addLockedPackage(lock('hello'), 'hello', 'Cargo.lock')).toThrow(/has a package hello already/);
  });
});
