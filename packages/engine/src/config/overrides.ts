import type { Diagnostics } from './diagnostics';
import { isKernelSpec, matchesKernelSpec } from './kernel-version';
import { LIMITS } from './limits';
import { nearest } from './nearest';
import { KNOWN_TARGETS } from './targets';
import { mapOf, type Entry, type MapTree, type Tree } from './tree';

export interface OverrideContext {
  machine: string;
  supported: '*' | readonly string[];
  /** Without it, `kernel-<spec>` blocks are dropped. */
  kernelVersion?: string | undefined;
  diagnostics: Diagnostics;
  /** Counted over the whole file. */
  blocks: { count: number };
}

export interface OverrideRules {
  /** Keys of the section: these are never taken for a bare target. */
  keys: ReadonlySet<string>;
  /** Other names of keys, so that a block and its base merge whatever names they use. */
  aliases?: Readonly<Record<string, string>>;
  /** Image sections don't depend on a kernel: its blocks are ignored there. */
  ignoresKernel?: boolean;
  /** Keys that a block cannot set to a map. */
  noMapIn?: readonly string[];
}

export interface Resolved {
  /** The section for this machine, without blocks. */
  effective: MapTree;
  /** The base alone and merged with each block, so that blocks for other machines are checked as well. */
  variants: MapTree[];
}

/**
 * Applies override blocks (contract 1.9), low to high: the section's own keys, a bare `<target>:` (legacy),
 * `target-<name>:`, then `kernel-<spec>:` in the order of the file. Blocks may nest. Maps merge, lists replace.
 */
export function resolveOverrides(section: MapTree, rules: OverrideRules, context: OverrideContext): Resolved {
  const own: Entry[] = [];
  const blocks: { rank: number; applies: boolean; resolved: Resolved }[] = [];
  const renamed = renameKeys(section, rules.aliases ?? {}, context.diagnostics);
  for (const entry of renamed.entries.values()) {
    const block = blockOf(entry, rules, context);
    if (block === undefined) own.push(entry);
    else if (block.map !== undefined) {
      blocks.push({ rank: block.rank, applies: block.applies, resolved: resolveOverrides(block.map, rules, context) });
    }
  }
  const base = own.length === section.entries.size ? renamed : mapOf(own, section);
  if (blocks.length === 0) return { effective: base, variants: [] };

  let effective = base;
  for (const rank of [0, 1, 2]) {
    for (const block of blocks) {
      if (block.rank === rank && block.applies) effective = mergeMaps(effective, block.resolved.effective);
    }
  }
  const variants = [base];
  for (const { resolved } of blocks) {
    for (const variant of [resolved.effective, ...resolved.variants]) variants.push(mergeMaps(base, variant));
  }
  return { effective, variants };
}

/** Maps merge key by key; anything else, lists included, is replaced. */
export function mergeMaps(base: MapTree, over: MapTree): MapTree {
  const entries = new Map(base.entries);
  for (const entry of over.entries.values()) {
    const below = entries.get(entry.key);
    const merges = below?.value.kind === 'map' && entry.value.kind === 'map';
    entries.set(
      entry.key,
      merges ? { ...entry, value: mergeMaps(below.value as MapTree, entry.value as MapTree) } : entry,
    );
  }
  return { ...base, entries };
}

export function renameKeys(map: MapTree, aliases: Readonly<Record<string, string>>, diagnostics: Diagnostics): MapTree {
  if (!Object.keys(aliases).some((alias) => map.entries.has(alias))) return map;
  const entries: Entry[] = [];
  for (const entry of map.entries.values()) {
    const key = Object.hasOwn(aliases, entry.key) ? (aliases[entry.key] ?? entry.key) : entry.key;
    if (key !== entry.key && map.entries.has(key)) {
      diagnostics.error(entry.keyAt, {
        code: 'CONFIG_DUPLICATE_KEY',
        message: `'${entry.key}' is another name of '${key}', which is set as well`,
        hint: `Keep '${key}' alone.`,
      });
    } else entries.push({ ...entry, key });
  }
  return mapOf(entries, map);
}

