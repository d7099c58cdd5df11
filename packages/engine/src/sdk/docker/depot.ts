import { hostname } from 'node:os';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { AvocadoError } from '../../error';
import type { Connection } from './connect';
import { Container, waiting } from './container';
import { dockerFailure, statusOf } from './failure';
import { sendTar } from './tree-tar';
import type { TreeTar } from './tree-tar';

/** Where the depot's container has its two volumes. */
const places = { store: '/depot/store', session: '/depot/session' };
export type DepotArea = keyof typeof places;

/** What finds the volumes that stay: `docker volume prune --all --filter label=io.github.nx-avocado=store`. */
export const storeLabel = 'io.github.nx-avocado=store';

/** Of the volume that stays: each machine has its own on a daemon that several use. */
export function volumeName(): string {
  return `nx-avocado-${hostname().replace(/[^\w.-]/g, '_')}`;
}

/**
 * Files on the side of a daemon that does not see this machine's: a container that only keeps two volumes and through
 * which files go, as tar. `store` stays: SDK roots, build state. `session` is the container's own, and goes with it; it
 * ends like every container of ours with our connection. Other containers bind directories of both.
 */
export class Depot {
  private constructor(
    private readonly connection: Connection,
    private readonly container: Container,
    /** Paths of the volumes on the daemon's machine. */
    private readonly sources: Record<string, string>,
    private readonly clock: number,
  ) {
    container.idle = true;
  }

  /** @param image any with bash and coreutils, as every SDK root has them */
  static async open(connection: Connection, image: string): Promise<Depot> {
    const { clock } = await connection.facts();
    const [name = '', value = ''] = storeLabel.split('=');
    const volumes = [
      { target: places.store, volume: { name: volumeName(), labels: { [name]: value } } },
      { target: places.session, volume: {} },
    ];
    const plan = { root: { image, mounts: [] }, mounts: [], volumes, network: false, devices: [] };
    const doing = 'the files of a build';
    const container = await Container.start(connection, { ...plan, argv: waiting, stdio: 'stdin' }, doing);
    return new Depot(connection, container, await container.mountSources(), clock);
  }

  get isAlive(): boolean {
    return this.container.isAlive;
  }

  /** Of a file in the depot, on the daemon's machine: what another container can bind. */
  source(area: DepotArea, path: string): string {
    return posix.join(this.sources[places[area]] ?? '', path);
  }

  /** Of a file in the depot, for a script of {@link sh}. */
  path(area: DepotArea, path: string): string {
    return posix.join(places[area], path);
  }

  /** Puts files into a directory of the depot, which is made; what is there with the same names is replaced. */
  async put(area: DepotArea, directory: string, fill: (tar: TreeTar) => Promise<void>): Promise<void> {
    const path = this.path(area, directory);
    await this.sh('mkdir -p "$1"', [path]);
    const clock = area === 'session' || directory.startsWith('state/') ? this.clock : 0;
    try {
      await sendTar(fill, (tar, abortSignal) => this.handle.putArchive(tar, { path, abortSignal }), clock);
    } catch (error) {
      throw dockerFailure(error, this.connection.endpoint, 'take files of this machine');
    }
  }

  /** A file or directory as tar, with its own name at the top; undefined where it is not there. */
  async get(area: DepotArea, path: string): Promise<Readable | undefined> {
    try {
      const stream = await this.handle.getArchive({ path: this.path(area, path) });
      return Readable.from(stream as AsyncIterable<Buffer>);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw dockerFailure(error, this.connection.endpoint, 'give files back');
    }
  }

  /** Runs a script of bash in the depot. @returns its standard output */
  async sh(script: string, args: readonly string[] = [], stdin?: string): Promise<string> {
    const chunks: Buffer[] = [];
    const said: Buffer[] = [];
    const code = await this.container.exec(['/bin/bash', '-euc', script, 'depot', ...args], {
      env: ['LC_ALL=C'],
      ...(stdin !== undefined && { stdin: Readable.from([Buffer.from(stdin)]) }),
      onOutput: (stdout, stderr) => {
        stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
        stderr.on('data', (chunk: Buffer) => said.push(chunk));
      },
    });
    if (code === 0) return Buffer.concat(chunks).toString();
    throw new AvocadoError('DOCKER_FAILED', "the container that keeps a build's files did not do its work", {
      output: Buffer.concat(said).toString().trim(),
      hint: 'docker info tells about the state of the daemon, docker system df about its space. Run the task again.',
    });
  }

  private get handle(): Docker.Container {
    return this.connection.docker.getContainer(this.container.id);
  }
}
