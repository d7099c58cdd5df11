import { execFileSync } from 'node:child_process';
import type { Emulation } from '@nx-avocado/engine/feed';
import { repository } from './workspace';

/**
 * How arm64's install scripts run here, by the function that the feed itself asks. In a process of its own, because Jest
 * must know what is skipped before anything can be waited for.
 */
export const arm64Emulation = execFileSync(
  process.execPath,
  [
    ...['--require', '@swc-node/register', '--eval'],
    'require("./packages/engine/src/feed").emulationFor("arm64").then((found) => process.stdout.write(found))',
  ],
  { cwd: repository, encoding: 'utf8' },
) as Emulation;

/** `describe`, or why not. */
export const describeArm64 = arm64Emulation === 'none' ? describe.skip : describe;
if (arm64Emulation === 'none') {
  process.stdout.write(
    'No OS image for arm64 is made: no arm64 programs run here. That takes Linux 6.7 or newer and the right to mount binfmt_misc ' +
      'in a user namespace, or apt-get install arch-test qemu-user-static.\n',
  );
}
