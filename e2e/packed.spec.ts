import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNx } from './support/nx';
import { foreignWorkspace, packPackages } from './support/packed';

/** The plugin as a user gets it: compiled, packed, and installed by npm into a workspace that has no TypeScript. */
const scratch = mkdtempSync(join(tmpdir(), 'nx-avocado-packed-'));
const lock = join(scratch, 'avocado.lock');
let tarballs: string[];

jest.setTimeout(5 * 60_000);

beforeAll(() => {
  tarballs = packPackages(scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each([
  { nx: '24.0.6', devkit: '24.0.0' },
  { nx: '23.2.1', devkit: '23.2.1' },
  { nx: '22.7.12', devkit: '22.7.12' },
])('with nx $nx', ({ nx, devkit }) => {
  let root: string;
  const path = (file: string) => join(root, file);
  const installed = (name: string) =>
    readdirSync(path(`node_modules/${name}`), { recursive: true, encoding: 'utf8' }).filter(
      (file) => !file.startsWith('node_modules/'),
    );

  // npm checks the peer dependencies: an nx that the plugin does not allow fails here.
  beforeAll(() => {
    root = foreignWorkspace([`nx@${nx}`, `@nx/devkit@${devkit}`, ...tarballs]);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('holds what runs, and nothing of the development', () => {
    expect(existsSync(path('node_modules/typescript'))).toBe(false);
    const files = [...installed('nx-avocado'), ...installed('@nx-avocado/engine')];
    expect(files.filter((file) => /\.spec\.|\.tsbuildinfo$|corpus|\.map$/.test(file))).toEqual([]);
    expect(files.filter((file) => file.startsWith('src/') && file.endsWith('.ts'))).toEqual([]);
    const agent = statSync(path('node_modules/@nx-avocado/engine/feeds/debian/rootfs/usr/bin/avocadoctl'));
    expect(agent.mode & 0o111).toBe(0o111);
  });

  test.each(['executors', 'generators'])('every file that %s.json names is there', (kind) => {
    const json = JSON.parse(readFileSync(path(`node_modules/nx-avocado/${kind}.json`), 'utf8')) as Record<
      string,
      Record<string, { implementation?: string; factory?: string; schema: string }>
    >;
    const named = Object.values(json[kind] ?? {}).flatMap(({ implementation, factory, schema }) => [
      `${implementation ?? factory ?? ''}.js`,
      schema,
    ]);
    expect(named).not.toEqual([]);
    expect(named.filter((file) => !existsSync(path(`node_modules/nx-avocado/${file}`)))).toEqual([]);
  });

  test.each(['false', 'true'])('infers projects; in a plugin worker: %s', async (isolated) => {
    const { code, output } = await runNx(root, ['show', 'projects', '--json'], { NX_ISOLATE_PLUGINS: isolated });
    expect(`${code} ${output}`).toMatch(/^0 /);
    expect((JSON.parse(output) as string[]).sort()).toEqual(['app', 'dev']);
  });

  test('the generator writes the lock, and has nothing to do where it is up to date', async () => {
    // The packages are resolved once; the other versions of nx get the lock that the first one wrote.
    if (existsSync(lock)) cpSync(lock, path('product/avocado.lock'));
    else await generate(/CREATE product\/avocado\.lock/);
    const before = readFileSync(path('product/avocado.lock'), 'utf8');
    await generate(/^(?![^]*(CREATE|UPDATE))/);
    expect(readFileSync(path('product/avocado.lock'), 'utf8')).toBe(before);
    cpSync(path('product/avocado.lock'), lock);
  });

  test('builds an image; the second time it comes from the cache', async () => {
    const image = path('product/.avocado/app/qemux86-64/build/app-1.0.0.raw');
    const first = await runNx(root, ['run', 'app:build']);
    expect(`${first.code} ${first.output}`).toMatch(/^0 /);
    expect(first.output).not.toContain('cache]');
    const bytes = readFileSync(image);
    rmSync(path('product/.avocado'), { recursive: true });
    const second = await runNx(root, ['run', 'app:build']);
    expect(second.output).toContain('nx run app:build  [local cache]');
    expect(readFileSync(image).equals(bytes)).toBe(true);
  });

  async function generate(wanted: RegExp): Promise<void> {
    const { code, output } = await runNx(root, ['g', 'nx-avocado:lock']);
    expect(`${code} ${output}`).toMatch(/^0 /);
    expect(output).toMatch(wanted);
  }
});
