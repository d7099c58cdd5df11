import { join } from 'node:path';
import type { Accounts } from '../accounts';
import { accountFiles, applyPermissions } from '../accounts';
import { deviceFiles, generatorMasks, unitChanges, unitLinks } from '../device';
import { AvocadoError } from '../error';
import { Sysroot } from '../extension/sysroot';
import { stageOverlay } from '../extension/overlay';
import { listTree } from '../extension/walk';
import { machine } from '../feed/data';
import type { RootfsOptions, TaskContext } from '../task';
import type { Base } from './base';
import { osRelease } from './os-release';
import { Additions } from './tree';

/** The packages' files whose text the image's plan needs. */
export const neededTexts: readonly string[] = [
  'usr/lib/os-release',
  ...accountFiles.map(({ name }) => `etc/${name}`),
  ...Object.keys(unitChanges),
];

/** A read-only root can get none later; the packages' tar may lack those that a build machine fills. */
const mountPoints: [string, number][] = [
  ...['boot', 'dev', 'home', 'media', 'mnt', 'opt', 'proc', 'run', 'srv', 'sys', 'usr/local', 'var'].map(
    (path): [string, number] => [path, 0o755],
  ),
  ['root', 0o700],
  ['tmp', 0o1777],
];

/** The packages' accounts with the permissions section applied; warnings are reported. */
export function imageAccounts(base: Base, options: RootfsOptions, context: TaskContext): Accounts {
  const accounts: Accounts = { passwd: '', shadow: '', group: '', gshadow: '' };
  for (const { name } of accountFiles) {
    const text = base.texts.get(`etc/${name}`);
    if (text === undefined) throw new AvocadoError('ROOTFS_INCOMPLETE', `the OS packages made no /etc/${name}`);
    accounts[name] = text;
  }
  if (!options.permissions) return accounts;
  const applied = applyPermissions(accounts, options.permissions);
  for (const warning of applied.warnings) context.reporter.warn(warning);
  return applied.accounts;
}

/** New content of files of the packages, by path. */
export function replacements(
  base: Base,
  accounts: Accounts,
  buildId: string,
  options: RootfsOptions,
): Map<string, string> {
  const release = base.texts.get('usr/lib/os-release');
  if (release === undefined) throw new AvocadoError('ROOTFS_INCOMPLETE', 'the OS packages made no /usr/lib/os-release');
  return new Map([
    ['usr/lib/os-release', osRelease(release, buildId, options.machine, options.runtime)],
    ...accountFiles.map(({ name }): [string, string] => [`etc/${name}`, accounts[name]]),
    ...Object.entries(unitChanges).flatMap(([path, change]): [string, string][] => {
      const text = base.texts.get(path);
      return text === undefined ? [] : [[path, change(text)]];
    }),
  ]);
}

/** What the OS image holds beside the packages' files: ours first, then the kernel's modules, then the user's overlay. */
export async function imageAdditions(
  base: Base,
  kernel: { version: string; modules: string; index: string },
  options: RootfsOptions,
  work: string,
  context: TaskContext,
): Promise<Additions> {
  const additions = new Additions(base.entries);
  const file = (path: string, text: string, mode = 0o644) =>
    additions.add(path, { kind: 'file', mode, content: Buffer.from(text) });

  for (const [path, mode] of mountPoints) additions.add(path, { kind: 'directory', mode });
  for (const { path, mode, content } of deviceFiles()) additions.add(path, { kind: 'file', mode, content });
  const exists = (unit: string): boolean => base.entries.has(unit) || additions.has(unit);
  additions.links(unitLinks(machine(options.machine).kernel.console, exists));
  additions.links(generatorMasks());
  file('etc/hostname', `${options.hostname}\n`);
  file('etc/hosts', `127.0.0.1 localhost\n127.0.1.1 ${options.hostname}\n::1 localhost ip6-localhost ip6-loopback\n`);
  // Empty: systemd makes one for each boot, and this is no first boot. The root is read-only.
  file('etc/machine-id', '', 0o444);
  additions.links({
    'etc/resolv.conf': base.entries.has('usr/lib/systemd/systemd-resolved')
      ? '../run/systemd/resolve/stub-resolv.conf'
      : '../run/systemd/resolve/resolv.conf',
    'etc/mtab': '../proc/self/mounts',
  });
  await addModules(additions, kernel);
  if (options.rootfs.overlay) await addOverlay(additions, options, work, context);
  return additions;
}

async function addModules(
  additions: Additions,
  { version, modules, index }: { version: string; modules: string; index: string },
): Promise<void> {
  for (const directory of [modules, index]) {
    for (const { path, kind, size } of await listTree(directory)) {
      if (kind !== 'file') continue;
      const source = join(directory, path);
      additions.add(`usr/lib/modules/${version}/${path}`, { kind: 'file', mode: 0o644, source, size });
    }
  }
}

async function addOverlay(
  additions: Additions,
  { rootfs, sourceRoot, executables = [] }: RootfsOptions,
  work: string,
  { workspaceRoot, reporter, signal }: TaskContext,
): Promise<void> {
  if (!rootfs.overlay) return;
  const options = { workspaceRoot, sourceRoot, overlay: rootfs.overlay, executables, values: {}, signal, reporter };
  for (const warning of await stageOverlay(new Sysroot(work), options)) reporter.warn(warning);
  for (const { path, kind, mode, size, target } of await listTree(work)) {
    if (kind === 'directory') additions.add(path, { kind, mode });
    else if (kind === 'link') additions.add(path, { kind, target: target ?? '' });
    else additions.add(path, { kind: 'file', mode, source: join(work, path), size });
  }
}
