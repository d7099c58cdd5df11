import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { normaliseOptions } from './options';
import { resolveAll } from './resolve-all';

const options = normaliseOptions({});
const files = Array.from({ length: 20 }, (_, n) => `products/${String(n).padStart(2, '0')}/avocado.yaml`);
let root: string;

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

const product = (version: string): string => `default_target: qemux86-64
runtimes: { dev: { extensions: [app] } }
extensions: { app: { version: ${version} } }
`;

const read = async (crates: string[] = []): Promise<string[]> => (await resolveAll(files, crates, options, root)).read;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'nx-avocado-resolve-'));
  for (const file of files) write(file, product('1.0.0'));
  expect(await read()).toEqual(files);
});
afterEach(() => rmSync(root, { recursive: true }));

test('nothing is read again when nothing changed, and an edit of one file reads that one again', async () => {
  expect(await read()).toEqual([]);
  write(files[7]!, product('1.0.1'));
  expect(await read()).toEqual([files[7]]);
  expect(await read()).toEqual([]);
});

test('a lock concerns the file beside it', async () => {
  write('products/03/avocado.lock', '{ "version": 7, "targets": {}, "debian": {} }');
  expect(await read()).toEqual([files[3]]);
});

test("a file that composes another's extension is read again with it", async () => {
  write(files[1]!, product('1.0.0').replace('version: 1.0.0', 'source: { type: path, path: ../02 }'));
  expect(await read()).toEqual([files[1]]);
  write(files[2]!, product('1.0.1'));
  expect(await read()).toEqual([files[1], files[2]]);
});

test('a file with errors is read each time, a project that nothing can be made of is not', async () => {
  write(files[4]!, 'runtimes: [');
  write(files[5]!, product('1.0.0').replace('qemux86-64', 'raspberrypi5'));
  expect(await read()).toEqual([files[4], files[5]]);
  expect(await read()).toEqual([files[4]]);
});
