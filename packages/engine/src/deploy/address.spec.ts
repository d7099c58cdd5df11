import { parseDevice } from '.';

test.each([
  ['localhost', { destination: 'root@localhost' }],
  ['localhost:2222', { destination: 'root@localhost', port: 2222 }],
  ['me@board.lan:22', { destination: 'me@board.lan', port: 22 }],
  ['lab-3', { destination: 'root@lab-3' }],
  ['fe80::1%eth0', { destination: 'root@fe80::1%eth0' }],
  ['me@[fe80::1%eth0]:2222', { destination: 'me@fe80::1%eth0', port: 2222 }],
])('%s', (text, address) => {
  expect(parseDevice(text)).toEqual(address);
});

test.each([
  '',
  'a b',
  '-oProxyCommand=x',
  'me@-x',
  '-me@host',
  'host:0',
  'host:65536',
  'host:22:33',
  'ssh://host',
  'a/b',
  '[x',
  "x'y",
])('%j is refused', (text) => {
  expect(() => parseDevice(text)).toThrow(expect.objectContaining({ code: 'DEVICE_INVALID' }));
});
