import { createServer, isIPv4 } from 'node:net';
import type { AddressInfo } from 'node:net';
import { AvocadoError } from '../error';
import type { TaskContext } from '../task';

/** A TCP port of this machine (127.0.0.1 only) that leads into the guest. */
export interface Forward {
  /** 0: the system chooses one, see `Vm.hostPort`. */
  hostPort: number;
  /** Empty: the address that the guest gets by DHCP. */
  guestAddress: string;
  guestPort: number;
}

/**
 * Upstream's form, `hostport-[guestaddr]:guestport`: `2222-:22`.
 * @throws AvocadoError `QEMU_HOST_FWD_INVALID`
 */
export function parseForwards(texts: string[]): Forward[] {
  const forwards = texts.map(parseForward);
  forwards.forEach(({ hostPort }, index) => {
    if (forwards.findIndex((other) => other.hostPort === hostPort) !== index) {
      throw invalid(texts[index] ?? '', `host port ${hostPort} is forwarded twice`);
    }
  });
  return forwards;
}

function parseForward(text: string): Forward {
  const match = /^(\d+)-([^:]*):(\d+)$/.exec(text);
  if (!match) throw invalid(text, 'it does not have the form hostport-[guestaddr]:guestport');
  const [hostPort, guestAddress, guestPort] = [Number(match[1]), match[2] ?? '', Number(match[3])];
  for (const port of [hostPort, guestPort]) {
    if (port < 1 || port > 65535) throw invalid(text, `${port} is no TCP port`);
  }
  if (guestAddress !== '' && !isIPv4(guestAddress)) throw invalid(text, `${guestAddress} is no IPv4 address`);
  return { hostPort, guestAddress, guestPort };
}

function invalid(text: string, why: string): AvocadoError {
  return new AvocadoError('QEMU_HOST_FWD_INVALID', `host-fwd "${text}": ${why}`, {
    hint: 'For example 2222-:22, which leads port 2222 of this machine to port 22 of the guest.',
  });
}

/**
 * The port of this machine that leads to a guest's, of what QEMU's monitor prints for `info usernet`:
 * `TCP[HOST_FORWARD]  12  127.0.0.1 40123  10.0.2.15  22  0  0`.
 */
export function forwardedPort(table: string, guestPort: number): number | undefined {
  const rows = table.matchAll(/TCP\[HOST_FORWARD\] +\d+ +\S+ +(\d+) +\S+ +(\d+)/g);
  const row = [...rows].find(([, , port]) => Number(port) === guestPort);
  return row && Number(row[1]);
}

/** A port of this machine that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Before anything starts: a taken port is told, and so is that the ports are those of another machine. */
export async function checkForwards(
  forwards: Forward[],
  { runner, reporter }: Pick<TaskContext, 'runner' | 'reporter'>,
): Promise<void> {
  if (forwards.length === 0) return;
  const { elsewhere } = await runner.host();
  if (elsewhere === undefined) return checkPorts(forwards);
  const tunnels = forwards.map(({ hostPort }) => `-L ${hostPort}:127.0.0.1:${hostPort}`).join(' ');
  reporter.notice(`host-fwd: on 127.0.0.1 of the Docker daemon's machine; ssh -N ${tunnels} ${elsewhere} leads to it`);
}

/**
 * Proves that every host port can be listened on now, so that a taken one is told before anything starts.
 * @throws AvocadoError `QEMU_PORT_IN_USE`
 */
export async function checkPorts(forwards: Forward[]): Promise<void> {
  for (const { hostPort } of forwards) {
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port: hostPort, exclusive: true }, () => server.close(() => resolve()));
    }).catch((cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      throw new AvocadoError(
        'QEMU_PORT_IN_USE',
        `host-fwd: port ${hostPort} of this machine ${taken ? 'is in use' : `cannot be opened (${cause.code})`}`,
        { hint: `End what uses it (ss -ltnp 'sport = :${hostPort}' names it), or forward another port.`, cause },
      );
    });
  }
}