/** Whether a key is a block; `map` is undefined where its value is none. */
function blockOf(
  entry: Entry,
  rules: OverrideRules,
  context: OverrideContext,
): { rank: number; applies: boolean; map: MapTree | undefined } | undefined {
  const { key } = entry;
  if (rules.keys.has(key)) return undefined;
  if (key.startsWith('target-')) {
    const target = key.slice('target-'.length);
    warnUnusedTarget(target, entry.keyAt, context);
    return { rank: 1, applies: target === context.machine, map: blockMap(entry, rules, context) };
  }
  if (key.startsWith('kernel-')) {
    const applies = kernelBlockApplies(entry, rules, context);
    return { rank: 2, applies, map: blockMap(entry, rules, context) };
  }
  if (!isTarget(key, context) || !(entry.value.kind === 'map' || isNull(entry.value))) return undefined;
  context.diagnostics.warn(entry.keyAt, {
    code: 'CONFIG_DEPRECATED',
    message: `the bare target '${key}:' as an override is deprecated`,
    hint: `Write 'target-${key}:'.`,
  });
  return { rank: 0, applies: key === context.machine, map: blockMap(entry, rules, context) };
}

export function isTarget(key: string, context: Pick<OverrideContext, 'machine' | 'supported'>): boolean {
  return key === context.machine || KNOWN_TARGETS.includes(key) || context.supported.includes(key);
}

function isNull(node: Tree): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function blockMap(entry: Entry, rules: OverrideRules, { blocks, diagnostics }: OverrideContext): MapTree | undefined {
  if (++blocks.count > LIMITS.overrideBlocks) {
    if (blocks.count === LIMITS.overrideBlocks + 1) {
      const message = `more than ${LIMITS.overrideBlocks} override blocks`;
      diagnostics.error(entry.keyAt, { code: 'CONFIG_TOO_LARGE', message });
    }
    return undefined;
  }
  if (entry.value.kind !== 'map') {
    if (!isNull(entry.value)) {
      diagnostics.error(entry.value.at, { code: 'CONFIG_TYPE', message: `'${entry.key}' must be a map of keys` });
    }
    return undefined;
  }
  for (const key of rules.noMapIn ?? []) {
    const inner = entry.value.entries.get(key);
    if (inner?.value.kind !== 'map') continue;
    diagnostics.error(inner.keyAt, {
      code: 'CONFIG_VERSION_PROVIDER',
      message: `a '${key}' from a file cannot stand in an override block`,
      hint: `Move it to the section itself, or write the ${key} here.`,
    });
  }
  return entry.value;
}

function kernelBlockApplies(entry: Entry, rules: OverrideRules, context: OverrideContext): boolean {
  const spec = entry.key.slice('kernel-'.length);
  if (!isKernelSpec(spec)) {
    context.diagnostics.error(entry.keyAt, {
      code: 'CONFIG_KERNEL_VERSION',
      message: `'${spec}' is no kernel version`,
      hint: "Write an exact version, '5.15.*', or a range such as '>= 6.6, < 6.12'.",
    });
    return false;
  }
  if (rules.ignoresKernel) {
    const message = `'${entry.key}' is ignored here: images don't depend on a kernel`;
    context.diagnostics.warn(entry.keyAt, { code: 'CONFIG_IGNORED', message });
    return false;
  }
  return context.kernelVersion !== undefined && matchesKernelSpec(context.kernelVersion, spec);
}

function warnUnusedTarget(target: string, at: number, { supported, machine, diagnostics }: OverrideContext): void {
  const all = supported === '*' ? KNOWN_TARGETS : supported;
  if (target === machine || all.includes(target)) return;
  const match = nearest(target, all);
  // Any board can be a target where all are supported: only what looks like a slip is worth a line.
  if (supported === '*' && match === undefined) return;
  diagnostics.warn(at, {
    code: 'CONFIG_UNUSED_OVERRIDE',
    message: supported === '*' ? `'${target}' is no known target` : `'${target}' is not in supported_targets`,
    hint: match && `Did you mean 'target-${match}'?`,
  });
}
