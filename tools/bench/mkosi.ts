import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../../e2e/support/workspace';
import { machine, openRoot, rootSpec } from '../../packages/engine/src/feed';
import { aptClosure, aptState, aptUpdate, deb822, isFresh } from '../../packages/engine/src/feed/apt';
import { findMirror } from '../../packages/engine/src/feed/mirror';
import { silentReporter } from '../../packages/engine/src/report';
import type { SdkRoot } from '../../packages/engine/src/sdk';
import { placeRoot } from '../../packages/engine/src/sdk/placement';
import { findBubblewrap } from '../../packages/engine/src/sdk/process';
import { change } from './change';
import { pairs } from './figure';
import type { Row } from './figure';
import { crate, diskFile } from './workspace';
import type { BenchWorkspace } from './workspace';

/** Pinned where its version counts; once Debian has another, the row says so. */
const packages = [
  ...['mkosi=25.3-7', 'apt', 'btrfs-progs', 'ca-certificates', 'cpio', 'debian-archive-keyring', 'dosfstools'],
  ...['erofs-utils', 'kmod', 'mtools', 'systemd-boot-efi', 'systemd-repart', 'systemd-ukify', 'util-linux', 'zstd'],
];
const name = 'main.rs to bootable disk, beside mkosi';

/** The same edit of the same example, made into a disk by mkosi, incrementally (mkosi/mkosi.conf). */
export async function mkosi(workspace: BenchWorkspace): Promise<Row> {
  if (process.getuid?.() !== 0) return { name, reason: 'mkosi makes an image with owners: it needs root' };
  const directory = `${workspace.root}-mkosi`;
  try {
    const [root, sources] = await tools();
    place(workspace, directory, sources);
    const main = `${crate}/src/main.rs`;
    const { value, floor, runs } = await pairs(
      5,
      async (run) => {
        change(join(directory, 'source/src/main.rs'), run);
        await inRoot(root, directory, ['mkosi', '--force', 'build']);
      },
      async (run) => {
        change(workspace.path(main), run);
        await workspace.run('dev:disk', '--file', diskFile);
      },
    );
    return {
      ...{ name, value: value / 1000, unit: 's', runs },
      floor: { name: 'mkosi 25.3, incremental', value: floor / 1000 },
      limit: { kind: 'ratio', at: 0.5 },
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A root with mkosi of Debian 13, and the source of packages for its own apt. */
async function tools(): Promise<[SdkRoot, string]> {
  const target = machine('qemux86-64');
  const mirror = await findMirror();
  const state = aptState('amd64', mirror);
  if (!(await isFresh(state))) await aptUpdate(state);
  const pins = await aptClosure(state, ['?and(?essential,?not(?exact-name(apt)))', ...packages]);
  return [await openRoot(rootSpec('toolchain', target, pins), { reporter: silentReporter }), deb822(mirror)];
}

function place(workspace: BenchWorkspace, directory: string, sources: string): void {
  const from = (path: string, to: string): void =>
    cpSync(workspace.path(path), join(directory, to), { recursive: true, verbatimSymlinks: true });
  cpSync(join(repository, 'tools/bench/mkosi'), directory, { recursive: true });
  from(crate, 'source');
  from('examples/rust-vitals/overlay', 'source/overlay');
  from('examples/rust-vitals/.avocado/dev/qemux86-64/rootfs/initramfs.cpio.zst', 'initramfs.cpio.zst');
  const list = join(directory, 'mkosi.sandbox/etc/apt/sources.list.d/mkosi.sources');
  mkdirSync(dirname(list), { recursive: true });
  writeFileSync(list, sources);
  for (const made of ['tmp', 'packages']) mkdirSync(join(directory, made));
}

/** As root, for owners, mounts and loop-free repart; with network, for mkosi's own apt. */
async function inRoot(root: SdkRoot, directory: string, argv: string[]): Promise<void> {
  const resolver = '/etc/resolv.conf';
  const args = [
    ...['--unshare-pid', '--unshare-ipc', '--die-with-parent', '--cap-add', 'ALL'],
    ...placeRoot(root.path, [resolver, '/work']),
    ...['--dev', '/dev', '--proc', '/proc', '--ro-bind', '/sys', '/sys', '--tmpfs', '/run', '--tmpfs', '/root'],
    ...['--bind', directory, '/work', '--bind', join(directory, 'tmp'), '/var/tmp', '--tmpfs', '/tmp'],
    ...['--ro-bind', resolver, resolver, '--chdir', '/work', '--clearenv'],
    ...['--setenv', 'PATH', '/usr/sbin:/usr/bin', '--setenv', 'HOME', '/root', '--', ...argv],
  ];
  await promisify(execFile)(findBubblewrap(), args, { maxBuffer: 64 * 1024 * 1024 }).catch((error: Error) => {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`mkosi failed: ${stderr.trim().split('\n').slice(-5).join('; ')}`, { cause: error });
  });
}
