import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';

export interface Registry {
  url: string;
  close(): void;
}

/** An npm registry on loopback that has the packed packages; for every other it sends on to the configured one. */
export async function serveRegistry(tarballs: string[]): Promise<Registry> {
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim().replace(/\/$/, '');
  const packages = new Map(tarballs.map((tarball) => [manifestOf(tarball).name, tarball]));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1);
    const tarball = packages.get(path) ?? tarballs.find((file) => path === `files/${basename(file)}`);
    if (tarball === undefined) response.writeHead(302, { location: `${upstream}${request.url}` }).end();
    else if (packages.has(path)) response.end(JSON.stringify(packument(tarball, url)));
    else response.end(readFileSync(tarball));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, close: () => void server.close() };
}

interface Manifest {
  name: string;
  version: string;
}

function manifestOf(tarball: string): Manifest {
  const text = execFileSync('tar', ['--extract', '--to-stdout', '--file', tarball, 'package/package.json']);
  return JSON.parse(text.toString()) as Manifest;
}

/** What npm asks a registry for: the versions of a package, and where each is. */
function packument(tarball: string, url: string): object {
  const manifest = manifestOf(tarball);
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  const dist = { tarball: `${url}/files/${basename(tarball)}`, integrity };
  return {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist } },
  };
}
