/** What a remote cache may cost a run. */
export interface Limits {
  /** Milliseconds. */
  patience: number;
  /** Bytes a second that a transfer must move, over each `patience`. */
  slowest: number;
  /** Transfers at once; so many times `slowest` is the slowest line that is of use. */
  parallel: number;
  /** Bytes of an entry, unpacked. */
  largest: number;
}

/** @param env `NX_AVOCADO_REMOTE_CACHE_TIMEOUT`: `patience` in seconds */
export function limits(env: NodeJS.ProcessEnv = process.env): Limits {
  const seconds = Number(env['NX_AVOCADO_REMOTE_CACHE_TIMEOUT']);
  return { patience: seconds > 0 ? seconds * 1000 : 10_000, slowest: 16 * 1024, parallel: 8, largest: 8 * 1024 ** 3 };
}
