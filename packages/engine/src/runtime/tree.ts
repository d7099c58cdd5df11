import { posix } from 'node:path';
import { AvocadoError } from '../error';

/** Something that goes into the OS image beside what the packages installed. Owned by root. */
export type Addition =
  | { kind: 'directory'; mode: number }
  | { kind: 'link'; target: string }
  | { kind: 'file'; mode: number; content: Buffer }
  | { kind: 'file'; mode: number; source: string; size: number };

/** What stands at a path of the base: `link` has its target. */
export interface BaseEntry {
  type: string;
  linkname?: string | undefined;
}

/** Additions by path relative to the root, without a leading `/`. A later one takes the place of an earlier one. */
export class Additions {
  readonly #entries = new Map<string, Addition>();

  constructor(private readonly base: ReadonlyMap<string, BaseEntry>) {}

  add(path: string, addition: Addition): void {
    this.#entries.set(this.resolve(path), addition);
  }

  links(links: Record<string, string>): void {
    for (const [path, target] of Object.entries(links)) this.add(path, { kind: 'link', target });
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  /** Sorted by path, with the directories above them that the base lacks. @throws AvocadoError `ROOTFS_CONFLICT` */
  sorted(): [string, Addition][] {
    const all = new Map(this.#entries);
    for (const path of this.#entries.keys()) {
      for (let parent = posix.dirname(path); parent !== '.'; parent = posix.dirname(parent)) {
        const found = all.get(parent)?.kind ?? this.base.get(parent)?.type;
        if (found !== undefined && found !== 'directory') {
          throw new AvocadoError(
            'ROOTFS_CONFLICT',
            `/${path}: /${parent} is a ${found} of the OS image, no directory`,
            {
              hint: 'Put the file at the place that the link points to, or at another path.',
            },
          );
        }
        if (found === undefined) all.set(parent, { kind: 'directory', mode: 0o755 });
      }
    }
    // A directory of the packages keeps their owner and mode.
    const kept = [...all].filter(
      ([path, { kind }]) => kind !== 'directory' || this.base.get(path)?.type !== 'directory',
    );
    return kept.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** `lib/x` is `usr/lib/x` where the base has a link at `lib`, as every Debian has. */
  private resolve(path: string): string {
    const clean = posix.normalize(path);
    if (clean.startsWith('../') || clean === '..' || clean.startsWith('/') || clean === '.') {
      throw new AvocadoError('ROOTFS_CONFLICT', `${JSON.stringify(path)} is no path below the OS image's root`);
    }
    const [top = '', ...rest] = clean.split('/');
    const link = this.base.get(top);
    return rest.length > 0 && link?.type === 'symlink' && link.linkname === `usr/${top}`
      ? ['usr', top, ...rest].join('/')
      : clean;
  }
}
