import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { cleanEnvironment } from './nx';
import { TestWorkspace, repository } from './workspace';

/** Compiles both packages from nothing and packs them as for a release. @returns the two tarballs */
export function packPackages(target: string): string[] {
  const source = new TestWorkspace();
  source.reset();
  const directories = ['packages/engine', 'packages/nx-avocado'];
  for (const directory of directories) rmSync(source.path(`${directory}/dist`), { recursive: true, force: true });
  const compiler = join(repository, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-b', ...directories], { cwd: source.root });
  return directories.map((directory) => {
    const names = npm(source.path(directory), ['pack', '--pack-destination', target]);
    return join(target, names.trim().split('\n').at(-1) ?? '');
  });
}

/** A product of one extension and one runtime; a machine of its own keeps the lock small. */
const product = {
  'product/avocado.yaml': `default_target: qemux86-64
supported_targets: [qemux86-64]
runtimes:
  dev:
    extensions: [app]
    packages:
      avocado-runtime: '*'
extensions:
  app:
    version: 1.0.0
    overlay: overlay
    enable_services: [app.service]
`,
  'product/overlay/usr/lib/systemd/system/app.service': `[Service]
ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
`,
};

/**
 * An empty workspace of somebody else, with what npm installs for `packages` and nothing of ours beside it.
 * @param more files beside the product's
 */
export function foreignWorkspace(packages: string[], more: Record<string, string> = {}): string {
  const plugin = { plugin: 'nx-avocado', options: { feed: 'debian', runner: 'sandbox', lock: 'strict' } };
  return workspaceOf(packages, { ...product, ...more, 'nx.json': nxJson({ plugins: [plugin] }) }, '.avocado\n');
}

/** A workspace of somebody else with nothing in it, as before the plugin is set up. */
export function emptyWorkspace(packages: string[]): string {
  return workspaceOf(packages, { 'nx.json': nxJson({}) });
}

function nxJson(more: object): string {
  return JSON.stringify({ analytics: false, neverConnectToCloud: true, ...more });
}

function workspaceOf(packages: string[], own: Record<string, string>, ignored = ''): string {
  const root = mkdtempSync(join(tmpdir(), 'nx-avocado-foreign-'));
  const files = {
    ...own,
    'package.json': JSON.stringify({ name: 'foreign', private: true }),
    '.gitignore': `node_modules\n.nx\n${ignored}`,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  npm(root, ['install', '--save-dev', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', ...packages]);
  return root;
}

/** Directory in `node_modules` of a package and of everything that npm installs for it, peers apart. */
export function installedFor(name: string, root: string): Map<string, string> {
  const found = new Map<string, string>();
  const add = (wanted: string, from: string): void => {
    const directory = resolvePackage(wanted, from);
    const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      dependencies?: Record<string, string>;
    };
    const key = `${manifest.name}@${manifest.version}`;
    if (found.has(key)) return;
    found.set(key, directory);
    for (const dependency of Object.keys(manifest.dependencies ?? {})) add(dependency, directory);
  };
  add(name, root);
  return found;
}

/** As Node finds it: in the nearest `node_modules` above. */
function resolvePackage(name: string, from: string): string {
  const directory = join(from, 'node_modules', name);
  if (existsSync(directory)) return directory;
  if (dirname(from) === from) throw new Error(`${name} is not installed`);
  return resolvePackage(name, dirname(from));
}

/** Sum of the files' sizes, in MB. */
export function megabytes(directories: Iterable<string>): number {
  const bytes = [...directories].flatMap((directory) =>
    readdirSync(directory, { recursive: true, withFileTypes: true }).map((entry) =>
      entry.isFile() && !relative(directory, entry.parentPath).includes('node_modules')
        ? statSync(join(entry.parentPath, entry.name)).size
        : 0,
    ),
  );
  return bytes.reduce((sum, size) => sum + size, 0) / 1e6;
}

function npm(cwd: string, args: string[]): string {
  return execFileSync('npm', [...args, '--silent'], {
    cwd,
    env: cleanEnvironment(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
