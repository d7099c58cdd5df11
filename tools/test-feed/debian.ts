import { aptUpdate, isFresh } from '../../packages/engine/src/feed/apt';
import { machine } from '../../packages/engine/src/feed/data';
import { resolveRoots } from '../../packages/engine/src/feed/resolve';
import type { RootRequests } from '../../packages/engine/src/feed/requests';
import type { PackagePin, RootName } from '../../packages/engine/src/feed/types';
import { storePath, withLock } from '../../packages/engine/src/store';

/** The machine target that the test feed serves. */
export const target = machine('qemux86-64');

/** Debian's packages for these names, with all that they depend on, as the mirror has them now. */
export async function debianPins(requests: RootRequests): Promise<Partial<Record<RootName, PackagePin[]>>> {
  return withLock(storePath('locks', 'apt'), () =>
    resolveRoots(requests, target, {
      ready: async (state) => {
        if (!(await isFresh(state))) await aptUpdate(state);
      },
    }),
  );
}
