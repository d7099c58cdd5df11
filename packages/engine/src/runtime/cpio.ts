/** One entry of an initramfs. All belong to root and have no time. */
export type CpioEntry =
  | { path: string; kind: 'directory'; mode: number }
  | { path: string; kind: 'link'; target: string }
  | { path: string; kind: 'file'; mode: number; content: Buffer };

const types = { directory: 0o040000, link: 0o120000, file: 0o100000 } as const;

/**
 * A cpio archive in the form that the kernel reads (`newc`, Documentation/driver-api/early-userspace/buffer-format.rst).
 * Entries are sorted by path, so parents come first: the same entries give the same bytes.
 */
export function cpioArchive(entries: CpioEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const parts = sorted.flatMap((entry, at) => {
    const content = entry.kind === 'file' ? entry.content : Buffer.from(entry.kind === 'link' ? entry.target : '');
    const mode = types[entry.kind] | (entry.kind === 'link' ? 0o777 : entry.mode);
    return encode(entry.path, mode, at + 1, entry.kind === 'directory' ? 2 : 1, content);
  });
  return Buffer.concat([...parts, ...encode('TRAILER!!!', 0, 0, 1, Buffer.alloc(0))]);
}

function encode(path: string, mode: number, inode: number, links: number, content: Buffer): Buffer[] {
  const name = Buffer.from(`${path}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
