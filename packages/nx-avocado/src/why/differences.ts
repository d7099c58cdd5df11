import { canonicalJson } from '@nx-avocado/engine/store';

/** Where two values differ, by the deepest path that is in both; absent where there is nothing. */
export interface Difference {
  path: string;
  before?: unknown;
  after?: unknown;
}

/**
 * The differences of two JSON values. Lists of words, and of things with a name, are compared by those: an item that was
 * added at the front is one difference, not one for each item.
 */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after)) return [];
  if (isObject(before) && isObject(after)) return ofObjects(before, after, (key) => join(path, key));
  if (Array.isArray(before) && Array.isArray(after)) return ofLists(before, after, path);
  return [{ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
}

function ofObjects(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  pathOf: (key: string) => string,
): Difference[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    // A configuration takes a default away with null (graph/target.ts): the same as nothing.
    const [was, is] = [before[key] ?? undefined, after[key] ?? undefined];
    return was === is ? [] : differences(was, is, pathOf(key));
  });
}

function ofLists(before: unknown[], after: unknown[], path: string): Difference[] {
  const [was, is] = [named(before), named(after)];
  if (!was || !is) {
    return ofObjects({ ...before }, { ...after }, (index) => `${path}[${index}]`);
  }
  const words = [...before, ...after].every((item) => typeof item === 'string');
  const found = ofObjects(was, is, (name) => (words ? path : `${path}[${name}]`));
  if (found.length > 0) return found;
  return [{ path: `${path} (order)`, before: Object.keys(was), after: Object.keys(is) }];
}

/** Items by what they are called; undefined where some have no name, or two have one. */
function named(items: unknown[]): Record<string, unknown> | undefined {
  const entries = items.map((item) => [nameOf(item), item] as const);
  const names = new Set(entries.map(([name]) => name));
  // An integer as a key would lose its place.
  const isUsable =
    !names.has(undefined) && names.size === items.length && ![...names].some((name) => /^\d+$/.test(name!));
  return isUsable ? (Object.fromEntries(entries) as Record<string, unknown>) : undefined;
}

function nameOf(item: unknown): string | undefined {
  if (typeof item === 'string') return item;
  if (!isObject(item)) return undefined;
  return [item['name'], item['task']].find((value): value is string => typeof value === 'string');
}

/** `a.b`; a key that holds a dot or a slash in brackets. */
function join(path: string, key: string): string {
  if (/^[\w-]+$/.test(key)) return path === '' ? key : `${path}.${key}`;
  return `${path}[${JSON.stringify(key)}]`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
