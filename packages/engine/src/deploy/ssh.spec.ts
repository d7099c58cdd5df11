import { masterArguments, sessionArguments } from './ssh';
import { sshFailure } from './ssh-failure';

const address = { destination: 'root@board', port: 2222 };

test("the user's options come first, for ssh takes the first of two; the destination cannot be an option", () => {
  const args = masterArguments(
    address,
    '/run/100%/s',
    { identity: '/k', sshOptions: ['ServerAliveInterval=1'] },
    'echo up',
  );
  expect(args.slice(0, 2)).toEqual(['-o', 'ServerAliveInterval=1']);
  expect(args).toContain('ControlPath=/run/100%%/s');
  expect(args.slice(-8)).toEqual(
    ['-i', '/k', '-o', 'IdentitiesOnly=yes', '-p', '2222', '--', 'root@board', 'echo up'].slice(-8),
  );
});

test('a command is one shell command over there, and finds no other way than the open connection', () => {
  const args = sessionArguments(address, '/s', ['avocadoctl', 'runtime', "it's"]);
  expect(args.slice(-3)).toEqual(['--', 'root@board', String.raw`avocadoctl runtime 'it'\''s'`]);
  expect(args).toContain('ProxyCommand=false');
});

test.each([
  ['Host key verification failed.', 'DEVICE_HOST_KEY_UNKNOWN'],
  ['@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.', 'DEVICE_HOST_KEY_CHANGED'],
  ['root@board: Permission denied (publickey,password).', 'DEVICE_LOGIN_REFUSED'],
  ['ssh: connect to host board port 2222: Connection refused', 'DEVICE_UNREACHABLE'],
  ['ssh: Could not resolve hostname board: Name or service not known', 'DEVICE_UNREACHABLE'],
])('%s', (said, code) => {
  const error = sshFailure('board:2222', address, said);
  expect(error).toMatchObject({ code, output: said, hint: expect.stringContaining('ssh -p 2222 root@board') });
});
