import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

export interface CrateRegistry {
  /** Of the proxy that alone knows the registry's host. */
  proxy: string;
  /** For cargo's configuration. */
  index: string;
  /** sha256 of the one crate there is, `tiny` 1.0.0. */
  checksum: string;
  /** Addresses that were asked for. */
  asked: string[];
  close(): void;
}

/** A sparse registry with one crate, behind an HTTP proxy: no name server knows its host. */
export async function crateRegistry(): Promise<CrateRegistry> {
  const host = 'http://registry.invalid';
  const crate = await tiny();
  const checksum = createHash('sha256').update(crate).digest('hex');
  const entry = { name: 'tiny', vers: '1.0.0', deps: [], cksum: checksum, features: {}, yanked: false };
  const files: Record<string, string | Buffer> = {
    [`${host}/index/config.json`]: JSON.stringify({ dl: `${host}/crates/{crate}/{version}.crate` }),
    [`${host}/index/ti/ny/tiny`]: `${JSON.stringify(entry)}\n`,
    [`${host}/crates/tiny/1.0.0.crate`]: crate,
  };
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const content = files[url];
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { proxy, index: `sparse+${host}/index/`, checksum, asked, close };
}

function tiny(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'tiny-1.0.0/Cargo.toml' }, '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n');
  tar.entry({ name: 'tiny-1.0.0/src/lib.rs' }, 'pub const NAME: &str = "tiny from the mirror";\n');
  tar.finalize();
  return buffer(tar.pipe(createGzip()));
}
