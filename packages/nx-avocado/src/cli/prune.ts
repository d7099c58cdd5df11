import { createProjectGraphAsync } from '@nx/devkit';
import type { Command } from 'commander';
import { formatError } from '@nx-avocado/engine/error';
import type { Reporter } from '@nx-avocado/engine/report';
import { dockerUsage } from '@nx-avocado/engine/sdk';
import type { DockerUsage } from '@nx-avocado/engine/sdk';
import { formatSize, measure, parseAge, parseSize, planPrune } from '@nx-avocado/engine/store';
import { prunedAreas, pruneStore, staleEntry, storeEntries, total } from '@nx-avocado/engine/store';
import type { PruneRules, StoreEntry } from '@nx-avocado/engine/store';
import { lineReporter } from '../executors/reporter';
import { staleOutputs } from '../graph/stale-outputs';
import { workspaceRoot } from './workspace';

interface Options {
  dryRun?: boolean;
  olderThan?: string;
  maxSize?: string;
  docker?: boolean;
}

/** `nx-avocado prune`: disk use of the store and of stale outputs, and what of it goes. */
export function prune(program: Command): void {
  program
    .command('prune')
    .description('Remove from this machine what was not used for long; with --dry-run, show what it would be')
    .option('--dry-run', 'remove nothing')
    .option('--older-than <age>', 'what was not used for so long: 12h, 14d, 2w (default: 14d, without --max-size)')
    .option('--max-size <size>', 'as much as may stay, least recently used first: 500MB, 20GB')
    .option(
      '--docker',
      'and what the Docker daemon keeps for this machine and no container uses: it tells no time of use',
    )
    .action(async ({ dryRun = false, olderThan, maxSize, docker = false }: Options) => {
      const reporter = lineReporter(process.stdout);
      const rules: PruneRules = {
        ...(maxSize !== undefined && { maxSize: parseSize(maxSize) }),
        ...((olderThan !== undefined || maxSize === undefined) && { olderThan: parseAge(olderThan ?? '14d') }),
      };
      const stale = await staleEntries(workspaceRoot());
      const all = async (): Promise<StoreEntry[]> => [...(await storeEntries()), ...stale];
      const { before, removed } = dryRun
        ? await all().then((entries) => ({ before: entries, removed: planPrune(entries, rules, Date.now()) }))
        : await pruneStore(rules, reporter, stale);
      const kept = await dockerUsage().catch((error: unknown) => (reporter.warn(formatError(error)), []));
      const gone = docker ? await removeAll(kept, dryRun, reporter) : [];
      const lines = table([...before, ...kept.map(dockerEntry)], [...removed, ...gone.map(dockerEntry)], dryRun);
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

async function staleEntries(root: string): Promise<StoreEntry[]> {
  const graph = await createProjectGraphAsync({ exitOnError: false });
  const paths = staleOutputs(
    root,
    Object.values(graph.nodes).map(({ data }) => data),
  );
  const entries = await Promise.all(paths.map((path) => staleEntry('workspace', root, path)));
  await measure(entries);
  return entries;
}

/** @returns what is gone, or would be */
async function removeAll(usages: DockerUsage[], dryRun: boolean, reporter: Reporter): Promise<DockerUsage[]> {
  const gone: DockerUsage[] = [];
  for (const usage of usages) {
    try {
      if (!dryRun) await usage.remove();
      gone.push(usage);
    } catch (error) {
      reporter.warn(formatError(error));
    }
  }
  return gone;
}

function dockerEntry({ name, bytes }: DockerUsage): StoreEntry {
  return { area: 'docker', name, paths: [], size: bytes, used: 0, held: false, stale: false };
}

/** A line for each area, and the sum: what there was, what goes, what stays. */
function table(before: StoreEntry[], removed: StoreEntry[], dryRun: boolean): string[] {
  const row = (name: string, keep: (entry: StoreEntry) => boolean): string[] => {
    const [was, gone] = [before.filter(keep), removed.filter(keep)];
    const sizes = [total(was), total(gone), total(was) - total(gone)].map(formatSize);
    return [name, `${was.length}`, ...sizes, `${was.filter(({ held }) => held).length || ''}`];
  };
  const areas = [...prunedAreas, 'workspace', 'docker'].filter((area) => before.some((entry) => entry.area === area));
  const rows = [
    ['', 'entries', 'size', dryRun ? 'would go' : 'removed', dryRun ? 'would stay' : 'left', 'in use'],
    ...areas.map((area) => row(area, (entry) => entry.area === area)),
    row('all', () => true),
  ];
  const widths = rows[0]!.map((_cell, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
