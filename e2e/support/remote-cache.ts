import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, needPrograms } from './hosts';
import { eventually } from './processes';
import { repository } from './workspace';

export interface RemoteCacheOptions {
  /** The largest upload: `client_max_body_size`, as `1k`. */
  limit?: string;
}

/** One request, as the server's own log has it. */
export interface CacheRequest {
  role: 'none' | 'read' | 'write';
  method: string;
  hash: string;
  status: number;
}

/**
 * Nx's remote cache as docs/remote-cache.md sets it up: nginx with tools/remote-cache/nginx.conf, of which only the
 * places are changed, on loopback, with tokens and a certificate made on the spot.
 */
export class RemoteCache {
  readonly readToken = randomBytes(16).toString('hex');
  readonly writeToken = randomBytes(16).toString('hex');

  private constructor(
    private readonly directory: string,
    private readonly port: number,
    private server?: ChildProcess,
  ) {}

  static async start(options: RemoteCacheOptions = {}): Promise<RemoteCache> {
    needPrograms({
      '/usr/sbin/nginx': 'nginx-light',
      '/usr/bin/openssl': 'openssl',
      '/usr/bin/systemd-tmpfiles': 'systemd',
    });
    const cache = new RemoteCache(mkdtempSync(join(tmpdir(), 'nx-avocado-cache-')), await freePort());
    cache.configure(options);
    await cache.resume();
    return cache;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** What a machine sets to use it. */
  env(token: string): Record<string, string> {
    return {
      NX_SELF_HOSTED_REMOTE_CACHE_SERVER: this.url,
      NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
      NODE_EXTRA_CA_CERTS: this.file('certificate.pem'),
    };
  }

  /** Hashes of the entries. */
  stored(): string[] {
    return readdirSync(this.file('entries/v1/cache')).sort();
  }

  /** The file of an entry. */
  entry(hash: string): string {
    return this.file(join('entries/v1/cache', hash));
  }

  /** Uploads that are under way, or were left. */
  incoming(): string[] {
    return readdirSync(this.file('incoming'));
  }

  /** Requests since the last `clear`. */
  log(): CacheRequest[] {
    const lines = readFileSync(this.file('access.log'), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      const [, , role, method, uri, status] = line.split(' ');
      return {
        role: role as CacheRequest['role'],
        method: method ?? '',
        hash: (uri ?? '').split('/').at(-1) ?? '',
        status: Number(status),
      };
    });
  }

  /** Forgets entries and log. */
  clear(): void {
    for (const hash of this.stored()) rmSync(this.entry(hash));
    writeFileSync(this.file('access.log'), '');
  }

  /** Whether the disk of the entries takes anything. */
  writable(yes: boolean): void {
    chmodSync(this.file('entries/v1/cache'), yes ? 0o700 : 0o500);
  }

  /** systemd-tmpfiles by tools/remote-cache/tmpfiles.conf: makes the directories, or removes what is too old. */
  tmpfiles(verb: '--create' | '--clean'): void {
    execFileSync('systemd-tmpfiles', [verb, this.file('tmpfiles.conf')]);
  }

  async pause(): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    const ended = new Promise((resolve) => server.once('close', resolve));
    server.kill();
    await ended;
  }

  async resume(): Promise<void> {
    const words = ['-p', this.directory, '-c', this.file('nginx.conf'), '-e', this.file('error.log')];
    const server = spawn('/usr/sbin/nginx', words, { stdio: 'ignore' });
    const isUp = (): boolean => existsSync(this.file('nginx.pid'));
    await eventually(() => isUp() || server.exitCode !== null, Boolean, 10_000);
    if (!isUp()) throw new Error(readFileSync(this.file('error.log'), 'utf8'));
    this.server = server;
  }

  async stop(): Promise<void> {
    await this.pause();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private file(name: string): string {
    return join(this.directory, name);
  }

  private configure({ limit }: RemoteCacheOptions): void {
    // nginx's workers are another user where root starts it.
    chmodSync(this.directory, 0o755);
    const root = process.getuid?.() === 0;
    const owner = root ? {} : { 'www-data': String(process.getuid?.()), root: String(process.getuid?.()) };
    this.write('tmpfiles.conf', placed('tmpfiles.conf', { '/var/lib/nx-cache': this.directory, ...owner }));
    this.tmpfiles('--create');
    this.write('tokens', `"Bearer ${this.readToken}" read;\n"Bearer ${this.writeToken}" write;\n`);
    const site = placed('nginx.conf', {
      'listen 443': `listen 127.0.0.1:${this.port}`,
      '/var/log/nginx/nx-cache.log': this.file('access.log'),
      '/var/lib/nx-cache': this.directory,
      '/etc/nx-cache': this.directory,
      ...(limit !== undefined && { 'client_max_body_size 4g': `client_max_body_size ${limit}` }),
    });
    this.write('site.conf', site);
    // Debian's own has the same part around it; its directories are root's.
    const places = ['proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${this.file('other')};`);
    this.write(
      'nginx.conf',
      `${root ? 'user www-data;' : ''} daemon off; worker_processes 2; pid ${this.file('nginx.pid')};
events {}
http { ${places.join(' ')} access_log off; include ${this.file('site.conf')}; }
`,
    );
    const subject = ['-subj', '/CN=nx-avocado test', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    const files = ['-keyout', this.file('key.pem'), '-out', this.file('certificate.pem')];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...files], { stdio: 'pipe' });
  }

  private write(name: string, text: string): void {
    writeFileSync(this.file(name), text);
  }
}

/** A file of tools/remote-cache with other places; one that is not in it any more is a mistake of the test. */
function placed(name: string, places: Record<string, string>): string {
  let text = readFileSync(join(repository, 'tools/remote-cache', name), 'utf8');
  for (const [from, to] of Object.entries(places)) {
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}
