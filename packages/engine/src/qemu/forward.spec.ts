import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { checkPorts, forwardedPort, parseForwards } from './forward';

test('upstream writes hostport-[guestaddr]:guestport', () => {
  expect(parseForwards(['2222-:22', '8080-10.0.2.15:80'])).toEqual([
    { hostPort: 2222, guestAddress: '', guestPort: 22 },
    { hostPort: 8080, guestAddress: '10.0.2.15', guestPort: 80 },
  ]);
});

test.each([
  ['2222:22', 'form hostport-[guestaddr]:guestport'],
  ['2222-22', 'form hostport'],
  ['', 'form hostport'],
  ['tcp::2222-:22', 'form hostport'],
  ['0-:22', '0 is no TCP port'],
  ['2222-:65536', '65536 is no TCP port'],
  ['2222-localhost:22', 'localhost is no IPv4 address'],
  ['2222-10.0.2:22', '10.0.2 is no IPv4 address'],
  ['2222-,id=x:22', 'is no IPv4 address'],
])('%j is refused', (text, why) => {
  expect(() => parseForwards([text])).toThrow(
    expect.objectContaining({ code: 'QEMU_HOST_FWD_INVALID', message: expect.stringContaining(why) }),
  );
});

test('a host port can lead to one place', () => {
  expect(() => parseForwards(['2222-:22', '2222-:80'])).toThrow('host port 2222 is forwarded twice');
});

test('a port in use is told before anything starts; a free one is free afterwards', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hostPort = (server.address() as AddressInfo).port;
  const forwards = [{ hostPort, guestAddress: '', guestPort: 22 }];
  await expect(checkPorts(forwards)).rejects.toMatchObject({ code: 'QEMU_PORT_IN_USE' });
  await new Promise((resolve) => server.close(resolve));
  await checkPorts(forwards);
  await checkPorts(forwards);
});

test("the port that the system chose is read from the monitor's table", () => {
  const table = [
    'Hub -1 (net):',
    '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
    '  TCP[HOST_FORWARD]  13       127.0.0.1 41217       10.0.2.15    22     0     0',
    '  TCP[HOST_FORWARD]  12       127.0.0.1 35507       10.0.2.15    80     0     0',
    '  TCP[ESTABLISHED]   14       127.0.0.1 40000       10.0.2.15    22     0     0',
  ].join('\r\n');
  expect([22, 80, 443].map((port) => forwardedPort(table, port))).toEqual([41217, 35507, undefined]);
});
