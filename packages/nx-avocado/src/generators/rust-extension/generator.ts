import { posix } from 'node:path';
import { logger } from '@nx/devkit';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import type { ExtensionOptions } from '../shared/extension-options';
import { formatNewFiles } from '../shared/format';
import { pinPackages } from '../shared/lock';
import { noteRenames } from '../shared/note-renames';
import { checkName, checkSummary } from '../shared/name';
import { relativePath, workspaceDirectory } from '../shared/path';
import { placeExtension } from '../shared/placement';
import type { Program } from '../shared/section';
import { requireAbsent, writeTemplates } from '../shared/templates';
import { writeExtension } from '../shared/write-extension';
import { wholeMessage } from '../whole-message';
import { joinCargoWorkspace } from './cargo-workspace';
import { reservedCrateNames } from './reserved';

export interface RustExtensionOptions extends ExtensionOptions {
  crate?: string;
  cargoWorkspace?: boolean;
}

/** `nx g nx-avocado:rust-extension hello`. */
export default wholeMessage(noteRenames(generateRustExtension));

/**
 * A crate, its unit and scripts, and its section of avocado.yaml. Both `cargo-cross` and the avocado CLI, by the
 * scripts, build it.
 * @throws AvocadoError, before anything is written, where a name is taken or a file is in the way
 */
export async function generateRustExtension(tree: Tree, options: RustExtensionOptions): Promise<GeneratorCallback> {
  const { name, service = 'simple', summary = `The ${name} extension` } = options;
  checkName('extension', name, reservedCrateNames);
  checkSummary(summary);
  const placement = await placeExtension(tree, options);
  const { folder, runtime } = placement;
  const crate = workspaceDirectory(tree, 'crate', options.crate ?? posix.join(folder, 'crate'));
  requireAbsent(tree, crate, 'crate');
  const { onMerge, machine } = options;
  writeExtension(tree, { name, service, summary, onMerge, machine }, program(name, service !== 'none'), placement);

  const member = joinCargoWorkspace(tree, crate, name, options.cargoWorkspace);
  const values = { name, service, summary, standalone: member.kind !== 'member', detached: member.kind === 'detached' };
  writeTemplates(tree, 'rust-extension/files/crate', crate, values);
  if (member.kind !== 'member') writeTemplates(tree, 'rust-extension/files/standalone', crate, values);
  writeTemplates(tree, 'rust-extension/files/scripts', folder, { ...values, crate: relativePath(folder, crate) });
  for (const script of ['compile.sh', 'install.sh']) tree.changePermissions(posix.join(folder, script), '755');

  const sourceRoot = placement.layout === 'section' ? runtime.file.sourceRoot : folder;
  const root = member.kind === 'member' ? member.root : crate;
  if (relativePath(sourceRoot, root).startsWith('..')) {
    logger.warn(
      `${root} is outside ${sourceRoot}, which is all that the avocado CLI sees: it cannot compile the crate.`,
    );
  }
  if (!options.skipFormat) await formatNewFiles(tree);
  return options.lock === false ? () => undefined : pinPackages(tree);
}

function program(name: string, overlay: boolean): Program {
  return {
    exec: `/usr/bin/${name}`,
    overlay,
    compiled: {
      sdk: [
        'nativesdk-binutils',
        'nativesdk-cargo',
        'nativesdk-gcc',
        'nativesdk-glibc-dev',
        'nativesdk-libgcc-dev',
        'nativesdk-rust',
        'packagegroup-rust-cross-canadian-avocado-{{ avocado.target }}',
      ],
      sysroot: ['libstd-rs', 'libstd-rs-dev'],
    },
  };
}
