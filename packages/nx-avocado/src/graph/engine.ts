/** The parts of the engine that resolution needs. They bring zod and yaml, so they are loaded when a file changed. */
export async function loadEngine() {
  const [config, feed, lock, rust] = await Promise.all([
    import('@nx-avocado/engine/config'),
    import('@nx-avocado/engine/feed'),
    import('@nx-avocado/engine/lock'),
    import('@nx-avocado/engine/rust'),
  ]);
  return { ...config, ...feed, ...lock, ...rust };
}

export type Engine = Awaited<ReturnType<typeof loadEngine>>;
