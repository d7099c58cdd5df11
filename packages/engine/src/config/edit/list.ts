import { ROOT_ALIASES } from '../normalise';
import { addEntry, appendItem } from './add';
import { keysAt, openSource, pairAt } from './source';
import type { KeyPath, Source } from './source';

/**
 * Adds an extension at the end of a runtime's list, and of the lists in its override blocks: they replace the first one
 * for their machine targets.
 * @throws AvocadoError `CONFIG_EDIT`
 */
export function listExtension(text: string, runtime: string, extension: string, { file }: { file: string }): string {
  const source = openSource(text, file);
  const path = [runtimesKey(source), runtime];
  const lists = [path, ...overrideLists(source, path)].map((section) => [...section, 'extensions']);
  return lists.reduce((edited, list) => appendItem(edited, list, extension, { file }), text);
}

/** Adds a runtime at the end, under `runtimes` or the other name that the file has for it. @throws AvocadoError `CONFIG_EDIT` */
export function addRuntime(text: string, name: string, value: object, { file }: { file: string }): string {
  return addEntry(text, [runtimesKey(openSource(text, file))], name, value, { file });
}

function runtimesKey(source: Source): string {
  const alias = Object.entries(ROOT_ALIASES).find(([, name]) => name === 'runtimes')?.[0] ?? '';
  return pairAt(source, [alias]) ? alias : 'runtimes';
}

function overrideLists(source: Source, path: KeyPath): KeyPath[] {
  return keysAt(source, path).flatMap((key) => {
    const block = [...path, key];
    const own = keysAt(source, block).includes('extensions') ? [block] : [];
    return [...own, ...overrideLists(source, block)];
  });
}

/** Keys of the map at `path` as they are written, in the order of the file; none where there is no map. */
export function entryKeys(text: string, path: KeyPath, { file }: { file: string }): string[] {
  return keysAt(openSource(text, file), path);
}

/** What stands at `path`, as it is written: nothing is interpolated, no default is filled in. */
export function entryValue(text: string, path: KeyPath, { file }: { file: string }): unknown {
  const source = openSource(text, file);
  return pairAt(source, path)?.value?.toJS(source.document);
}
