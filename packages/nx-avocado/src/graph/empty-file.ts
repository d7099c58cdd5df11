import { readFileSync } from 'node:fs';
import { AvocadoError } from '@nx-avocado/engine/error';

/** Sections of a file that others take parts from: such a file has no project of its own, and is no mistake. */
const parts = /^["']?(rootfs|initramfs|kernel|permissions|sdk)\b/m;

/**
 * A file without runtimes and extensions, which somebody has just begun: without an error there would be nothing to run,
 * and Nx would only say that it knows no such project.
 * @throws AvocadoError `CONFIG_EMPTY`
 */
export function checkNotEmpty(file: string): void {
  if (parts.test(readFileSync(file, 'utf8'))) return;
  throw new AvocadoError('CONFIG_EMPTY', 'the file has no runtime and no extension', {
    position: { file, line: 1, column: 1 },
    hint: 'Write some below runtimes: or extensions:, or take the file away; nx g nx-avocado:runtime makes a new one.',
  });
}
