import type { Diagnostics } from './diagnostics';
import { Interpolator } from './interpolate';
import type { EnvReader } from './interpolation-scope';
import { ROOT_ALIASES } from './normalise';
import { KNOWN_TARGETS } from './targets';
import { getMap, getNode, type MapTree, type Tree } from './tree';

/** What a file says about machine targets, before one is chosen. */
export interface ConfigHeader {
  default_target?: string;
  supported_targets: '*' | string[];
  /**
   * Targets that the file names, in its order, without repeats: the default, the supported ones, those of runtimes and
   * of override blocks.
   */
  machines: string[];
}

export interface RawHeader extends ConfigHeader {
  default_target_board?: string;
  default_runtime?: string;
  /** In the order of the file. */
  runtimes: { name: string; target?: string; target_board?: string }[];
  src_dir?: string;
}

/** Reads the header off the tree as it was parsed; wrong types are left for the schema to report. */
export function headerOf(root: MapTree, text: string, env: EnvReader, diagnostics: Diagnostics): RawHeader {
  const interpolator = new Interpolator({ root, env }, text, diagnostics);
  const read = (node: Tree | undefined): string | undefined =>
    node?.kind === 'scalar' ? (interpolator.scalar(node) ?? undefined) : undefined;
  const at = (key: string): string | undefined => read(getNode(root, [key])) || undefined;

  const runtimes = runtimesOf(root, read);
  const supported = getNode(root, ['supported_targets']);
  const list = supported?.kind === 'list' ? supported.items.flatMap((item) => read(item) ?? []) : undefined;
  const default_target = at('default_target');
  const named = [
    default_target,
    ...(list ?? []),
    ...runtimes.map(({ target }) => target),
    ...overrideTargets(root, list),
  ];
  const machines = [...new Set(named.filter((name) => name !== undefined && name !== '' && !name.includes('{{')))];
  return {
    supported_targets: list ?? '*',
    machines: machines as string[],
    runtimes,
    ...optional('default_target', default_target),
    ...optional('default_target_board', at('default_target_board')),
    ...optional('default_runtime', at('default_runtime')),
    ...optional('src_dir', at('src_dir')),
  };
}

function optional<Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: string };
}

function runtimesOf(root: MapTree, read: (node: Tree | undefined) => string | undefined): RawHeader['runtimes'] {
  const [alias, name] = Object.entries(ROOT_ALIASES)[0] ?? [];
  const map = getMap(root, [name ?? '']) ?? getMap(root, [alias ?? '']);
  return [...(map?.entries.values() ?? [])].map((entry) => ({
    name: entry.key,
    ...optional('target', read(getNode(entry.value, ['target']))),
    ...optional('target_board', read(getNode(entry.value, ['target_board']))),
  }));
}

/** Names of `target-<name>` blocks and of bare targets, wherever they stand two or three levels below the top. */
function overrideTargets(root: MapTree, supported: string[] | undefined): string[] {
  const found: string[] = [];
  const visit = (map: MapTree, depth: number): void => {
    for (const { key, value } of map.entries.values()) {
      if (key.startsWith('target-')) found.push(key.slice('target-'.length));
      else if (value.kind === 'map' && (KNOWN_TARGETS.includes(key) || supported?.includes(key))) found.push(key);
      if (value.kind === 'map' && depth < 3) visit(value, depth + 1);
    }
  };
  for (const { value } of root.entries.values()) if (value.kind === 'map') visit(value, 1);
  return found;
}
