import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './workspace';

/** A Docker daemon for a test file, and its address in DOCKER_HOST as long as the file runs. */
export class TestDocker {
  /** As for DOCKER_HOST. */
  readonly address: string;
  private readonly directory = mkdtempSync(join(tmpdir(), 'nx-avocado-dockerd-'));
  private readonly before = process.env['DOCKER_HOST'];

  /**
   * The daemon that runs on this machine, else one of its own; Docker is installed where it is missing.
   * @param fresh one of its own in any case, for tests that end it
   * @param hidden directories that it finds empty, as another machine's daemon would; always with `fresh`
   * @param size of all that it keeps, as for tmpfs: `96m`; always with `fresh`
   */
  constructor(
    fresh = false,
    private readonly hidden: string[] = [],
    private readonly size?: string,
  ) {
    // Who may use the socket need not be who runs the tests.
    chmodSync(this.directory, 0o711);
    this.address = this.start(fresh);
    process.env['DOCKER_HOST'] = this.address;
  }

  /** Stops it, if it was started for this test file. */
  stop(): void {
    if (this.before === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = this.before;
    this.setUp('--stop');
  }

  /** Starts one of its own again, after `kill`. */
  start(fresh = true): string {
    const size = this.size === undefined ? [] : ['--size', this.size];
    const own = ['--fresh', ...this.hidden.flatMap((path) => ['--hide', path]), ...size];
    const lines = this.setUp(...(fresh ? own : [])).trim();
    return lines.split('\n').at(-1) ?? '';
  }

  /** Kills a daemon of its own, as a crash would, and waits until it is gone. */
  kill(): void {
    const pid = readFileSync(join(this.directory, 'pid'), 'utf8').trim();
    process.kill(Number(pid), 'SIGKILL');
    while (existsSync(`/proc/${pid}/exe`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }

  docker(...args: string[]): string {
    const env = { ...process.env, DOCKER_HOST: this.address };
    return execFileSync('docker', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  /** This machine's address in the daemon's own network: the first one, which a bridge that was there before is not told of. */
  bridgeAddress(): string {
    const subnet = this.docker('network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Subnet}}');
    return subnet.replace(/\.0\/\d+$/, '.1');
  }

  /** Ids of our containers, ended ones included. */
  containers(): string[] {
    const filter = ['--filter', 'label=io.github.nx-avocado.owner'];
    return this.docker('ps', '--all', '--quiet', '--no-trunc', ...filter)
      .split('\n')
      .filter(Boolean);
  }

  /** How many containers were started meanwhile. */
  async starts(work: () => Promise<unknown>): Promise<number> {
    const since = this.now();
    await work();
    const filter = ['--filter', 'event=start', '--format', '{{.ID}}'];
    const events = this.docker('events', '--since', since, '--until', this.now(), ...filter);
    return events.split('\n').filter(Boolean).length;
  }

  /** Seconds by the daemon's clock, with nanoseconds. */
  private now(): string {
    return (Date.now() / 1000).toFixed(3);
  }

  private setUp(...args: string[]): string {
    const script = join(repository, 'tools/docker/setup.mjs');
    return execFileSync(process.execPath, [script, '--directory', this.directory, ...args], { encoding: 'utf8' });
  }
}
