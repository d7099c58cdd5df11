import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { silentReporter } from '../../packages/engine/src/report';
import { createSandboxRunner } from '../../packages/engine/src/sdk';
import type { SdkRoot } from '../../packages/engine/src/sdk';
import { median, time } from './figure';
import type { Figure } from './figure';

/** A command in the sandbox over the same command started bare. */
export async function sandbox(root: SdkRoot): Promise<Figure> {
  const runner = createSandboxRunner();
  const bare: number[] = [];
  const inside: number[] = [];
  const runs = 31;
  for (let i = 0; i < runs; i++) {
    bare.push(await time(() => promisify(execFile)('true')));
    inside.push(await time(() => runner.run({ root, argv: ['true'], label: 'true' }, silentReporter)));
  }
  return {
    ...{ name: 'a command in the sandbox', value: median(inside), unit: 'ms', runs },
    floor: { name: 'bare', value: median(bare) },
    limit: { kind: 'difference', at: 30 },
  };
}
