import { loadConfig } from '.';
import { splitArguments } from './container-args';

function split(text: string): string[] {
  const complaints: string[] = [];
  const note = (message: string): void => void complaints.push(`!${message}`);
  const env = (name: string): string | undefined => ({ HOME: '/home/a b', EMPTY: '' })[name];
  return [...splitArguments(text, env, { error: note, warn: note }), ...complaints];
}

test.each([
  ['', []],
  ['-v /dev:/dev', ['-v', '/dev:/dev']],
  ['  a \t b\n', ['a', 'b']],
  [`'a b' "c d"e`, ['a b', 'c de']],
  [`a\\ b "\\"" '\\'`, ['a b', '"', '\\']],
  [`"" ''`, ['', '']],
  ['-v $HOME:/x ${HOME}/y', ['-v', '/home/a b:/x', '/home/a b/y']],
  [`'$HOME' "$HOME" \\$HOME $ $1`, ['$HOME', '/home/a b', '$HOME', '$', '$1']],
  ['a$EMPTY', ['a']],
  ['$NONE', ['', '!the environment variable NONE is not set; it counts as empty']],
  ["'a", ['a', "!the quote ' is not closed"]],
  ['a;b|c`d` $(e)', ['a;b|c`d`', '$(e)']],
])('%s', (text, words) => {
  expect(split(text)).toEqual(words);
});

test('text and list alike; complaints have a place', () => {
  const load = (args: string) =>
    loadConfig('avocado.yaml', { machine: 'm', text: `sdk:\n  container_args: ${args}\n` });
  expect(load('-v /a:/a --x').config?.sdk.container_args).toEqual(['-v', '/a:/a', '--x']);
  expect(load('[-v /a:/a, --x]').config?.sdk.container_args).toEqual(['-v', '/a:/a', '--x']);
  expect(load(`[a, "'b"]`).errors).toMatchObject([{ code: 'CONFIG_CONTAINER_ARGS', line: 2, column: 23 }]);
});
