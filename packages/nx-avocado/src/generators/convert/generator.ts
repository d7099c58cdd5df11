import { posix } from 'node:path';
import { logger } from '@nx/devkit';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { removeEntry, replaceEntry } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import { configFiles, configName, folderOf, openConfig, saveConfig } from '../shared/config-file';
import type { ConfigFile } from '../shared/config-file';
import { formatNewFiles } from '../shared/format';
import { pinPackages } from '../shared/lock';
import { relativePath, workspaceDirectory, workspacePath } from '../shared/path';
import { requireAbsent } from '../shared/templates';
import { wholeMessage } from '../whole-message';
import { moveFiles } from './files';
import { ownFile } from './own-file';
import { planMoves } from './plan';

export interface ConvertOptions {
  project?: string;
  extensions?: string[];
  directory?: string;
  lock?: boolean;
  skipFormat?: boolean;
}

/** `nx g nx-avocado:convert examples/rust-vitals`. */
export default wholeMessage(generateConvert);

/**
 * Gives each extension of a file a folder of its own, with an avocado.yaml that the runtime's composes by its path. What
 * a section names moves with it, to the same path below the new folder.
 * @throws AvocadoError `CONVERT_NOTHING`, `CONVERT_SHARED`, `CONVERT_IMPOSSIBLE`, `EXTENSION_MISSING`, `PATH_EXISTS`
 */
export async function generateConvert(tree: Tree, options: ConvertOptions): Promise<GeneratorCallback> {
  const file = await chooseFile(tree, options.project);
  const names = chooseExtensions(file, options.extensions);
  const parent = workspaceDirectory(tree, 'directory', options.directory ?? file.sourceRoot);
  const moves = planMoves(tree, file, names, parent);
  const lock = tree.read(posix.join(folderOf(file.path), 'avocado.lock'));
  const links: (() => void)[] = [];
  let { text } = file;
  for (const move of moves) {
    const { folder } = move;
    const own = posix.join(folder, configName);
    requireAbsent(tree, own, 'directory');
    const content = ownFile(tree, file, move);
    if (move.drop === undefined) links.push(moveFiles(tree, file.sourceRoot, folder, move.paths));
    tree.write(own, content);
    // Its pins stay what they are; the generator `lock` drops the others.
    if (lock) tree.write(posix.join(folder, 'avocado.lock'), lock);
    const path = relativePath(file.sourceRoot, folder);
    text = replaceEntry(text, ['extensions', move.name], { source: { type: 'path', path } }, { file: file.path });
    for (const section of move.compile) text = removeEntry(text, ['sdk', 'compile', section], { file: file.path });
    logger.info(`${move.name} in ${folder}: ${[configName, ...move.paths].join(', ')}`);
  }
  saveConfig(tree, file.path, text);
  if (!options.skipFormat) await formatNewFiles(tree);
  return async () => {
    for (const moveLinks of links) moveLinks();
    if (options.lock !== false) await pinPackages(tree)();
  };
}

/** The file that is named, or the one in the directory that is named; else the only one that has something to move. */
async function chooseFile(tree: Tree, project?: string): Promise<ConfigFile> {
  if (project !== undefined) {
    const given = workspacePath('project', project);
    const path = posix.basename(given) === configName ? given : posix.join(given, configName);
    if (tree.exists(path)) return openConfig(tree, path);
    throw new AvocadoError('CONVERT_NOTHING', `there is no ${path}`, {
      hint: 'Name the directory of an avocado.yaml.',
    });
  }
  const files = (await configFiles(tree)).map((path) => openConfig(tree, path));
  const found = files.filter(({ config }) => Object.keys(config.runtimes).length > 0 && locals({ config }).length > 0);
  const [first, ...others] = found;
  if (first && others.length === 0) return first;
  throw first
    ? new AvocadoError(
        'CONVERT_AMBIGUOUS',
        `several files could be converted: ${found.map(({ path }) => path).join(', ')}`,
        {
          hint: `Say which: nx g nx-avocado:convert ${folderOf(first.path)}`,
        },
      )
    : nothing('in no avocado.yaml of the workspace');
}

function chooseExtensions(file: ConfigFile, asked?: string[]): string[] {
  const all = locals(file);
  if (all.length === 0) throw nothing(`nothing in ${file.path}`);
  const missing = (asked ?? []).filter((name) => !all.includes(name));
  if (missing.length === 0) return asked ?? all;
  throw new AvocadoError('EXTENSION_MISSING', `${file.path} has no extension of its own called ${missing.join(', ')}`, {
    hint: `There are: ${all.join(', ')}.`,
  });
}

/** Extensions that stand in the file as a whole. */
function locals({ config }: Pick<ConfigFile, 'config'>): string[] {
  return Object.values(config.extensions)
    .filter(({ source }) => source === undefined)
    .map(({ name }) => name);
}

function nothing(where: string): AvocadoError {
  return new AvocadoError('CONVERT_NOTHING', `${where} is an extension to move; nothing was changed`, {
    hint: 'Extensions with a source stand in a folder of their own, or come from the feed.',
  });
}
