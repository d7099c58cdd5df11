import { changesBetween } from './sent-changes';

const files = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));

test('what is new, changed and gone; what is marked as a cache stays', () => {
  const before = files({ a: 'f 1', 'd/old': 'f 1', d: 'd -', same: 'f 1', becomes: 'f 1' });
  const after = files({
    ...{ a: 'f 2', same: 'f 1', new: 'f 1', becomes: 'd -', 'becomes/x': 'f 1' },
    ...{ target: 'd -', 'target/CACHEDIR.TAG': 'f 1', 'target/x/y': 'f 1' },
  });
  expect(changesBetween(before, after)).toEqual({
    directories: ['becomes'],
    files: ['a', 'becomes/x', 'new'],
    gone: ['d/old', 'd'],
  });
});
