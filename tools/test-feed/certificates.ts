import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '../../packages/engine/src/report';
import { createSandboxRunner } from '../../packages/engine/src/sdk';
import { builderRoot } from './build';

/** A certificate for loopback and the authority that signed it, all as PEM. */
export interface Certificates {
  authority: string;
  certificate: string;
  key: string;
}

const script = `
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=test feed authority' -keyout ca.key -out ca.pem
openssl req -newkey rsa:2048 -nodes -subj '/CN=test feed' -keyout key.pem -out request.pem
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -days 2 -extfile extensions -out certificate.pem
`;

/** New ones, for two days, by openssl in the builder's root. */
export async function makeCertificates(): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'test-feed-'));
  try {
    await writeFile(join(directory, 'extensions'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    await createSandboxRunner().run(
      {
        root: await builderRoot(),
        argv: ['bash', '-ec', script],
        cwd: '/work',
        mounts: [{ source: directory, target: '/work', writable: true }],
        label: 'certificates of the test feed',
      },
      silentReporter,
    );
    const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
    return { authority: await read('ca.pem'), certificate: await read('certificate.pem'), key: await read('key.pem') };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
