import { basename } from 'node:path';

/**
 * The kernel modules of the initramfs, by the list that its /init loads:
 * `early` is always needed, `var` for the btrfs of /var, `storage` for disks other than virtio's.
 */
export const initramfsModules = {
  // virtio_rng: jq wants random numbers, and without a source the kernel gathers them for 2 s (measured under TCG).
  // crc32c_generic: libcrc32c asks for it by what it does, so that modules.dep does not know of it.
  early: ['virtio_rng', 'crc32c_generic', 'erofs', 'overlay', 'virtio_blk', 'virtio_pci', 'virtio_mmio'],
  var: ['btrfs'],
  storage: ['virtio_scsi', 'sd_mod', 'ahci', 'nvme', 'mmc_block', 'sdhci_pci'],
} as const;

export type ModuleLists = Record<keyof typeof initramfsModules, string[]>;

/**
 * The files of each list in the order to load them, with what they need; each file once over all lists. A module that the
 * kernel has built in, or does not have, is in no list: /init says so when it then finds no root. Pure.
 *
 * Soft dependencies are left out: but for crc32c_generic, they add quicker versions of code that is there anyway.
 * @param modulesDep text of modules.dep; a line's dependencies are complete, the last is to be loaded first
 * @param own names of those that the machine's own disks need
 * @returns paths relative to the kernel's module directory
 */
export function orderModules(modulesDep: string, own: readonly string[] = []): ModuleLists {
  const lines = modulesDep.split('\n').filter((line) => line.includes(':'));
  const needs = new Map(
    lines.map((line): [string, string[]] => {
      const [file = '', rest = ''] = line.split(':');
      return [moduleName(file), [file, ...rest.trim().split(/\s+/)].filter((path) => path !== '').reverse()];
    }),
  );
  const seen = new Set<string>();
  const list = (names: readonly string[]): string[] =>
    names
      .flatMap((name) => needs.get(name) ?? [])
      .filter((path) => {
        const first = !seen.has(path);
        seen.add(path);
        return first;
      });
  const { early, var: variable, storage } = initramfsModules;
  return { early: list(early), var: list(variable), storage: list([...own, ...storage]) };
}

/** `-` and `_` are the same to the kernel. */
function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(?:\.\w+)?$/, '')
    .replaceAll('-', '_');
}
