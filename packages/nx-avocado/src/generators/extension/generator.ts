import { posix } from 'node:path';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import type { ExtensionOptions } from '../shared/extension-options';
import { formatNewFiles } from '../shared/format';
import { pinPackages } from '../shared/lock';
import { noteRenames } from '../shared/note-renames';
import { checkName, checkSummary } from '../shared/name';
import { placeExtension } from '../shared/placement';
import { writeTemplates } from '../shared/templates';
import { writeExtension } from '../shared/write-extension';
import { wholeMessage } from '../whole-message';
import { program, reservedNames } from './languages';
import type { Language } from './languages';

export interface ExtensionGeneratorOptions extends ExtensionOptions {
  language?: Language;
}

/** `nx g nx-avocado:extension hello`. */
export default wholeMessage(noteRenames(generateExtension));

/**
 * An extension that is an overlay alone, or a program with the scripts that compile and install it.
 * @throws AvocadoError, before anything is written, where a name is taken or a file is in the way
 */
export async function generateExtension(tree: Tree, options: ExtensionGeneratorOptions): Promise<GeneratorCallback> {
  const { name, language = 'none', summary = `The ${name} extension` } = options;
  // Files alone start nothing; a program without anything that starts it is what one asks for.
  const { service = language === 'none' ? 'none' : 'simple', onMerge, machine } = options;
  checkName('extension', name, reservedNames(language));
  checkSummary(summary);
  const placement = await placeExtension(tree, options);
  writeExtension(tree, { name, service, summary, onMerge, machine }, program(language, name, service), placement);
  writeTemplates(tree, `extension/files/${templatesOf(language, service)}`, placement.folder, {
    name,
    service,
    summary,
  });
  for (const file of ['compile.sh', 'install.sh', `overlay/usr/bin/${name}`]) {
    const path = posix.join(placement.folder, file);
    if (tree.exists(path)) tree.changePermissions(path, '755');
  }
  if (!options.skipFormat) await formatNewFiles(tree);
  return options.lock === false ? () => undefined : pinPackages(tree);
}

/** Without a language: files, or a shell script where something is to be started. */
function templatesOf(language: Language, service: string): string {
  if (language !== 'none') return language;
  return service === 'none' ? 'files' : 'shell';
}
