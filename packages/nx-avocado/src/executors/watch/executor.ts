import { resolve } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import type { QemuOptions } from '@nx-avocado/engine/task';
import { engineOptions, runTask } from '../context';
import type { Keyed } from '../context';
import { Link } from '../../watch/link';
import type { Where } from '../../watch/link';
import { Watch } from '../../watch/watch';
import type { WatchOptions } from '../../watch/watch';

interface Options extends WatchOptions, Omit<QemuOptions, 'hostFwd'>, Keyed {
  device?: string;
  identity?: string;
  sshOption?: string[];
}

/** Follows the sources of a runtime until Ctrl-C. */
export default function watchExecutor(options: Options, context: ExecutorContext): Promise<{ success: boolean }> {
  return runTask(context, async (task) => {
    const { device, identity, sshOption = [], unit, runtime, ...machine } = engineOptions(options);
    // ssh knows what `~` is.
    const key = identity && !identity.startsWith('~') ? resolve(context.cwd, identity) : identity;
    const where: Where = device
      ? { kind: 'device', ssh: { device, ...(key && { identity: key }), sshOptions: sshOption } }
      : { kind: 'vm', options: machine };
    const { machine: target, sdk, provision } = machine;
    const watched = { machine: target, sdk, provision, runtime, unit };
    await new Watch(watched, context, new Link(where, task), task).run();
  });
}
