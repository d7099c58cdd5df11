import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Files that Nx itself makes projects of; it hands the plugin those that no ignore file leaves out. */
export const isNxProjectFile = (file: string): boolean =>
  ['project.json', 'package.json'].includes(posix.basename(file));

interface ProjectFile {
  name?: string;
  nx?: { name?: string };
  workspaces?: string[] | { packages?: string[] };
  packages?: string[];
}

/**
 * Those of the names in `wanted` that the workspace's own Nx projects have: a second project of one name stops every Nx
 * command. Each file is read, and parsed only where it may have one of the names.
 * @param files every project.json and package.json, relative to the workspace root
 */
export async function otherNames(
  files: readonly string[],
  wanted: ReadonlySet<string>,
  workspaceRoot: string,
): Promise<ReadonlySet<string>> {
  const all = new Set(files);
  const folders = new Set(files.filter((file) => mayHave(file, wanted, workspaceRoot)).map(posix.dirname));
  let members: ReadonlySet<string> | undefined;
  const found = new Set<string>();
  for (const folder of folders) {
    const [own, manifest] = [posix.join(folder, 'project.json'), posix.join(folder, 'package.json')];
    if (!all.has(own) && !(members ??= await workspaceMembers(workspaceRoot)).has(manifest)) continue;
    const { name, nx } = readJson(workspaceRoot, manifest);
    found.add(readJson(workspaceRoot, own).name ?? nx?.name ?? name ?? defaultName(folder));
  }
  return found;
}

function mayHave(file: string, wanted: ReadonlySet<string>, workspaceRoot: string): boolean {
  if (wanted.has(defaultName(posix.dirname(file)))) return true;
  const names = read(workspaceRoot, file).matchAll(new RegExp(namePattern, 'g'));
  return [...names].some(([, name = '']) => wanted.has(name));
}

const namePattern = /"name"\s*:\s*"([^"]*)"/;

/** Of a project that has no name. */
const defaultName = (folder: string): string => posix.basename(folder).toLowerCase();

/** What says which of them are projects. */
export const memberFiles: readonly string[] = ['package.json', 'lerna.json', 'pnpm-workspace.yaml'];

/** Every package.json that a package manager's workspaces name; without a project.json beside it Nx knows no others. */
async function workspaceMembers(workspaceRoot: string): Promise<ReadonlySet<string>> {
  const { globSync } = await import('tinyglobby');
  const { workspaces = [], nx } = readJson(workspaceRoot, 'package.json');
  const { packages: lerna = [] } = readJson(workspaceRoot, 'lerna.json');
  const pnpm = /^packages:\s*\n((?:[ \t]*(?:-.*|#.*)?\n)*)/m.exec(`${read(workspaceRoot, 'pnpm-workspace.yaml')}\n`);
  const globs = [
    ...(Array.isArray(workspaces) ? workspaces : (workspaces.packages ?? [])),
    ...lerna,
    ...[...(pnpm?.[1] ?? '').matchAll(/^[ \t]*-[ \t]*["']?([^"'\s#]+)/gm)].map(([, glob = '']) => glob),
  ].map((glob) => glob.replace(/^(!?)(?:\.\/)?(.*?)\/?$/, '$1$2/package.json'));
  const positive = globs.some((glob) => !glob.startsWith('!')) ? [] : globs.length > 0 ? ['**/package.json'] : [];
  const ignore = ['**/node_modules/**'];
  const found = globSync([...positive, ...globs], { cwd: workspaceRoot, ignore, expandDirectories: false });
  return new Set(nx === undefined ? found : [...found, 'package.json']);
}

/** Empty where there is none. Nx reads comments too: of what does not parse here the first name counts. */
function readJson(workspaceRoot: string, file: string): ProjectFile {
  const text = read(workspaceRoot, file);
  try {
    return JSON.parse(text) as ProjectFile;
  } catch {
    const [, name] = namePattern.exec(text) ?? [];
    return name === undefined ? {} : { name };
  }
}

function read(workspaceRoot: string, file: string): string {
  try {
    return readFileSync(join(workspaceRoot, file), 'utf8');
  } catch {
    return '';
  }
}
