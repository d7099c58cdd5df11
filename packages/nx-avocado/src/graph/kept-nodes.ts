import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CreateNodesResult } from '@nx/devkit';
import { dataFile, readData, writeData } from './data-file';
import { FileDigests } from './digests';
import type { KnownDigests } from './digests';
import type { Reads } from './cache';
import { stampOf } from './stamp';
import type { OverlayTrees, TreeModes } from './tree-modes';

type Nodes = [string, CreateNodesResult][];

interface Kept {
  /** sha256 over what is no file: format, release, options, the names of all files. */
  key: string;
  reads: Reads;
  /** What stands below each overlay. */
  overlays: Record<string, TreeModes>;
  digests: KnownDigests;
  nodes: Nodes;
}

/**
 * The nodes of an earlier run as a whole, by all that they were made of: for hundreds of files it takes longer to make
 * them from what is known of each than to read them. Only what two runs after each other agree on is kept, or each edit
 * would cost the writing.
 */
export class KeptNodes {
  private readonly kept: Kept | undefined;
  private readonly digests: FileDigests;

  constructor(
    workspaceRoot: string,
    private readonly key: string,
    private readonly path = dataFile(workspaceRoot, 'nx-avocado-nodes.json'),
  ) {
    this.kept = readData<Kept>(path);
    this.digests = new FileDigests(workspaceRoot, this.kept?.digests ?? {});
  }

  /** Those of an earlier run, where nothing that they were made of has changed. */
  get(trees: OverlayTrees): Nodes | undefined {
    if (this.kept?.key !== this.key) return undefined;
    const { reads, overlays, nodes } = this.kept;
    for (const name in reads.env) if ((process.env[name] ?? null) !== reads.env[name]) return undefined;
    for (const name in reads.files) if (this.digests.of(name) !== reads.files[name]) return undefined;
    for (const name in overlays) if (!isSame(trees.modes(name), overlays[name]!)) return undefined;
    return nodes;
  }

  /** @param files what was read beside what `reads` names */
  set(nodes: Nodes, reads: readonly Reads[], files: readonly string[], trees: OverlayTrees): void {
    const all: Reads = { files: {}, env: {} };
    for (const read of reads) {
      Object.assign(all.files, read.files);
      Object.assign(all.env, read.env);
    }
    for (const file of files) all.files[file] = this.digests.of(file);
    // What changed while the nodes were made would be taken for what they were made of.
    for (const name in all.files) if (this.digests.of(name) !== all.files[name]) return;
    writeData(this.path, {
      ...{ key: this.key, reads: all, overlays: trees.all(), digests: this.digests.known, nodes },
    } satisfies Kept);
  }
}

/** @param parts whatever else the nodes depend on, as JSON has it */
export function nodesKey(parts: object): string {
  return createHash('sha256')
    .update(JSON.stringify([parts, ownCode()]))
    .digest('hex');
}

/** A release says what its code makes of a file; who works on the plugin changes the code and not the release. */
function ownCode(): string[] {
  return readdirSync(__dirname)
    .sort()
    .map((name) => `${name} ${stampOf(join(__dirname, name))?.text ?? ''}`);
}

function isSame(one: TreeModes, other: TreeModes): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
