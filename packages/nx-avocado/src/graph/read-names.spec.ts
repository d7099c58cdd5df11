import { scanNames } from './read-names';

const names = (text: string) => scanNames(text).map(({ kind, name }) => `${kind} ${name}`);

test('keys below runtimes and extensions, whatever is wrong elsewhere', () => {
  const text = `
default_target: [broken
runtimes:
  # a comment
  dev:
    extensions:
      - app
extensions:
    app:
        version: 0.1.0
    "quoted-one":
        version: }{
    avocado-bsp-{{ avocado.target }}:
        source: 1
    app:
        again: true
sdk:
  image: x
`;
  expect(names(text)).toEqual(['runtime dev', 'extension app', 'extension quoted-one']);
});

test('a key that is no name does not hide those beside it', () => {
  expect(names('extensions:\n  ../up:\n    version: 1\n  app:\n    version: 1\n')).toEqual(['extension app']);
});

test.each(['', '\t:::', 'extensions: 3', 'extensions:\n- a\n', '\u0000'])('nothing to read in %j', (text) => {
  expect(names(text)).toEqual([]);
});
