import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RootSpec } from '../feed/types';
import type { TaskContext } from '../task';
import type { Kernel } from './kernel';
import { runTool } from './tools';

/**
 * The kernel modules of the initramfs, by the list that its /init loads:
 * `early` is always needed, `var` for the btrfs of /var, `storage` for disks other than virtio's.
 */
export const initramfsModules = {
  early: ['erofs', 'overlay', 'virtio_blk', 'virtio_pci', 'virtio_mmio'],
  var: ['btrfs'],
  storage: ['virtio_scsi', 'sd_mod', 'ahci', 'nvme', 'mmc_block', 'sdhci_pci'],
} as const;

export type ModuleList = keyof typeof initramfsModules;

/** Names of all modules that a kernel has as files, from modules.dep; `-` and `_` are the same to the kernel. */
export function moduleNames(modulesDep: string): Set<string> {
  return new Set(
    modulesDep.split('\n').flatMap((line) => (line.includes(':') ? [moduleName(line.split(':')[0] ?? '')] : [])),
  );
}

export function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(?:\.\w+)?$/, '')
    .replaceAll('-', '_');
}

/**
 * What modprobe would load, in its order; each file once over all lists. A module that the kernel has built in, or does
 * not have, is in no list: /init says so when it then finds no root.
 * @param index directory of modules.dep
 * @returns paths relative to the kernel's module directory
 */
export async function orderModules(
  kernel: Kernel,
  index: string,
  tools: RootSpec,
  context: TaskContext,
): Promise<Record<ModuleList, string[]>> {
  const known = moduleNames(await readFile(join(index, 'modules.dep'), 'utf8'));
  const lists: Record<ModuleList, string[]> = { early: [], var: [], storage: [] };
  const seen = new Set<string>();
  for (const list of ['early', 'var', 'storage'] as const) {
    const wanted = initramfsModules[list].filter((name) => known.has(name));
    for (const name of wanted) {
      const stdout = await runTool(
        tools,
        {
          label: `dependencies of the kernel module ${name}`,
          argv: ['modprobe', '--dirname', '/index', '--set-version', kernel.version, '--show-depends', name],
          mounts: [{ source: index, target: `/index/lib/modules/${kernel.version}` }],
        },
        context,
      );
      for (const path of parseDepends(stdout, `/index/lib/modules/${kernel.version}/`)) {
        if (!seen.has(path)) lists[list].push(path);
        seen.add(path);
      }
    }
  }
  return lists;
}

/** Reads `modprobe --show-depends`: `insmod <path> <options>`, `builtin <name>`. Pure. */
export function parseDepends(stdout: string, prefix: string): string[] {
  return stdout
    .split('\n')
    .map((line) => /^insmod (\S+)/.exec(line)?.[1])
    .filter((path): path is string => path !== undefined)
    .map((path) => (path.startsWith(prefix) ? path.slice(prefix.length) : path));
}
