import { AvocadoError } from './index';
import type { AvocadoErrorDetails } from './index';

/** What programs print when a disk or a quota is full, whatever they are written in: strerror(3). */
const said = /No space left on device|Disk quota exceeded/;

export function saysDiskFull(output: string): boolean {
  return said.test(output);
}

export function diskFullError(what: string, details: Omit<AvocadoErrorDetails, 'hint'> = {}): AvocadoError {
  return new AvocadoError('DISK_FULL', `no space is left on the disk for ${what}`, {
    ...details,
    hint: 'Free some (everything in the store can be deleted), or move the store to another disk: NX_AVOCADO_STORE=/path.',
  });
}

/** An error of the system that any write may end with, in our terms; every other error as it is. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AvocadoError) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' ? diskFullError(path ?? 'the output', { cause: error }) : error;
}
