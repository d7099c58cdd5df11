import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AvocadoError } from '../error';
import { aborted } from '../feed/run';
import { shellCommand } from '../sdk/quote';
import { boundCommand, sweepLeftovers, temporaryName } from '../store';
import { parseDevice } from './address';
import type { DeviceAddress } from './address';
import type { Device, DeviceCommand, DeviceResult } from './device';
import { sshFailure } from './ssh-failure';

export interface SshOptions {
  /** `[user@]host[:port]` */
  device: string;
  /** Absolute path of a private key. */
  identity?: string;
  /** `Name=value` of ssh_config(5), before everything else. */
  sshOptions?: readonly string[];
}

const ready = 'avocado-connected';
const stderrLimit = 64 * 1024;
/** Bytes of a path that a socket's name may have, less what ssh adds while it makes the socket. */
const socketLimit = 107 - 18;

/**
 * Connects by the user's own ssh: its configuration, keys, agent, jump hosts and known hosts. One connection carries all
 * commands until `close`; it ends with this process, even when that is killed.
 * @throws AvocadoError `DEVICE_INVALID`, `DEVICE_UNREACHABLE`, `DEVICE_LOGIN_REFUSED`, `DEVICE_HOST_KEY_*`, `ABORTED`
 */
export async function openSshDevice(options: SshOptions, { signal }: { signal: AbortSignal }): Promise<Device> {
  const address = parseDevice(options.device);
  if (signal.aborted) throw aborted();
  const directory = await socketDirectory();
  const control = join(directory, 's');
  // A session that lasts is what keeps the connection: `cat` ends when our end of its input does.
  const master = startSsh(masterArguments(address, control, options, `echo ${ready}; exec cat`));
  const closed = new Promise<void>((resolve) => {
    master.once('error', () => resolve());
    master.once('close', () => resolve());
  }).then(() => rm(directory, { recursive: true, force: true }));
  let said = '';
  master.stderr.on('data', (chunk: Buffer) => (said = (said + String(chunk)).slice(-stderrLimit)));
  const end = (): void => void master.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  const connected = await Promise.race([greeted(master), closed.then(() => false)]);
  if (!connected) {
    signal.removeEventListener('abort', end);
    if (signal.aborted) throw aborted();
    throw sshFailure(options.device, address, said);
  }
  let open = true;
  void closed.then(() => (open = false));
  return {
    name: options.device,
    closed,
    async run(argv, command = {}) {
      if (signal.aborted || command.signal?.aborted) throw aborted();
      const result = open ? await runSession(sessionArguments(address, control, argv), command) : undefined;
      if (signal.aborted || command.signal?.aborted) throw aborted();
      if (result && result.code !== 255) return result;
      // 255 is ssh's own code; the connection's end is told a moment later.
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500))]);
      if (result && open) return result;
      throw new AvocadoError('DEVICE_CONNECTION_LOST', `the connection to ${options.device} broke`, {
        output: [said, result?.stderr ?? ''].join('').trim(),
        hint: 'The device has what it had before, or what was being deployed: deploy again.',
      });
    },
    async close() {
      signal.removeEventListener('abort', end);
      master.stdin.end();
      const timer = setTimeout(end, 2000);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Arguments of ssh for the connection. The user's own options come first, for the first one counts. Pure. */
export function masterArguments(
  { destination, port }: DeviceAddress,
  control: string,
  { identity, sshOptions = [] }: Pick<SshOptions, 'identity' | 'sshOptions'>,
  command: string,
): string[] {
  const fixed = [
    // Nobody answers a question here.
    'BatchMode=yes',
    'ControlMaster=yes',
    'ControlPersist=no',
    `ControlPath=${control.replaceAll('%', '%%')}`,
    'ConnectTimeout=15',
    // A device that vanished is told after half a minute.
    'ServerAliveInterval=10',
    'ServerAliveCountMax=3',
    // What ssh_config may ask for, and a deploy must not do.
    'ForwardAgent=no',
    'ForwardX11=no',
    'ClearAllForwardings=yes',
    'RemoteCommand=none',
    'RequestTTY=no',
    'UpdateHostKeys=no',
  ];
  return [
    ...[...sshOptions, ...fixed].flatMap((option) => ['-o', option]),
    ...(identity === undefined ? [] : ['-i', identity, '-o', 'IdentitiesOnly=yes']),
    ...(port === undefined ? [] : ['-p', String(port)]),
    '--',
    destination,
    command,
  ];
}

/** Arguments of ssh for a command over the connection: without it, ssh must not make another. Pure. */
export function sessionArguments({ destination }: DeviceAddress, control: string, argv: readonly string[]): string[] {
  const fixed = [
    'BatchMode=yes',
    'ControlMaster=no',
    `ControlPath=${control.replaceAll('%', '%%')}`,
    'ProxyCommand=false',
    'RemoteCommand=none',
    'RequestTTY=no',
  ];
  return [...fixed.flatMap((option) => ['-o', option]), '--', destination, shellCommand(argv)];
}

function startSsh(args: readonly string[]): ChildProcessWithoutNullStreams {
  const [program, ...words] = boundCommand('TERM', ['ssh', ...args]);
  // In a group of its own: Ctrl-C must not cut the connection before the device has been told what is left to do.
  const child = spawn(program, words, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  child.stdin.on('error', () => undefined);
  return child;
}

function greeted(master: ChildProcessWithoutNullStreams): Promise<true> {
  let printed = '';
  return new Promise((resolve) => {
    master.stdout.on('data', (chunk: Buffer) => {
      printed = (printed + String(chunk)).slice(-4096);
      if (printed.includes(`${ready}\n`)) resolve(true);
    });
  });
}

async function runSession(args: readonly string[], command: DeviceCommand): Promise<DeviceResult> {
  const child = startSsh(args);
  const stop = (): void => void child.kill('SIGTERM');
  command.signal?.addEventListener('abort', stop, { once: true });
  const stdout: Buffer[] = [];
  let stderr = '';
  let line = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (!command.onLine) return void stdout.push(chunk);
    const lines = (line + String(chunk)).split('\n');
    line = lines.pop() ?? '';
    lines.forEach(command.onLine);
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + String(chunk)).slice(-stderrLimit)));
  try {
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 255));
    });
    let failure: unknown;
    if (!command.input) child.stdin.end();
    else {
      // A command that ends before its input does says why by itself; a source that fails must not look like an end.
      await Promise.race([
        pipeline(Readable.from(command.input, { objectMode: false }), child.stdin).catch((error: unknown) => {
          if (!['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes((error as { code: string }).code)) {
            failure = error;
            stop();
          }
        }),
        ended,
      ]);
    }
    const code = await ended;
    if (failure !== undefined) throw failure;
    return { code, stdout: Buffer.concat(stdout), stderr };
  } finally {
    command.signal?.removeEventListener('abort', stop);
  }
}

/** For the socket that commands find the connection by: nobody else may enter. Short, for a socket's path may not be long. */
async function socketDirectory(): Promise<string> {
  const parent = Buffer.byteLength(tmpdir()) + 40 > socketLimit ? '/tmp' : tmpdir();
  await sweepLeftovers(parent);
  const directory = temporaryName(join(parent, 'ssh'));
  await mkdir(directory, { mode: 0o700 });
  return directory;
}
