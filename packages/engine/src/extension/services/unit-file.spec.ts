import { parseInstall } from './unit-file';

test('all keys, lists over several lines, comments', () => {
  const text = `
[Unit]
WantedBy=no.target
[Install]
# WantedBy=comment.target
WantedBy = a.target   b.target
WantedBy=c.target \\
; in between
  d.target
RequiredBy=e.target
UpheldBy=f.target
Alias=x.service
Also=y.socket
DefaultInstance=tty1
[X-Other]
WantedBy=no.target
`;
  expect(parseInstall(text)).toEqual({
    wantedBy: ['a.target', 'b.target', 'c.target', 'd.target'],
    requiredBy: ['e.target'],
    upheldBy: ['f.target'],
    alias: ['x.service'],
    also: ['y.socket'],
    defaultInstance: 'tty1',
  });
});

test('an empty assignment takes back what stood before', () => {
  expect(parseInstall('[Install]\nWantedBy=a.target\nWantedBy=\nWantedBy=b.target')?.wantedBy).toEqual(['b.target']);
});

test.each([
  '[Service]\nExecStart=/bin/true\n',
  '[Install]\n',
  '[Install]\nWantedBy=\n',
  '[Install]\nDefaultInstance=a\n',
  '',
])('nothing to follow: %j', (text) => {
  expect(parseInstall(text)).toBeUndefined();
});
