import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine as machineOf, openRoot, rootSpec } from '@nx-avocado/engine/feed';
import { lockSlice, parseLock } from '@nx-avocado/engine/lock';
import { silentReporter } from '@nx-avocado/engine/report';
import type { SdkRoot } from '@nx-avocado/engine/sdk';
import { repository } from './workspace';

/** The image tools of the examples, as their lock pins them: a real root to run commands in. */
export function toolsRoot(): Promise<SdkRoot> {
  const file = join(repository, 'examples/rust-vitals/avocado.lock');
  const machine = machineOf('qemux86-64');
  const lock = parseLock(readFileSync(file, 'utf8'), file);
  const pins = lockSlice(lock, { kind: 'runtime', name: 'dev' }, machine)?.roots.tools ?? [];
  return openRoot(rootSpec('tools', machine, pins), { reporter: silentReporter });
}
