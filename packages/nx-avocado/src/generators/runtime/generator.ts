import { posix } from 'node:path';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { appendItem } from '@nx-avocado/engine/config';
import { AvocadoError } from '@nx-avocado/engine/error';
import { initialise } from '../init/generator';
import { addBootCheck } from '../shared/boot-checks';
import { configName, openConfig, saveConfig } from '../shared/config-file';
import type { ConfigFile } from '../shared/config-file';
import { formatNewFiles } from '../shared/format';
import { checkFree } from '../shared/free-name';
import { pinPackages } from '../shared/lock';
import { noteRenames } from '../shared/note-renames';
import { checkMachine } from '../shared/machine';
import { modeline } from '../shared/modeline';
import { checkName } from '../shared/name';
import { workspaceDirectory } from '../shared/path';
import { isRegistered } from '../shared/registration';
import { writeTemplates } from '../shared/templates';
import { wholeMessage } from '../whole-message';
import { withRuntime } from './extensions';
import type { RuntimeParts } from './extensions';

export interface RuntimeOptions extends Partial<RuntimeParts> {
  name: string;
  directory?: string;
  machine?: string;
  lock?: boolean;
  skipFormat?: boolean;
}

/** `nx g nx-avocado:runtime dev`. */
export default wholeMessage(noteRenames(generateRuntime));

/**
 * A runtime, in a new avocado.yaml or in the one of the directory, and what its boot test checks.
 * @throws AvocadoError `RUNTIME_EXISTS`, `NAME_TAKEN`, `NAME_INVALID`, `PATH_INVALID`, `MACHINE_UNKNOWN`, and what is wrong in the file
 */
export async function generateRuntime(tree: Tree, options: RuntimeOptions): Promise<GeneratorCallback> {
  const { name, directory = name, machine } = options;
  checkName('runtime', name);
  if (machine !== undefined) checkMachine(machine);
  const folder = workspaceDirectory(tree, 'directory', directory);
  const path = posix.join(folder, configName);
  const file = tree.exists(path) ? openConfig(tree, path) : undefined;
  if (file) checkAbsent(file, name);
  checkFree(tree, 'runtime', name, file);
  if (!file) {
    const values = { modeline: modeline(tree, folder), machine: machine ?? 'qemux86-64' };
    writeTemplates(tree, 'runtime/files', folder, values);
  }
  const parts = { development: options.development ?? true, extensions: options.extensions ?? [] };
  const text = forMachine(tree, path, machine);
  saveConfig(tree, path, withRuntime(text, name, parts, path));
  addBootCheck(tree, path, name, { kind: 'unit', unit: 'multi-user.target' });
  if (!isRegistered(tree)) await initialise(tree, { skipFormat: true });
  if (!options.skipFormat) await formatNewFiles(tree);
  return options.lock === false ? () => undefined : pinPackages(tree);
}

function checkAbsent({ path, config }: ConfigFile, name: string): void {
  if (!Object.hasOwn(config.runtimes, name)) return;
  throw new AvocadoError('RUNTIME_EXISTS', `${path} has a runtime ${name} already; nothing was changed`, {
    hint: 'Choose another name, or another --directory.',
  });
}

/** The file's text; with the machine target among its own, where one is asked for. */
function forMachine(tree: Tree, path: string, machine: string | undefined): string {
  const { text, config } = openConfig(tree, path);
  const { supported_targets: supported } = config;
  if (machine === undefined || supported === '*' || supported.includes(machine)) return text;
  return appendItem(text, ['supported_targets'], machine, { file: path });
}
