import type * as config from '@nx-avocado/engine/config';
import type * as feed from '@nx-avocado/engine/feed';
import type * as lock from '@nx-avocado/engine/lock';
import type * as rust from '@nx-avocado/engine/rust';
import type * as source from '@nx-avocado/engine/source';

/** The parts of the engine that resolution needs. */
export type Engine = typeof config & typeof feed & typeof lock & typeof rust & typeof source;

/** They bring zod and yaml, so they are loaded when a file changed, not with the plugin. */
export function loadEngine(): Promise<Engine> {
  loading ??= load();
  return loading;
}

let loading: Promise<Engine> | undefined;

async function load(): Promise<Engine> {
  const parts = await Promise.all([
    import('@nx-avocado/engine/config'),
    import('@nx-avocado/engine/feed'),
    import('@nx-avocado/engine/lock'),
    import('@nx-avocado/engine/rust'),
    import('@nx-avocado/engine/source'),
  ]);
  return Object.assign({}, ...(parts as object[])) as Engine;
}
