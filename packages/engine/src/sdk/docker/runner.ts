import { AvocadoError, diskFullError, saysDiskFull } from '../../error';
import type { Reporter } from '../../report';
import { fixedEnvironment } from '../bubblewrap';
import { CommandLog, aborted, checkSources, failed, missingProgram } from '../command-log';
import type { RunOptions } from '../command-log';
import { hostNetwork } from '../network';
import { rerunCommand, writeRerun } from '../rerun';
import { watchSpace } from '../space';
import type { SdkCommand, SdkResult, SdkRunner } from '../types';
import { connect, processorOf } from './connect';
import type { Connection } from './connect';
import type { Container } from './container';
import { announceContainerArgs } from './container-args';
import { endpointAddress, findEndpoint } from './endpoint';
import { platformHint } from './failure';
import { ownershipCommand } from './ownership';
import { containerInputs, environmentList, runArguments } from './plan';
import { Pool } from './pool';
import { rootImage } from './root-image';
import { spawnInContainer } from './spawn';

/** Milliseconds between SIGTERM and SIGKILL. Nx itself kills after 5 s, so this must be well below. */
const graceTime = 2000;

/** Variables that a container engine adds by itself. */
const added = ['HOSTNAME', 'TERM', 'container'];

interface Daemon {
  connection: Connection;
  pool: Pool;
}

/** One for each daemon, for the life of this process: tasks share warm containers. */
const daemons = new Map<string, Daemon>();

/**
 * Runs commands in containers of a Docker daemon, by dockerode: see plan.ts for what a command may, pool.ts for how many
 * containers there are. Nothing is connected before the first command.
 */
export function createDockerRunner(): SdkRunner {
  return {
    kind: 'docker',
    host: () => daemon().connection.facts(),
    run: (command, reporter, options) => run(daemon(), command, reporter, options),
    spawn: (command, stdio) => {
      if (command.signal?.aborted) throw aborted(command);
      checkSources(command);
      return spawnInContainer(daemon(), command, stdio);
    },
  };
}

function daemon(): Daemon {
  const endpoint = findEndpoint();
  const address = endpointAddress(endpoint);
  const known = daemons.get(address);
  if (known) return known;
  const connection = connect(endpoint);
  const made = { connection, pool: new Pool(connection) };
  daemons.set(address, made);
  return made;
}

async function run(
  { connection, pool }: Daemon,
  command: SdkCommand,
  reporter: Reporter,
  options: RunOptions = {},
): Promise<SdkResult> {
  if (command.signal?.aborted) throw aborted(command);
  checkSources(command);
  const { mounts, env } = containerInputs(command, command.network ? hostNetwork() : undefined);
  const whole = { ...fixedEnvironment, ...env };
  announceContainerArgs(command, { reporter });
  const log = new CommandLog(command, reporter, options);
  const lease = await pool.take(command, mounts).catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  const { container } = lease;
  const abort = (): void => void stop(container);
  let full = false;
  const onFull = (): void => {
    full = true;
    abort();
  };
  // A daemon elsewhere writes to its own disks.
  const unwatch = lease.bound ? watchSpace(command, onFull) : undefined;
  let keep = false;
  let code: number | undefined;
  try {
    command.signal?.addEventListener('abort', abort);
    const own = lease.bound ? await ownershipCommand(connection, mounts) : undefined;
    code = await lease.within(async () => {
      if (command.signal?.aborted) throw aborted(command);
      const argv = [
        '/usr/bin/env',
        ...added.filter((name) => !(name in whole)).flatMap((name) => ['-u', name]),
        ...command.argv,
      ];
      const ended = await container.exec(argv, {
        env: environmentList(whole),
        ...(command.cwd !== undefined && { cwd: command.cwd }),
        onOutput: (stdout, stderr) => {
          log.collect(stdout, 'stdout');
          log.collect(stderr, 'stderr');
        },
      });
      if (own && container.isAlive) await container.exec(own, { env: environmentList(fixedEnvironment) });
      return ended;
    });
    keep = code !== undefined && !command.signal?.aborted;
  } finally {
    unwatch?.();
    command.signal?.removeEventListener('abort', abort);
    if (!keep) await container.kill();
    lease.release(keep);
    await log.close();
  }
  if (command.signal?.aborted) throw aborted(command);
  if (code === 0) return { stdout: log.standardOutput };
  if (full || saysDiskFull(log.lastLines)) throw diskFullError(command.label, { output: log.shown, log: log.path });
  if (code === undefined) throw await lost(connection, command, log);
  throw new AvocadoError('COMMAND_FAILED', failed(command, code), {
    output: log.shown,
    log: log.path,
    rerun: lease.bound ? await rerunLine(connection, command, log.path) : undefined,
    hint: code === 127 && /^(\/usr\/bin\/)?env: /m.test(log.lastLines) ? missingProgram(command) : undefined,
  });
}

async function stop(container: Container): Promise<void> {
  const timer = setTimeout(() => void container.kill(), graceTime);
  timer.unref();
  await container.terminate();
}

/** The container went away under the command: somebody ended it, or the daemon itself did. */
async function lost(connection: Connection, command: SdkCommand, log: CommandLog): Promise<AvocadoError> {
  const { docker, endpoint } = connection;
  const answers = await docker.ping().then(
    () => true,
    () => false,
  );
  const details = { output: log.shown, log: log.path };
  const foreign = answers ? await foreignProcessor(connection, command) : undefined;
  if (foreign !== undefined) {
    const message = `the image is for ${foreign}, the daemon's processor is another: cannot run ${command.label}`;
    return new AvocadoError('DOCKER_PLATFORM', message, { ...details, hint: platformHint });
  }
  return answers
    ? new AvocadoError('DOCKER_CONTAINER_ENDED', `the container of ${command.label} was ended from outside`, {
        ...details,
        hint: 'docker kill, a restart of the daemon, or a lack of memory does that. Nothing of it was kept; run the task again.',
      })
    : new AvocadoError('DOCKER_CONNECTION_LOST', `the Docker daemon went away while ${command.label} ran`, {
        ...details,
        hint: `Nothing of it was kept. Start the daemon at ${endpointAddress(endpoint)}, then run the task again.`,
      });
}

/** Of a command's image, where that is not the daemon's: Docker starts its first process, which ends at once. */
async function foreignProcessor(connection: Connection, { root }: SdkCommand): Promise<string | undefined> {
  try {
    const { Architecture } = await connection.docker.getImage((await rootImage(root, connection)).image).inspect();
    const { architecture } = await connection.facts();
    return processorOf(Architecture) === architecture ? undefined : Architecture;
  } catch {
    return undefined;
  }
}

async function rerunLine(connection: Connection, command: SdkCommand, log: string): Promise<string> {
  const { mounts, env } = containerInputs(command, command.network ? hostNetwork() : undefined);
  const { network = false, devices = [], containerArgs = [], argv, cwd = '/' } = command;
  const root = await rootImage(command.root, connection);
  const whole = { ...fixedEnvironment, ...env };
  const words = runArguments({ root, mounts, network, devices, containerArgs, argv, cwd, stdio: 'pipe' }, whole);
  const environment = { ...whole, DOCKER_HOST: endpointAddress(connection.endpoint) };
  return writeRerun(log, rerunCommand(environment, ['docker', ...words]));
}
