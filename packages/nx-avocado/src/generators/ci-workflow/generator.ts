import { posix } from 'node:path';
import { detectPackageManager, formatFiles, getPackageManagerCommand, readNxJson } from '@nx/devkit';
import type { Tree } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { wholeMessage } from '../whole-message';
import { githubWorkflows } from './github';
import { gitlabPipelines } from './gitlab';
import type { CiSettings } from './settings';

export interface CiWorkflowOptions {
  provider: 'github' | 'gitlab';
  shards?: number;
  remoteCache?: boolean;
  file?: string;
  skipFormat?: boolean;
}

const providers = {
  github: { file: '.github/workflows/ci.yml', write: githubWorkflows },
  gitlab: { file: '.gitlab-ci.yml', write: gitlabPipelines },
};

/** `nx g nx-avocado:ci-workflow`. */
export default wholeMessage(generateCiWorkflow);

/**
 * Writes one file, and for several agents a second one; they must not be there yet.
 * @throws AvocadoError `CI_OPTION_INVALID`, `CI_FILE_EXISTS`
 */
export async function generateCiWorkflow(tree: Tree, options: CiWorkflowOptions): Promise<void> {
  const provider = providers[options.provider];
  if (!provider) throw invalid(`provider is ${JSON.stringify(options.provider)}`, 'Write github or gitlab.');
  const file = fileOf(options, provider.file);
  const files = provider.write(settingsOf(tree, options), file);
  const there = Object.keys(files).find((path) => tree.exists(path));
  if (there !== undefined) {
    throw new AvocadoError('CI_FILE_EXISTS', `${there} is there already; nothing was changed`, {
      hint: 'Remove it to have it written again, or name another with --file.',
    });
  }
  for (const [path, text] of Object.entries(files)) tree.write(path, text);
  if (!options.skipFormat) await formatFiles(tree);
}

/** Nx checks an option's type, not its bounds. */
function settingsOf(tree: Tree, { shards = 1, remoteCache = false }: CiWorkflowOptions): CiSettings {
  if (!Number.isInteger(shards) || shards < 1 || shards > 64) {
    throw invalid(`shards is ${shards}`, 'Write a number from 1 to 64.');
  }
  return { shards, remoteCache, defaultBranch: defaultBranchOf(tree), packageManager: packageManagerOf(tree.root) };
}

/** It stands in the file unquoted. */
function defaultBranchOf(tree: Tree): string {
  const name = readNxJson(tree)?.defaultBase ?? 'main';
  if (/^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(name)) return name;
  throw invalid(`defaultBase in nx.json is ${JSON.stringify(name)}`, 'Name the branch that pull requests go to.');
}

function packageManagerOf(root: string): CiSettings['packageManager'] {
  const name = detectPackageManager(root);
  const { ciInstall, exec, install } = getPackageManagerCommand(name, root);
  const prepare = { npm: undefined, pnpm: 'corepack enable', yarn: 'corepack enable', bun: 'npm install --global bun' };
  return {
    name,
    ...(prepare[name] && { prepare: prepare[name] }),
    install: ciInstall ?? install,
    exec,
  };
}

function fileOf({ file, provider }: CiWorkflowOptions, usual: string): string {
  if (file === undefined) return usual;
  const path = posix.normalize(file);
  if (posix.isAbsolute(path) || path.split('/')[0] === '..' || !/\.ya?ml$/.test(path)) {
    throw invalid(`file is ${JSON.stringify(file)}`, 'Name a .yml file, relative to the workspace root.');
  }
  if (provider === 'github' && posix.dirname(path) !== '.github/workflows') {
    throw invalid(`file is ${JSON.stringify(file)}`, 'GitHub reads workflows in .github/workflows alone.');
  }
  return path;
}

function invalid(what: string, hint: string): AvocadoError {
  return new AvocadoError('CI_OPTION_INVALID', what, { hint });
}
