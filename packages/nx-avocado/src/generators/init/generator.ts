import { logger, readNxJson, updateNxJson } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { generateCiWorkflow } from '../ci-workflow/generator';
import { configFiles, folderOf } from '../shared/config-file';
import { formatNewFiles } from '../shared/format';
import { hasModeline, modeline } from '../shared/modeline';
import { isRegistered, pluginName } from '../shared/registration';
import { wholeMessage } from '../whole-message';
import { choose } from './choice';
import type { Choice } from './choice';
import { probeHost } from './host';

export interface InitOptions extends Partial<Choice['options']> {
  ci?: 'github' | 'gitlab' | 'none';
  editorSchema?: boolean;
  skipFormat?: boolean;
}

/** `nx add nx-avocado`, which installs the package and then calls this. */
export default wholeMessage(initialise);

/**
 * Makes a workspace one of nx-avocado's: the plugin in nx.json, what Git and formatters ignore, editors' schema.
 * @throws AvocadoError `INIT_DONE` where all of it is there already
 */
export async function initialise(tree: Tree, options: InitOptions): Promise<void> {
  const { ci = 'none', editorSchema = true, skipFormat = false, ...asked } = options;
  // Nx runs without the file, and its own `updateNxJson` then writes nothing.
  if (!tree.exists('nx.json')) tree.write('nx.json', '{}\n');
  const choice = isRegistered(tree) ? undefined : choose(await probeHost(), asked);
  if (choice) register(tree, choice.options);
  const changes = [
    choice !== undefined,
    registerSync(tree),
    addLines(tree, '.gitignore', ['.avocado/'], true),
    addLines(tree, '.prettierignore', ['.avocado/', 'avocado.lock'], false),
    editorSchema && (await addModelines(tree)),
    ci !== 'none',
  ];
  if (!changes.includes(true)) throw done();
  if (ci !== 'none') await generateCiWorkflow(tree, { provider: ci, skipFormat: true });
  if (!skipFormat) await formatNewFiles(tree);
  if (choice) explain(choice);
}

function register(tree: Tree, options: Choice['options']): void {
  const nxJson = readNxJson(tree) ?? {};
  updateNxJson(tree, { ...nxJson, plugins: [...(nxJson.plugins ?? []), { plugin: pluginName, options }] });
}

/** `nx sync` then brings avocado.lock up to date, and `nx sync:check` fails where it is not. @returns whether it was new */
function registerSync(tree: Tree): boolean {
  const nxJson = readNxJson(tree) ?? {};
  const generators = nxJson.sync?.globalGenerators ?? [];
  if (generators.includes(syncGenerator)) return false;
  updateNxJson(tree, { ...nxJson, sync: { ...nxJson.sync, globalGenerators: [...generators, syncGenerator] } });
  return true;
}

const syncGenerator = `${pluginName}:sync`;

/** @returns whether one of the lines was new */
function addLines(tree: Tree, file: string, lines: string[], create: boolean): boolean {
  const text = tree.read(file, 'utf8') ?? '';
  if (text === '' && !create) return false;
  const bare = (line: string): string =>
    line
      .trim()
      .replace(/^(\*\*)?\//, '')
      .replace(/\/$/, '');
  const known = new Set(text.split('\n').map(bare));
  const added = lines.filter((line) => !known.has(bare(line)));
  if (added.length === 0) return false;
  const start = text === '' ? '' : `${text.trimEnd()}\n\n`;
  tree.write(file, `${start}# nx-avocado\n${added.join('\n')}\n`);
  return true;
}

/** @returns whether a file had none */
async function addModelines(tree: Tree): Promise<boolean> {
  const all = await configFiles(tree);
  const bare = all.filter((path) => !hasModeline(tree.read(path, 'utf8') ?? ''));
  for (const path of bare) {
    const text = tree.read(path, 'utf8') ?? '';
    tree.write(path, text.replace(/^\ufeff?/, `$&${modeline(tree, folderOf(path)).replaceAll('$', '$$$$')}\n`));
  }
  return bare.length > 0;
}

function done(): AvocadoError {
  return new AvocadoError('INIT_DONE', 'nx-avocado is set up in this workspace already; nothing was changed', {
    hint: 'Its options stand in nx.json. Make a runtime next: nx g nx-avocado:runtime dev',
  });
}

function explain({ reasons, problems }: Choice): void {
  for (const reason of reasons) logger.info(reason);
  for (const { what, fix } of problems) logger.warn(`${what}\n    ${fix}`);
}
