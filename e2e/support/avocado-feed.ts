import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRoot, openRpmRoot } from '@nx-avocado/engine/feed';
import type { AvocadoSource, RootRequests, RootSpec, SdkDescriptor } from '@nx-avocado/engine/feed';
import { installRpms } from '@nx-avocado/engine/lock';
import type { RpmInstallContext } from '@nx-avocado/engine/lock';
import { silentReporter } from '@nx-avocado/engine/report';
import { createSandboxRunner, runnerOfRoots } from '@nx-avocado/engine/sdk';
import type { SdkImages, SdkRoot } from '@nx-avocado/engine/sdk';
import type { TaskContext } from '@nx-avocado/engine/task';
import type { TestFeed } from '../../tools/test-feed/feed';
import { repository } from './workspace';

export interface InstallOptions {
  lock?: 'strict' | 'refresh';
  project?: { kind: 'extension' | 'runtime'; name: string };
  source?: Partial<AvocadoSource>;
}

/**
 * A workspace with rust-vitals in `app`, on the avocado feed without a container engine: the sandbox shows the SDK image's
 * directory. What dnf, rpm and the compilers do is the same in a container.
 */
export class FeedWorkspace implements TaskContext, RpmInstallContext {
  readonly workspaceRoot = mkdtempSync(join(tmpdir(), 'avocado-feed-'));
  readonly runner = runnerOfRoots(createSandboxRunner());
  readonly signal: AbortSignal = new AbortController().signal;
  notices: string[] = [];
  readonly reporter = { ...silentReporter, notice: (message: string): void => void this.notices.push(message) };

  constructor(
    private readonly feed: TestFeed,
    private readonly url: string,
  ) {
    const example = join(repository, 'examples/rust-vitals');
    const skipped = ['.avocado', 'target', 'avocado.lock'];
    cpSync(example, this.path('app'), {
      recursive: true,
      filter: (file) => !skipped.includes(file.slice(file.lastIndexOf('/') + 1)),
    });
  }

  path(file: string): string {
    return join(this.workspaceRoot, file);
  }

  remove(): void {
    rmSync(this.workspaceRoot, { recursive: true, force: true });
  }

  readonly images: SdkImages = {
    pin: (name) => Promise.resolve(`${name}@sha256:${this.feed.digest}`),
    open: () => Promise.resolve({ digest: this.feed.digest, path: this.feed.imageRoot }),
  };

  openRoot(spec: RootSpec): Promise<SdkRoot> {
    return spec.rpm ? openRpmRoot(spec, this) : openRoot(spec, this);
  }

  source(changes: Partial<AvocadoSource> = {}): AvocadoSource {
    const known = { image: 'avocadolinux/sdk:2024-edge', release: '2024', channel: 'edge', url: this.url };
    return { ...known, tls_verify: true, weak_dependencies: true, ...changes };
  }

  /** The task `sdk-install`, as the plugin would run it. */
  install(requests: RootRequests, { lock = 'refresh', project, source }: InstallOptions = {}): Promise<SdkDescriptor> {
    const { name, kind } = project ?? { kind: 'extension', name: 'app' };
    const options = {
      ...{
        machine: 'qemux86-64',
        outputPath: `app/.avocado/${name}/qemux86-64/sdk-install`,
        feed: 'avocado' as const,
        lock,
      },
      ...{ configFile: 'app/avocado.yaml', project: { kind, name }, lockDigest: '' },
      requests: requests as Record<string, string[]>,
    } as const;
    return installRpms(options, this.source(source), this);
  }
}
