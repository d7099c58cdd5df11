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

test.each(['', '\t:::', 'extensions: 3', 'extensions:\n- a\n', '\u0000'])('nothing to read in %j', (text) => {
  expect(names(text)).toEqual([]);
});
