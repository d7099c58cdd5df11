import { posix } from 'node:path';
import type { Tree } from '@nx/devkit';
import {
  addEntry,
  appendItem,
  extensionFile,
  listExtension,
  readHeader,
  replaceEntry,
} from '@nx-avocado/engine/config';
import { addBootCheck, literally } from './boot-checks';
import { configName, openConfig, saveConfig } from './config-file';
import { modeline } from './modeline';
import { relativePath } from './path';
import type { Placement } from './placement';
import { compileSection, extensionSection } from './section';
import type { Program, SectionRequest } from './section';
import { writeTemplates } from './templates';

export interface NewExtension extends Omit<SectionRequest, 'prefix'> {
  machine?: string | undefined;
}

/**
 * Writes what every new extension has: its section, its place in the runtime's list, the unit, and what the boot test
 * wants to see of it. The program itself is the caller's.
 * @throws AvocadoError what the edit of avocado.yaml would break
 */
export function writeExtension(tree: Tree, extension: NewExtension, program: Program, placement: Placement): void {
  const { name, service, summary } = extension;
  const { runtime, layout, folder } = placement;
  const { path, text } = runtime.file;
  const edited =
    layout === 'section'
      ? withSections(text, extension, program, placement)
      : withSource(tree, extension, program, placement);
  saveConfig(tree, path, listExtension(edited, runtime.name, name, { file: path }));
  if (service === 'none') return;
  writeTemplates(tree, 'shared/files/unit', posix.join(folder, 'overlay/usr/lib/systemd/system'), {
    ...{ name, summary, service },
    exec: program.exec,
  });
  const pattern = service === 'simple' ? `^${literally(name)} beat=\\d+$` : `^${literally(name)} done$`;
  addBootCheck(tree, path, runtime.name, { kind: 'journal', unit: `${name}.service`, pattern });
}

/** Layout `section`: everything stands in the runtime's file. */
function withSections(text: string, extension: NewExtension, program: Program, { prefix, runtime }: Placement): string {
  const { name, machine } = extension;
  const { path, config } = runtime.file;
  const at = { file: path };
  const compile = compileSection({ ...extension, prefix }, program);
  let edited = addEntry(text, ['extensions'], name, extensionSection({ ...extension, prefix }, program), at);
  if (compile) edited = addEntry(edited, ['sdk', 'compile'], name, compile, at);
  const { supported_targets: supported } = config;
  const isNew = machine !== undefined && supported !== '*' && !supported.includes(machine);
  return isNew ? appendItem(edited, ['supported_targets'], machine, at) : edited;
}

/** Layout `folder`: a file of its own, composed by its path, as upstream composes. @returns the runtime's file */
function withSource(tree: Tree, extension: NewExtension, program: Program, placement: Placement): string {
  const { name, machine } = extension;
  const { folder, prefix, runtime } = placement;
  const { path, text, sourceRoot } = runtime.file;
  const own = posix.join(folder, configName);
  const compile = compileSection({ ...extension, prefix }, program);
  const entry = (value: object): string => addEntry('', [], name, value, { file: own });
  const body = extensionFile(
    text,
    {
      extension: entry(extensionSection({ ...extension, prefix }, program)),
      compile: compile ? [entry(compile)] : [],
    },
    { file: path },
  );
  const forMachine = machine === undefined ? body : withDefaultTarget(body, machine, own);
  const whole = `${modeline(tree, folder)}\n${forMachine}`;
  openConfig(tree, own, whole);
  tree.write(own, whole);
  const source = { source: { type: 'path', path: relativePath(sourceRoot, folder) } };
  return addEntry(text, ['extensions'], name, source, { file: path });
}

function withDefaultTarget(text: string, machine: string, file: string): string {
  const { header } = readHeader(file, { text });
  const { default_target, supported_targets: supported = '*' } = header ?? {};
  const edited =
    default_target === undefined
      ? addEntry(text, [], 'default_target', machine, { file })
      : replaceEntry(text, ['default_target'], machine, { file });
  return supported === '*' || supported.includes(machine)
    ? edited
    : appendItem(edited, ['supported_targets'], machine, { file });
}
