import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AvocadoError } from '../error';
import type { SourcePosition } from '../error';
import { gitTree, openTree, resolveRef, treeConfig } from '../source';
import type { GitSource, LockedSource, SourceContext } from '../source';
import { canonicalJson } from '../store';
import type { Project } from '../feed/wants';
import { onlyProjects } from './slice';
import type { Lock, LockedExtension } from './types';

/** An extension of one machine target that is fetched. */
export interface SourceWant {
  /** Its name in the avocado.yaml that names the source. */
  extension: string;
  machine: string;
  source: GitSource;
  /** Where the source is named. */
  position: SourcePosition;
}

export interface PinContext extends SourceContext {
  /** Absolute. */
  workspaceRoot: string;
  /** Of the avocado.yaml, relative to the workspace root. */
  folder: string;
  /** Move every pin to what its ref means now. */
  update: boolean;
  /** What a commit that has vanished leads to: an error, or what its ref means now and a notice. */
  policy: 'strict' | 'refresh';
}

export interface PinnedSources {
  lock: Lock;
  /** What could not be pinned or fetched; the lock says of it what it said before. */
  errors: AvocadoError[];
  /** Whether a tree is there now that was not. */
  fetched: boolean;
}

/** The pin of an extension's source; undefined where there is none, or one of another repository or ref. */
export function lockedSource(
  lock: Lock,
  { extension, machine, source }: Pick<SourceWant, 'extension' | 'machine' | 'source'>,
): LockedSource | undefined {
  const extensions = lock.targets[machine]?.extensions;
  const locked = extensions && Object.hasOwn(extensions, extension) ? extensions[extension]?.source : undefined;
  return locked?.type === 'git' && locked.url === source.url && locked.ref === source.ref ? locked : undefined;
}

/**
 * Pins every source to a commit and fetches its tree; what nobody asks for is dropped from the lock. Needs no network
 * where all of it is pinned and there. One commit for all that ask for the same ref: extensions of one repository, and
 * all machine targets, are built from one state of it.
 */
export async function pinSources(before: Lock, wants: SourceWant[], context: PinContext): Promise<PinnedSources> {
  const result: PinnedSources = { lock: onlySources(before, wants), errors: [], fetched: false };
  const groups = new Map<string, SourceWant[]>();
  for (const want of wants) {
    const key = canonicalJson([want.source.url, want.source.ref]);
    groups.set(key, [...(groups.get(key) ?? []), want]);
  }
  for (const group of groups.values()) {
    try {
      const pin = await pinGroup(before, group, context, () => (result.fetched = true));
      for (const want of group) result.lock = withSource(result.lock, want, pin);
    } catch (error) {
      if (!(error instanceof AvocadoError) || error.code === 'ABORTED') throw error;
      result.errors.push(placed(error, group[0]!));
    }
  }
  return result;
}

async function pinGroup(
  before: Lock,
  group: SourceWant[],
  context: PinContext,
  onFetched: () => void,
): Promise<LockedSource> {
  const { source } = group[0]!;
  const { url, ref } = source;
  const now = async (): Promise<LockedSource> => {
    const commit = await resolveRef(source, context);
    return { type: 'git', url, ...(ref !== undefined && { ref }), commit };
  };
  const open = async (pin: LockedSource): Promise<LockedSource> => {
    for (const want of group) {
      const tree = gitTree(context.folder, want.source, pin);
      const there = existsSync(resolve(context.workspaceRoot, tree.directory));
      treeConfig(await openTree(tree, { ...context, asItIs: there }), tree);
      if (!there) onFetched();
    }
    return pin;
  };
  const known = context.update ? undefined : group.map((want) => lockedSource(before, want)).find((pin) => pin);
  if (!known) return open(await now());
  try {
    return await open(known);
  } catch (error) {
    const vanished = error instanceof AvocadoError && error.code === 'SOURCE_COMMIT_VANISHED';
    if (!vanished || context.policy === 'strict') throw error;
    const moved = await now();
    // A ref that is a commit itself means nothing else.
    if (moved.commit === known.commit) throw error;
    context.reporter.notice(`${error.message}: moved to ${moved.commit}`);
    return open(moved);
  }
}

function placed(error: AvocadoError, { extension, position }: SourceWant): AvocadoError {
  const { code, message, hint, output, cause } = error;
  return new AvocadoError(code, `source of extension ${extension}: ${message}`, { position, hint, output, cause });
}

/** A new lock with this pin for the extension. What is pinned of its packages stays. */
function withSource(lock: Lock, { extension, machine }: SourceWant, source: LockedSource): Lock {
  const next = structuredClone(lock);
  const extensions: Record<string, LockedExtension> = ((next.targets[machine] ??= {}).extensions ??= {});
  const before = Object.hasOwn(extensions, extension) ? extensions[extension] : undefined;
  extensions[extension] = { requests: {}, ...before, source };
  return next;
}

function onlySources(lock: Lock, wants: SourceWant[]): Lock {
  const next = structuredClone(lock);
  for (const [machine, { extensions = {} }] of Object.entries(next.targets)) {
    for (const [name, extension] of Object.entries(extensions)) {
      // Those of packages: includes.ts.
      if (extension.source?.type === 'package') continue;
      if (!wants.some((want) => want.machine === machine && want.extension === name)) delete extension.source;
    }
  }
  return next;
}

/** What moving every pin starts from: the sources, and the projects that have to stay as they are. */
export function beforeUpdate(lock: Lock, keep: { project: Project; machine: string }[]): Lock {
  const next = onlyProjects(lock, keep);
  for (const [machine, { extensions = {} }] of Object.entries(lock.targets)) {
    for (const [name, { source }] of Object.entries(extensions)) {
      if (!source) continue;
      const kept: Record<string, LockedExtension> = ((next.targets[machine] ??= {}).extensions ??= {});
      if (!Object.hasOwn(kept, name)) kept[name] = source.type === 'git' ? { requests: {}, source } : { source };
    }
  }
  return next;
}
