import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runNx } from '../../e2e/support/nx';
import { pairs } from './figure';
import type { Figure } from './figure';
import type { BenchWorkspace } from './workspace';

const files = 500;

/** One extension and one runtime: 40 lines, as a product's file has that is not all comments. */
const product = (n: number): string => `# Product ${n}: a service, and the device that it runs on.
default_target: qemux86-64

supported_targets:
  - qemux86-64
  - qemuarm64

distro:
  release: 2024
  channel: edge

runtimes:
  device-${n}:
    extensions:
      - service-${n}
    packages:
      avocado-runtime: '*'

extensions:
  service-${n}:
    types:
      - sysext
      - confext
    version: 1.${n}.0
    summary: The service of product ${n}
    overlay: overlay
    enable_services:
      - service-${n}.service
    on_merge:
      - systemctl restart --no-block service-${n}.service
    packages:
      curl: '*'

sdk:
  image: docker.io/avocadolinux/sdk:{{ config.distro.release }}-{{ config.distro.channel }}
  packages:
    avocado-sdk-toolchain: '*'
`;

const unit = '[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n';

/** 500 avocado.yaml, which are 1000 projects, beside as many projects that Nx reads from project.json. No daemon. */
export class Scale {
  private readonly root = mkdtempSync(join(tmpdir(), 'nx-avocado-bench-scale-'));
  private readonly ours: string;
  /** Small projects: two targets each. */
  private readonly bare: string;
  /** The very projects that are inferred in `ours`, written out. */
  private readonly same: string;

  constructor({ root }: Pick<BenchWorkspace, 'root'>) {
    const modules = join(root, 'node_modules');
    this.ours = this.workspace('ours', modules, [{ plugin: 'nx-avocado', options: { feed: 'debian' } }]);
    this.bare = this.workspace('bare', modules, []);
    this.same = this.workspace('same', modules, []);
    for (let n = 0; n < files; n++) {
      const folder = `area-${n % 20}/product-${n}`;
      write(join(this.ours, folder, 'avocado.yaml'), product(n));
      write(join(this.ours, folder, `overlay/usr/lib/systemd/system/service-${n}.service`), unit);
      for (const name of [`device-${n}`, `service-${n}`]) {
        const target = { executor: 'nx:noop', cache: true, inputs: [{ externalDependencies: [] }] };
        const project = { name, targets: { build: target, test: target } };
        write(join(this.bare, folder, name, 'project.json'), JSON.stringify(project));
      }
    }
  }

  /** The graph from nothing: every file is read, and the plugin's schema is loaded. */
  async cold(): Promise<Figure> {
    const cold = (root: string): Promise<void> => {
      rmSync(join(root, '.nx'), { recursive: true, force: true });
      return graph(root);
    };
    const { value, floor, runs } = await pairs(
      7,
      () => cold(this.bare),
      () => cold(this.ours),
    );
    return {
      ...{ name: 'graph of 1000 projects, cold', value, unit: 'ms', runs },
      floor: { name: '1000 bare project.json', value: floor },
      limit: { kind: 'difference', at: 2000 },
    };
  }

  /** Nothing changed since the last time. */
  async warm(): Promise<Figure> {
    await graph(this.ours);
    this.writeOut();
    await graph(this.same);
    const { value, floor, runs } = await pairs(
      7,
      () => graph(this.same),
      () => graph(this.ours),
    );
    return {
      ...{ name: 'graph of 1000 projects, warm', value, unit: 'ms', runs },
      floor: { name: 'the same 1000 as project.json', value: floor },
      limit: { kind: 'ratio', at: 1.1 },
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private writeOut(): void {
    const path = join(this.ours, '.nx/workspace-data/project-graph.json');
    const { nodes } = JSON.parse(readFileSync(path, 'utf8')) as { nodes: Record<string, { data: object }> };
    const projects = Object.entries(nodes);
    if (projects.length !== 2 * files) throw new Error(`${projects.length} projects instead of ${2 * files}`);
    for (const [name, { data }] of projects) {
      write(join(this.same, name, 'project.json'), JSON.stringify({ ...data, root: undefined, tags: undefined }));
    }
  }

  private workspace(name: string, modules: string, plugins: object[]): string {
    const root = join(this.root, name);
    const nx = { analytics: false, neverConnectToCloud: true, cacheDirectory: '.nx/cache', plugins };
    write(join(root, 'nx.json'), JSON.stringify(nx));
    write(join(root, 'package.json'), JSON.stringify({ name, private: true }));
    write(join(root, '.gitignore'), 'node_modules\n.nx\n.avocado\n');
    symlinkSync(modules, join(root, 'node_modules'));
    return root;
  }
}

async function graph(root: string): Promise<void> {
  const { code, output } = await runNx(root, ['show', 'projects']);
  if (code !== 0) throw new Error(output);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
