import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as Yaml from 'yaml';
import { AvocadoError } from '../error';
import { parseMachine } from './machine';
import type { Machine } from './machine';
import type { RootName } from './types';

/** How a root is made; every key is explained in `feeds/debian/feed.yaml`. */
export interface RootRecipe {
  method: 'install' | 'unpack';
  architecture: 'build' | 'target';
  essential?: boolean;
  base?: string[];
  dependencies?: boolean;
  follow?: string;
  exclude?: string[];
}

/** What is done to an unpacked root in place of maintainer scripts. Paths are below the root, without a leading `/`. */
export interface FinishRecipe {
  links: Record<string, string>;
  programs: string[];
  copies: Record<string, string>;
  bundles: Record<string, string>;
}

/** `feeds/debian/feed.yaml`. */
export interface FeedData {
  suites: string[];
  components: string[];
  hostSuites: string[];
  roots: Record<RootName, RootRecipe>;
  finish: FinishRecipe;
  /** Debian's names by root and Avocado name; a name may hold `*`. */
  packages: Partial<Record<RootName, Record<string, string[]>>>;
  same: string[];
  /** By Debian name. */
  notes: Record<string, string>;
  /** Machine targets, each with the reason. */
  unsupported: Record<string, string>;
  omitted: Record<string, string>;
}

/** Works from `src/feed` as from `dist/feed`. */
export const feedDirectory = join(__dirname, '..', '..', 'feeds', 'debian');

let feed: FeedData | undefined;

export function feedData(): FeedData {
  feed ??= parseYaml(readFileSync(join(feedDirectory, 'feed.yaml'), 'utf8')) as FeedData;
  return feed;
}

let names: string[] | undefined;

export function machineNames(): string[] {
  names ??= readdirSync(join(feedDirectory, 'machines'))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
  return names;
}

const machines = new Map<string, Machine>();

/** @throws AvocadoError `MACHINE_UNKNOWN`, which lists the known ones; from source, `MACHINE_INVALID` */
export function machine(name: string): Machine {
  const known = machines.get(name);
  if (known) return known;
  const names = machineNames();
  if (!names.includes(name)) {
    const { unsupported } = feedData();
    const reason = Object.hasOwn(unsupported, name) ? `${unsupported[name]}. ` : '';
    throw new AvocadoError('MACHINE_UNKNOWN', `the debian feed does not know the machine target ${name}`, {
      hint: `${reason}It knows ${names.join(', ')}.`,
    });
  }
  const file = `${name}.yaml`;
  const text = readFileSync(join(feedDirectory, 'machines', file), 'utf8');
  // What is released has been checked; to check it again, each task would load what checks.
  const found = __filename.endsWith('.ts')
    ? parseMachine(name, text, `feeds/debian/machines/${file}`)
    : { name, ...(parseYaml(text) as Omit<Machine, 'name'>) };
  machines.set(name, found);
  return found;
}

/** Debian's name of the architecture that this process runs on. */
export function buildArchitecture(): 'amd64' | 'arm64' {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new AvocadoError('HOST_UNSUPPORTED', `the debian feed cannot build on ${process.arch}`, {
    hint: 'Build on a 64-bit x86 or Arm machine.',
  });
}

/** The library is loaded with the first file: most tasks read none, and it takes a quarter of what loading them takes. */
export function parseYaml(text: string): unknown {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { parse } = require('yaml') as typeof Yaml;
  return parse(text);
}
