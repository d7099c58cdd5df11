import { statfsSync } from 'node:fs';
import { saysDiskFull } from '../error';
import type { Mount, SdkCommand } from './types';

/** Bytes: a disk with less has nothing left for anybody. */
const smallest = 64 * 1024;

/** Milliseconds between two looks at the disks that a command writes to, and how many in a row have to find one full. */
const watching = { interval: 2000, looks: 4 };

/**
 * Whether a command failed for want of space: it said so, or none is left where it writes. A program that maps its output
 * into memory is killed without a word.
 */
export function ranOutOfSpace(command: SdkCommand, output: string): boolean {
  return saysDiskFull(output) || writesToFullDisk(command);
}

/**
 * Calls `onFull` when a disk that the command writes to stays full: not every program ends then. mkfs.erofs 1.8 waits for
 * its own threads for ever, in one of five cases.
 * @returns ends the watching
 */
export function watchSpace(command: SdkCommand, onFull: () => void): () => void {
  let found = 0;
  const timer = setInterval(() => {
    found = writesToFullDisk(command) ? found + 1 : 0;
    if (found === watching.looks) onFull();
  }, watching.interval);
  return () => clearInterval(timer);
}

function writesToFullDisk({ mounts = [] }: SdkCommand): boolean {
  return mounts.some(isFull);
}

function isFull({ source, writable }: Mount): boolean {
  if (!writable) return false;
  try {
    const { bavail, bfree, bsize } = statfsSync(source);
    // What is kept for root is there for root.
    return (process.getuid?.() === 0 ? bfree : bavail) * bsize < smallest;
  } catch {
    // What the command itself has removed.
    return false;
  }
}
