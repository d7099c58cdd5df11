import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { SdkCommand, SdkProcess, SdkRunner } from '../sdk/types';
import { channels } from './arguments';
import type { Channel, QemuPlan } from './arguments';
import { listen, makeSocketDirectory } from './sockets';
import type { Listener } from './sockets';

/** How this process and QEMU find each other. */
export interface Links {
  plan: Pick<QemuPlan, 'sockets'>;
  command: Pick<SdkCommand, 'mounts' | 'channels'>;
  /** This end of a channel; waits for ever where QEMU does not start. */
  connection(child: SdkProcess, channel: Channel): Promise<Duplex>;
  /** Nobody connects any more. */
  close(): void;
  /** QEMU has ended. */
  remove(): void;
}

/**
 * In the sandbox sockets, which are listened on before QEMU starts. In a container the runner's channels: a socket does
 * not cross the border of a machine, not even that of a virtual one.
 * @param inside directory in the emulator's sandbox
 */
export async function makeLinks(runner: SdkRunner, inside: string): Promise<Links> {
  if (runner.kind === 'docker') {
    const connection: Links['connection'] = (child, channel) =>
      child.connection?.(channel) ?? new Promise(() => undefined);
    return { plan: {}, command: { channels }, connection, close: () => undefined, remove: () => undefined };
  }
  const directory = makeSocketDirectory();
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const listeners = new Map<Channel, Listener>();
  try {
    for (const channel of channels) listeners.set(channel, await listen(join(directory, `${channel}.sock`)));
  } catch (error) {
    remove();
    throw error;
  }
  return {
    plan: { sockets: `${inside}/sockets` },
    command: { mounts: [{ source: directory, target: `${inside}/sockets`, writable: true }] },
    connection: (_child, channel) => (listeners.get(channel) as Listener).socket,
    close: () => listeners.forEach(({ server }) => server.close()),
    remove,
  };
}
