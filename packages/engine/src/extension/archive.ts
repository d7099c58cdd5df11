import { createReadStream } from 'node:fs';
import { extract } from 'tar-stream';
import { AvocadoError } from '../error';
import type { Sysroot } from './sysroot';

/**
 * Unpacks a staged archive of a compile task. The archive passed its manifest, but a cache may be shared with others, so
 * its paths are not trusted: {@link Sysroot} refuses what leaves the sysroot or goes through a link.
 */
export async function stageArchive(
  sysroot: Sysroot,
  archive: string,
  label: string,
  signal: AbortSignal,
): Promise<void> {
  sysroot.origin = label;
  const source = createReadStream(archive);
  const entries = extract();
  // `pipe` hands no errors on; a file that cannot be read must not look like a short archive.
  source.on('error', (error) => entries.destroy(error));
  source.pipe(entries);
  for await (const entry of entries) {
    signal.throwIfAborted();
    const { name, type, mode, linkname } = entry.header;
    if (type === 'file' || type === 'contiguous-file') {
      await sysroot.stream(name, entry, mode ?? 0o644);
      continue;
    }
    entry.resume();
    if (type === 'directory') await sysroot.directory(name, mode ?? 0o755);
    else if (type === 'symlink') await sysroot.symlink(name, linkname ?? '');
    else if (type === 'link') await sysroot.hardLink(name, linkname ?? '');
    else {
      throw new AvocadoError('EXTENSION_SPECIAL_FILE', `${label}: ${name} is no file, directory or link (${type})`, {
        hint: 'Device nodes, FIFOs and sockets are made on the device: by tmpfiles.d or by the service itself.',
      });
    }
  }
}
