import { channelPaths, withChannels } from './channel';
import { elsewhere } from './connect';
import { parseEndpoint } from './endpoint';

test('a command has each channel as two descriptors', () => {
  expect(channelPaths(['a', 'b'], 'b')).toEqual({ input: '/proc/self/fd/12', output: '/proc/self/fd/13' });
  expect(withChannels(['qemu', '-x y'], [7, 8])).toEqual([
    ...['/bin/bash', '-c'],
    'exec 10</proc/7/fd/0 11>/proc/7/fd/1 12</proc/8/fd/0 13>/proc/8/fd/1; exec "$@"',
    ...['channels', 'qemu', '-x y'],
  ]);
});

test.each([
  ['unix:///run/docker.sock', undefined],
  ['tcp://127.0.0.1:2375', undefined],
  ['tcp://[::1]:2375', undefined],
  ['ssh://me@localhost', undefined],
  ['ssh://me@build', 'me@build'],
  ['tcp://build:2376', 'build'],
])('whether the ports of a daemon are on this machine: %s', (address, reached) => {
  expect(elsewhere(parseEndpoint(address, 'a test')).elsewhere).toBe(reached);
});
