import type { Diagnostics } from './diagnostics';
import { nearest } from './nearest';
import { getMap, mapOf, type Entry, type MapTree } from './tree';

/**
 * `rootfs: {packages: ...}` becomes `rootfs: {default: {packages: ...}}` (contract 1.6). A map whose keys are all no
 * keys of the section, and whose values are maps, already names its sections.
 */
export function toNamedForm(kind: string, map: MapTree, keys: ReadonlySet<string>, diagnostics: Diagnostics): MapTree {
  const entries = [...map.entries.values()];
  if (entries.length === 0) return map;
  if (!isSingleton(map, keys)) return map;
  const own: Entry[] = [];
  const strangers: Entry[] = [];
  for (const entry of entries) {
    const looksNamed = entry.value.kind === 'map' && !keys.has(entry.key) && nearest(entry.key, keys) === undefined;
    (looksNamed ? strangers : own).push(entry);
  }
  for (const entry of strangers) {
    diagnostics.error(entry.keyAt, {
      code: 'CONFIG_MIXED_FORMS',
      message: `${kind}: cannot mix singleton form and named-map form: '${entry.key}' stands beside '${own[0]?.key}'`,
      hint: `Put the other keys under a name of their own, such as 'default:'.`,
    });
  }
  const at = entries[0]?.keyAt ?? map.at;
  return mapOf([{ key: 'default', keyAt: at, value: mapOf(own, map) }], map);
}

/** Whether a map holds one section's own keys, misspelt ones included, and not sections by name. */
export function isSingleton(map: MapTree, keys: ReadonlySet<string>): boolean {
  const isNull = (entry: Entry): boolean => entry.value.kind === 'scalar' && entry.value.value === null;
  return [...map.entries.values()].some((entry) => {
    if (keys.has(entry.key)) return true;
    if (entry.value.kind !== 'map') return !isNull(entry);
    return /^(target|kernel)-/.test(entry.key) && isSingleton(entry.value, keys);
  });
}

/**
 * Files inline sections under a name: `runtimes.dev.rootfs: {...}` becomes `rootfs.dev` and `runtimes.dev.rootfs: dev`.
 * Nodes keep their place.
 */
export function liftInline(
  root: MapTree,
  from: { collection: string; key: string },
  to: string,
  diagnostics: Diagnostics,
): MapTree {
  const collection = getMap(root, [from.collection]);
  if (collection === undefined) return root;
  const target = new Map(getMap(root, [to])?.entries);
  const owners = new Map(collection.entries);
  for (const [name, owner] of owners) {
    if (owner.value.kind !== 'map') continue;
    const inline = owner.value.entries.get(from.key);
    if (inline?.value.kind !== 'map') continue;
    const filed = from.key === 'permissions' && target.has(name) ? `${from.collection}-${name}` : name;
    if (target.has(filed)) {
      diagnostics.error(inline.keyAt, {
        code: 'CONFIG_NAME_CONFLICT',
        message: `the inline ${from.key} of '${name}' and the section ${to}.${filed} have the same name`,
        hint: `Rename the section '${filed}' of ${to}.`,
      });
      continue;
    }
    target.set(filed, { key: filed, keyAt: inline.keyAt, value: inline.value });
    const reference: Entry = {
      ...inline,
      value: { kind: 'scalar', value: filed, at: inline.keyAt, end: inline.keyAt },
    };
    owners.set(name, { ...owner, value: mapOf([...owner.value.entries.values(), reference], owner.value) });
  }
  if (target.size === 0) return root;
  const entries = new Map(root.entries);
  const collectionEntry = entries.get(from.collection);
  if (collectionEntry) entries.set(from.collection, { ...collectionEntry, value: { ...collection, entries: owners } });
  const targetEntry = entries.get(to) ?? { key: to, keyAt: collection.at };
  entries.set(to, { ...targetEntry, value: { kind: 'map', entries: target, at: collection.at, end: collection.end } });
  return { ...root, entries };
}
