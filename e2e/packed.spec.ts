import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { runNx } from './support/nx';
import { foreignWorkspace, installedFor, megabytes, packPackages } from './support/packed';
import { eventually, processesWith } from './support/processes';
import { repository } from './support/workspace';

/** The plugin as a user gets it: compiled, packed, and installed by npm into a workspace that has no TypeScript. */
const scratch = mkdtempSync(join(tmpdir(), 'nx-avocado-packed-'));
const lock = join(scratch, 'avocado.lock');
let tarballs: string[];

/** MB of the two tarballs and of what npm installs for them: a little over what README states. */
const stated = { packed: 1.5, installed: 34.2 };

/** A task beside ours that wants a running machine. */
const probe = {
  'probe/project.json': JSON.stringify({
    name: 'probe',
    targets: {
      use: {
        command: 'echo the machine is ${NX_READY_URL:-not announced}',
        dependsOn: [{ projects: ['dev'], target: 'qemu', waitFor: 'ready' }],
      },
    },
  }),
};

jest.setTimeout(10 * 60_000);

beforeAll(() => {
  tarballs = packPackages(scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('publint and arethetypeswrong find nothing', () => {
  const entries = readdirSync(join(repository, 'packages/engine/src'));
  for (const tarball of tarballs) {
    lint('publint', [tarball, '--strict', '--level', 'warning']);
    const engine = tarball.includes('engine');
    // Node 10 knows no `exports`; everything that loads the plugin does.
    lint('attw', [
      tarball,
      '--profile',
      'node16',
      '--no-definitely-typed',
      ...(engine ? ['--entrypoints', ...entries] : []),
    ]);
  }
});

/** Fails with what the program printed. */
function lint(program: string, args: string[]): void {
  execFileSync(join(repository, 'node_modules/.bin', program), args, { encoding: 'utf8', stdio: 'pipe' });
}

describe.each([
  { version: '24.0.6', devkit: '24.0.0' },
  { version: '23.3.2', devkit: '23.3.2' },
  { version: '22.7.12', devkit: '22.7.12' },
])('with nx $version', ({ version, devkit }) => {
  const nx24 = version.startsWith('24.');
  let root: string;
  const path = (file: string) => join(root, file);
  const installed = (name: string) =>
    readdirSync(path(`node_modules/${name}`), { recursive: true, encoding: 'utf8' }).filter(
      (file) => !file.startsWith('node_modules/'),
    );

  // npm checks the peer dependencies: an nx that the plugin does not allow fails here.
  beforeAll(() => {
    root = foreignWorkspace([`nx@${version}`, `@nx/devkit@${devkit}`, ...tarballs], probe);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('holds what runs, and nothing of the development', () => {
    expect(existsSync(path('node_modules/typescript'))).toBe(false);
    const files = [...installed('nx-avocado'), ...installed('@nx-avocado/engine')];
    expect(files.filter((file) => /\.spec\.|\.tsbuildinfo$|corpus|\.d\.ts\.map$/.test(file))).toEqual([]);
    expect(files.filter((file) => file.startsWith('src/') && file.endsWith('.ts'))).toEqual([]);
    const agent = statSync(path('node_modules/@nx-avocado/engine/feeds/debian/rootfs/usr/bin/avocadoctl'));
    expect(agent.mode & 0o111).toBe(0o111);
  });

  test('every module has its types, and a map that holds its source', () => {
    for (const name of ['nx-avocado', '@nx-avocado/engine']) {
      const files = installed(name);
      const modules = files.filter((file) => file.endsWith('.js'));
      expect(modules).not.toEqual([]);
      const missing = modules.flatMap((file) => [`${file}.map`, file.replace(/\.js$/, '.d.ts')]);
      expect(missing.filter((file) => !files.includes(file))).toEqual([]);
      const map = readFileSync(path(`node_modules/${name}/${modules[0]}.map`), 'utf8');
      expect((JSON.parse(map) as { sourcesContent?: string[] }).sourcesContent?.[0]).toMatch(/import|export/);
    }
  });

  test('costs what is stated, and brings nothing but what runs', () => {
    const all = installedFor('nx-avocado', root);
    // dockerode's protobufjs counts Node's types among what it runs with.
    const development = /^(@types\/(?!node@)|@nx\/|nx@|jest|eslint|typescript|prettier|@swc)/;
    expect([...all.keys()].filter((name) => development.test(name))).toEqual([]);
    expect(megabytes(all.values())).toBeLessThan(stated.installed);
    expect(tarballs.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6).toBeLessThan(stated.packed);
  });

  test.each(['executors', 'generators', 'migrations'])('every file that %s.json names is there', (kind) => {
    const read = (file: string) => JSON.parse(readFileSync(path(`node_modules/nx-avocado/${file}`), 'utf8')) as unknown;
    const manifest = read('package.json') as Record<string, unknown>;
    expect(kind === 'migrations' ? manifest['nx-migrations'] : manifest[kind]).toEqual(
      kind === 'migrations'
        ? { migrations: './migrations.json', packageGroup: ['@nx-avocado/engine'] }
        : `./${kind}.json`,
    );
    const json = read(`${kind}.json`) as Record<string, Record<string, Record<string, string>>>;
    const entries = json[kind === 'migrations' ? 'generators' : kind];
    const named = Object.values(entries ?? {}).flatMap(({ implementation, batchImplementation, factory, schema }) => [
      ...[implementation, batchImplementation, factory].flatMap((file) => (file === undefined ? [] : [`${file}.js`])),
      ...(schema === undefined ? [] : [schema]),
    ]);
    // No release needs a migration yet.
    if (kind !== 'migrations') expect(named).not.toEqual([]);
    expect(named.filter((file) => !existsSync(path(`node_modules/nx-avocado/${file}`)))).toEqual([]);
  });

  test.each(['false', 'true'])('infers projects; in a plugin worker: %s', async (isolated) => {
    const { code, output } = await runNx(root, ['show', 'projects', '--json'], { NX_ISOLATE_PLUGINS: isolated });
    expect(`${code} ${output}`).toMatch(/^0 /);
    expect((JSON.parse(output) as string[]).sort()).toEqual(['app', 'dev', 'probe']);
  });

  test('the graph is made, with its edges', async () => {
    await nx(['graph', '--file=tmp/graph.json']);
    const { graph } = JSON.parse(readFileSync(path('tmp/graph.json'), 'utf8')) as {
      graph: { nodes: object; dependencies: Record<string, { target: string }[]> };
    };
    expect(Object.keys(graph.nodes).sort()).toEqual(['app', 'dev', 'probe']);
    expect(graph.dependencies['dev']?.map(({ target }) => target)).toEqual(['app']);
  });

  test('a project and a target say what they are', async () => {
    const shown = JSON.parse(await nx(['show', 'project', 'dev', '--json'])) as {
      metadata: { technologies: string[] };
      targets: Record<string, { continuous?: boolean; metadata: { help: { command: string } } }>;
    };
    expect(shown.metadata.technologies).toContain('avocado');
    expect(shown.targets['qemu']).toMatchObject({
      continuous: true,
      metadata: { help: { command: 'npx nx run dev:qemu --help' } },
    });
    expect(await nx(['run', 'dev:qemu', '--help'])).toMatch(/Boots a runtime in QEMU[^]*--hostFwd[^]*Ports/);
    expect(await nx(['list', 'nx-avocado'])).toMatch(/ci-workflow[^]*boot-test/);
  });

  test('a generator says what is wrong, and changes nothing', async () => {
    expect(await nx(['g', 'nx-avocado:ci-workflow', 'gitlab'])).toContain('CREATE .gitlab-ci.yml');
    const before = readFileSync(path('.gitlab-ci.yml'), 'utf8');
    const { code, output } = await runNx(root, ['g', 'nx-avocado:ci-workflow', 'gitlab', '--shards=3']);
    expect(code).not.toBe(0);
    expect(output).toMatch(/is there already; nothing was changed \[CI_FILE_EXISTS\]\s+hint: Remove it/);
    expect(readFileSync(path('.gitlab-ci.yml'), 'utf8')).toBe(before);
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

  test('boots', async () => {
    expect(await nx(['run', 'dev:boot-test'])).toContain('Successfully ran target boot-test');
  });

  test('a task that needs the machine gets it; from nx 24 on, once it is up', async () => {
    const output = await nx(['run', 'probe:use', '--output-style=stream']);
    expect(output).toContain(nx24 ? 'the machine is qemu://dev' : 'the machine is not announced');
    // Nx 22 tells the machine to stop, and does not wait for it.
    expect(
      await eventually(
        () => processesWith(root),
        (left) => left.length === 0,
        20_000,
      ),
    ).toEqual([]);
  });

  test('the generators find their templates', async () => {
    await nx(['g', 'nx-avocado:init', '--ci=github']);
    await nx(['g', 'nx-avocado:runtime', 'lab', '--no-lock']);
    await nx(['g', 'nx-avocado:rust-extension', 'hello', '--runtime=lab', '--no-lock']);
    for (const language of ['c', 'go', 'python', 'node', 'none']) {
      await nx(['g', 'nx-avocado:extension', `in-${language}`, `--language=${language}`, '--runtime=lab', '--no-lock']);
    }
    const shown = JSON.parse(await nx(['show', 'project', 'lab', '--json'])) as {
      targets: { build: { dependsOn: { projects: string[] }[] } };
    };
    const extensions = ['hello', 'in-c', 'in-go', 'in-python', 'in-node', 'in-none'];
    expect(JSON.stringify(shown.targets.build.dependsOn)).toMatch(new RegExp(extensions.join('.*')));
  });

  async function generate(wanted: RegExp): Promise<void> {
    expect(await nx(['g', 'nx-avocado:lock'])).toMatch(wanted);
  }

  /** @returns what it printed; it must succeed */
  async function nx(args: string[]): Promise<string> {
    const { code, output } = await runNx(root, args);
    expect(`${code} ${output}`).toMatch(/^0 /);
    return output;
  }
});
