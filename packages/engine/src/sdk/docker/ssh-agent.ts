import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { AvocadoError } from '../../error';
import type { Endpoint } from './endpoint';

type SshEndpoint = Extract<Endpoint, { kind: 'ssh' }>;

/**
 * Connections to a daemon by this machine's own ssh, as Docker's programs make them: keys, known hosts, jump hosts and
 * aliases are those of the user's configuration. Each connection is one `docker system dial-stdio` over there.
 */
export function sshAgent(endpoint: SshEndpoint): Agent {
  const agent = new Agent({ keepAlive: true });
  const connect = (): Duplex => overSsh(endpoint);
  return Object.assign(agent, { createConnection: connect });
}

/** Arguments of ssh. `--` ends the options: a destination that looks like one is none. */
export function sshArguments({ destination, port, path }: SshEndpoint): string[] {
  const remote = ['docker', ...(path === undefined ? [] : ['--host', `unix://${path}`]), 'system', 'dial-stdio'];
  return [
    '-T',
    '-o',
    'BatchMode=yes',
    ...(port === undefined ? [] : ['-p', String(port)]),
    '--',
    destination,
    ...remote,
  ];
}

function overSsh(endpoint: SshEndpoint): Duplex {
  // In a group of its own: Ctrl-C must not cut the connection by which containers are ended.
  const child = spawn('ssh', sshArguments(endpoint), {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: process.env,
  });
  const { stdin, stdout, stderr } = child;
  let said = '';
  stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2048)));
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void stdin.write(chunk, done),
    final: (done) => void stdin.end(done),
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  stdin.on('error', () => undefined);
  stdout.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  child.on('error', (cause) => stream.destroy(sshError(endpoint, cause.message, cause)));
  child.on('close', (code) => {
    if (code) stream.destroy(sshError(endpoint, said.trim()));
    else stream.push(null);
  });
  return Object.assign(stream, socketMethods(child));
}

/** What Node's http client calls on a connection beside a stream's own. */
function socketMethods(child: ChildProcess): object {
  const pipes = [child.stdin, child.stdout, child.stderr] as unknown as { ref(): void; unref(): void }[];
  return {
    setKeepAlive: () => undefined,
    setNoDelay: () => undefined,
    setTimeout: () => undefined,
    ref: () => [child, ...pipes].forEach((handle) => handle.ref()),
    unref: () => [child, ...pipes].forEach((handle) => handle.unref()),
  };
}

function sshError(endpoint: SshEndpoint, said: string, cause?: Error): AvocadoError {
  return new AvocadoError('DOCKER_SSH_FAILED', `cannot reach the Docker daemon by ssh ${endpoint.destination}`, {
    output: said,
    hint: 'ssh must connect without a question (an agent or a key without passphrase, a known host), and docker must be in the path there.',
    cause,
  });
}
