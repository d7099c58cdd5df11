import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './workspace';

/** A Docker daemon for a test file. */
export class TestDocker {
  /** As for DOCKER_HOST. */
  readonly address: string;
  private readonly directory = mkdtempSync(join(tmpdir(), 'nx-avocado-dockerd-'));

  /**
   * The one that runs on this machine, else one of its own; installs Docker where it is missing.
   * @param fresh one of its own in any case, for a test that stops it
   */
  constructor(private readonly fresh = false) {
    const lines = this.setUp(...(fresh ? ['--fresh'] : [])).trim();
    this.address = lines.split('\n').at(-1) ?? '';
    process.env['DOCKER_HOST'] = this.address;
  }

  /** Stops it, if it was started for this test file. */
  stop(): void {
    delete process.env['DOCKER_HOST'];
    this.setUp('--stop');
  }

  /** Kills the daemon, and starts it again. */
  restart(kill: () => void): void {
    kill();
    this.setUp('--fresh');
  }

  docker(...args: string[]): string {
    return execFileSync('docker', args, { encoding: 'utf8', env: { ...process.env, DOCKER_HOST: this.address } }).trim();
  }

  /** Number of the daemon's process. */
  get pidFile(): string {
    return join(this.directory, 'pid');
  }

  /** Ids of the containers that there are, ended ones included. */
  containers(): string[] {
    return this.docker('ps', '--all', '--quiet').split('\n').filter(Boolean);
  }

  private setUp(...args: string[]): string {
    const script = join(repository, 'tools/docker/setup.mjs');
    return execFileSync(process.execPath, [script, '--directory', this.directory, ...args], { encoding: 'utf8' });
  }
}
