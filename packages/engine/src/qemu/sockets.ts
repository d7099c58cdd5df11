import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '../store';

const prefix = 'avocado-qemu-';

/** Longest path of a socket that the kernel takes (sockaddr_un), less the longest name below a directory of ours. */
const directoryLimit = 107 - '/observer.sock'.length;

/**
 * A directory for sockets, with a short path. Removes what killed processes left behind; should a process live in
 * spite of its number being gone (another process namespace), then its sockets are connected and need no name.
 */
export function makeSocketDirectory(parent: string = tmpdir()): string {
  const name = `${prefix}${process.pid}-`;
  const short = join(parent, `${name}XXXXXX`).length <= directoryLimit ? parent : '/tmp';
  for (const entry of readdirSync(short)) {
    const pid = entry.startsWith(prefix) ? Number.parseInt(entry.slice(prefix.length), 10) : NaN;
    if (pid > 0 && !isRunning(pid) && isOwn(join(short, entry))) {
      rmSync(join(short, entry), { recursive: true, force: true });
    }
  }
  return mkdtempSync(join(short, name));
}

/** The directory above is everybody's: what another user left is theirs to remove. */
function isOwn(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.();
}

/** A socket that is listened on, and the first connection to it. */
export interface Listener {
  server: Server;
  socket: Promise<Socket>;
}

export function listen(path: string): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    const socket = new Promise<Socket>((connected) => server.once('connection', connected));
    server.once('error', reject);
    server.listen(path, () => resolve({ server, socket }));
  });
}

/** Resolves when the other end has closed and everything it sent has been read. */
export function closed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once('close', () => resolve())));
}
