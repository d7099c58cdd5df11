import type { RuntimeInput } from '../schema/runtime';
import type { RuntimeSection } from '../types';
import { compact, text } from './compact';
import { buildPackages, listedExtensions } from './packages';
import { buildSubvolumes } from './parts';

/** Upstream keeps it in every var partition, writable. */
const ALWAYS = { 'lib/avocado': { enabled: true, writable: true } };

/** `defaultKernel` is there when the file has a kernel section of that name. */
export function buildRuntime(name: string, input: RuntimeInput, defaultKernel: string | undefined): RuntimeSection {
  const { target, target_board, stone_manifest, post_build, container_dev, type } = input;
  const packages = buildPackages(input.packages);
  const subvolumes = buildSubvolumes(input.var?.subvolumes);
  return {
    name,
    packages,
    extensions: buildList(input, listedExtensions(packages)),
    rootfs: reference(input.rootfs) ?? 'default',
    initramfs: reference(input.initramfs) ?? 'default',
    stone_include_paths: input.stone_include_paths ?? [],
    var: {
      subvolumes: { ...subvolumes, 'lib/avocado': { ...subvolumes['lib/avocado'], ...ALWAYS['lib/avocado'] } },
      ...compact({ compression: input.var?.compression }),
    },
    var_files: input.var_files ?? [],
    ...compact({ target, target_board, version: text(input.version), stone_manifest, post_build, container_dev, type }),
    ...compact({ kernel: reference(input.kernel) ?? defaultKernel, signing: buildSigning(input.signing) }),
  };
}

/** Inline sections were filed under a name before (forms.ts). */
function reference(value: string | object | null | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Each name once; the first place counts, as it does when images are merged. */
function buildList(input: RuntimeInput, legacy: string[]): RuntimeSection['extensions'] {
  const list = new Map<string, boolean>();
  const add = (name: string, enabled: boolean): void => {
    if (!list.has(name)) list.set(name, enabled);
  };
  for (const entry of input.extensions ?? []) {
    if (typeof entry === 'string') add(entry, true);
    else for (const [name, options] of Object.entries(entry)) add(name, options?.enabled ?? true);
  }
  for (const name of legacy) add(name, true);
  return [...list].map(([name, enabled]) => ({ name, enabled }));
}

function buildSigning(input: RuntimeInput['signing']): RuntimeSection['signing'] {
  if (!input) return undefined;
  const { key, content_key, server_key } = input;
  return { checksum_algorithm: input.checksum_algorithm ?? 'sha256', ...compact({ key, content_key, server_key }) };
}
