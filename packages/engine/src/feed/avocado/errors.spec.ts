import { AvocadoError } from '../../error';
import { explain, withoutCredentials } from './errors';

const failed = new AvocadoError('COMMAND_FAILED', 'dnf ended with code 1');

test.each([
  [
    'Status code: 404 for https://f/2024/edge/snapshots/S1/sdk/all/repodata/repomd.xml (IP: 1.2.3.4)',
    'SNAPSHOT_VANISHED',
  ],
  ['Curl error (60): SSL peer certificate or SSH remote key was not OK for https://f/repomd.xml', 'FEED_UNTRUSTED'],
  ['Curl error (77): Problem with the SSL CA cert (path? access rights?)', 'FEED_UNTRUSTED'],
  ["Curl error (7): Couldn't connect to server for http://f/repomd.xml", 'FEED_UNREACHABLE'],
  ['Curl error (28): Timeout was reached for http://f/repomd.xml', 'FEED_UNREACHABLE'],
  ['Status code: 401 for https://f/repomd.xml', 'FEED_FORBIDDEN'],
  ['Status code: 500 for https://f/repomd.xml', 'FEED_UNREACHABLE'],
  ["[MIRROR] a.rpm: Downloading successful, but checksum doesn't match. Calculated: 1  Expected: 2", 'PACKAGE_CORRUPT'],
  ['No match for argument: a-1.0\nError: Unable to find a match: a-1.0', 'PACKAGE_UNAVAILABLE'],
  ["Error: Unknown repo: 'mine'", 'REPOSITORY_UNKNOWN'],
  ['Error: \n Problem: conflicting requests\n  - nothing provides b needed by a', 'PACKAGE_UNAVAILABLE'],
  ['OSError: [Errno 28] No space left on device', 'DISK_FULL'],
])('%s: %s', (text, code) => {
  const error = explain(text, failed);
  expect(error?.code).toBe(code);
  expect(error?.hint).toBeTruthy();
});

test('what is not known stays as it is', () => {
  expect(explain('Traceback (most recent call last)', failed)).toBeUndefined();
});

test('names and passwords of an address are never shown', () => {
  expect(withoutCredentials('for https://me:se%40cret@feed.example/x and http://feed.example/y@z')).toBe(
    'for https://feed.example/x and http://feed.example/y@z',
  );
});
