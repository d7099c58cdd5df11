import { join } from 'node:path';
import { VersionActions } from 'nx/release';
import { releaseChangelog } from './changelog';

type Tree = Parameters<VersionActions['updateProjectVersion']>[0];

interface Manifest {
  name: string;
  version: string;
  dependencies?: Record<string, string>;
}

/**
 * What `nx release` changes for a package: package.json, its copy in package-lock.json, and CHANGELOG.md. Nx's own
 * actions are part of @nx/js, which this workspace does without, and ask a registry.
 */
export default class PackageVersionActions extends VersionActions {
  override validManifestFilenames = ['package.json'];

  override readCurrentVersionFromSourceManifest(tree: Tree) {
    const { version } = readJson<Manifest>(tree, this.manifest);
    return Promise.resolve({ currentVersion: version, manifestPath: this.manifest });
  }

  override readCurrentVersionFromRegistry() {
    return Promise.reject(new Error('releases are known by their git tags, not by a registry'));
  }

  override readCurrentVersionOfDependency(tree: Tree, _graph: unknown, dependency: string) {
    const version = readJson<Manifest>(tree, this.manifest).dependencies?.[dependency];
    return Promise.resolve({
      currentVersion: version ?? null,
      dependencyCollection: version === undefined ? null : 'dependencies',
    });
  }

  override updateProjectVersion(tree: Tree, version: string) {
    this.edit(tree, (manifest) => ({ ...manifest, version }));
    // By the first of the packages; the others find it done.
    const date = new Date().toISOString().slice(0, 10);
    tree.write('CHANGELOG.md', releaseChangelog(tree.read('CHANGELOG.md', 'utf8') ?? '', version, date));
    return Promise.resolve([`${this.manifest}, package-lock.json and CHANGELOG.md have version ${version}`]);
  }

  override updateProjectDependencies(tree: Tree, _graph: unknown, versions: Record<string, string>) {
    const own = readJson<Manifest>(tree, this.manifest).dependencies ?? {};
    const changed = Object.entries(versions).filter(([name]) => name in own);
    if (changed.length === 0) return Promise.resolve([]);
    this.edit(tree, (manifest) => ({
      ...manifest,
      dependencies: { ...manifest.dependencies, ...Object.fromEntries(changed) },
    }));
    return Promise.resolve(changed.map(([name, version]) => `${this.manifest} depends on ${name} ${version}`));
  }

  private get manifest(): string {
    return join(this.projectGraphNode.data.root, 'package.json');
  }

  /** The package's manifest, and what the lock says of it. */
  private edit(tree: Tree, change: (manifest: Manifest) => Manifest): void {
    writeJson(tree, this.manifest, change(readJson<Manifest>(tree, this.manifest)));
    const lock = readJson<{ packages: Record<string, Manifest> }>(tree, 'package-lock.json');
    const { root } = this.projectGraphNode.data;
    const entry = lock.packages[root];
    if (entry) lock.packages[root] = change(entry);
    writeJson(tree, 'package-lock.json', lock);
  }
}

function readJson<T>(tree: Tree, path: string): T {
  return JSON.parse(tree.read(path, 'utf8') ?? '') as T;
}

function writeJson(tree: Tree, path: string, value: unknown): void {
  tree.write(path, `${JSON.stringify(value, null, 2)}\n`);
}
