import { checkName, checkSummary } from './name';

test.each(['a', 'hello', 'ref-rust', 'ref_rust', 'app2'])('%s is a name', (name) => {
  expect(() => checkName('extension', name)).not.toThrow();
});

test.each([
  ['MyApp', /: my-app\.$/],
  ['2fast', /: fast\.$/],
  ['a.b', /: a-b\.$/],
  ['a-', /: a\.$/],
  ['a--b', /: a-b\.$/],
  ['../x', /: x\.$/],
  ['', /between words\.$/],
  ['é', /between words\.$/],
  ['a'.repeat(65), /: a{64}\.$/],
])('%j is none', (name, hint) => {
  expect(() => checkName('runtime', name)).toThrow(
    expect.objectContaining({ code: 'NAME_INVALID', hint: expect.stringMatching(hint) as string }) as Error,
  );
});

test('names of the tools are kept for them', () => {
  expect(() => checkName('extension', 'test', ['test'])).toThrow(/test is no name for an extension of this language/);
});

test.each(["Ada's sensor (I2C), v2", 'Größe', 'a/b + c & d'])('%j is a summary', (summary) => {
  expect(() => checkSummary(summary)).not.toThrow();
});

test.each(['', 'two\nlines', 'a "quote"', 'a: b', 'a #b', '%h', 'back\\slash', 'ends:', '*/'])(
  '%j is none',
  (summary) => {
    expect(() => checkSummary(summary)).toThrow(expect.objectContaining({ code: 'SUMMARY_INVALID' }) as Error);
  },
);
