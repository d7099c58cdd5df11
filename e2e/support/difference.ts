import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { silentReporter } from '@nx-avocado/engine/report';
import { createSandboxRunner } from '@nx-avocado/engine/sdk';
import { toolsRoot } from './tools-root';

/** Where two files that should be the same differ first: an entry of an archive or of an image, else a byte. */
export async function firstDifference(a: string, b: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'difference-'));
  try {
    const trees: string[] = [];
    for (const [index, file] of [a, b].entries()) {
      const tree = join(directory, String(index));
      mkdirSync(tree);
      if (file.endsWith('.tar')) execFileSync('tar', ['--extract', `--file=${file}`, `--directory=${tree}`]);
      else if (/\.(raw|erofs)$/.test(file)) await extractImage(file, tree);
      trees.push(tree);
    }
    const [one, two] = trees.map(describeTree);
    const paths = [...new Set([...Object.keys(one!), ...Object.keys(two!)])].sort();
    const path = paths.find((name) => one![name] !== two![name]);
    if (path !== undefined) return `${path}: ${one![path] ?? 'missing'} and ${two![path] ?? 'missing'}`;
    return `byte ${firstByte(readFileSync(a), readFileSync(b))}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function extractImage(file: string, tree: string): Promise<void> {
  const mounts = [
    { source: dirname(file), target: '/in' },
    { source: tree, target: '/out', writable: true },
  ];
  const argv = ['fsck.erofs', '--extract=/out', '--overwrite', '--no-preserve-owner', `/in/${basename(file)}`];
  await createSandboxRunner().run({ root: await toolsRoot(), argv, mounts, label: 'extract' }, silentReporter);
}

function describeTree(directory: string): Record<string, string> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    paths.map((path) => {
      const { mode, mtimeMs, size } = lstatSync(join(directory, path));
      const type = mode & 0o170000;
      const head = `mode ${mode.toString(8)}, time ${mtimeMs}`;
      if (type === 0o120000) return [path, `${head}, link to ${readlinkSync(join(directory, path))}`];
      if (type !== 0o100000) return [path, head];
      const content = execFileSync('sha256sum', [join(directory, path)], { encoding: 'utf8' }).slice(0, 64);
      return [path, `${head}, ${size} bytes, ${content}`];
    }),
  );
}

function firstByte(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) if (a[at] !== b[at]) return at;
  return length;
}
