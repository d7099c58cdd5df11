// Run by main.ts in a process of its own, whose peak memory it prints: `pack.ts <workspace> [pack]`.
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { createCipheriv } from 'node:crypto';
import { assembleExtension } from '../../packages/engine/src/extension';
import { openRoot } from '../../packages/engine/src/feed';
import { silentReporter } from '../../packages/engine/src/report';
import { createSandboxRunner } from '../../packages/engine/src/sdk';
import type { ExtensionAssembleOptions } from '../../packages/engine/src/task';

const [workspaceRoot = '', mode] = process.argv.slice(2);

async function main(): Promise<void> {
  if (mode === 'pack') {
    const { options } = JSON.parse(process.env['BENCH_OPTIONS'] ?? '') as { options: ExtensionAssembleOptions };
    const folder = join(workspaceRoot, 'tmp/bench-overlay');
    try {
      await fill(join(folder, 'usr/share/bench'));
      const { signal } = new AbortController();
      const runner = createSandboxRunner();
      await assembleExtension(options, {
        ...{ workspaceRoot, reporter: silentReporter, signal, runner },
        openRoot: (spec) => openRoot(spec, { reporter: silentReporter }),
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  console.log(process.resourceUsage().maxRSS / 1024);
}

/** 1 GiB in 64 files, the same at each run; they compress, for the time that lz4hc takes with noise is not the point. */
async function fill(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16));
  const zeros = Buffer.alloc(16 * 1024);
  for (let file = 0; file < 64; file++) {
    const stream = createWriteStream(join(directory, String(file)));
    const block = Buffer.concat(new Array<Buffer>(64).fill(noise.update(zeros)));
    for (let i = 0; i < 16; i++) if (!stream.write(block)) await once(stream, 'drain');
    stream.end();
    await once(stream, 'finish');
  }
}

void main();
