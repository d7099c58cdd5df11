import { join, posix } from 'node:path';
import { crateInputs } from '../rust';
import type { CrateInputs } from '../rust';
import type { CargoCrossOptions, SdkCompileOptions } from '../task';
import { crateFiles } from './crate-files';
import { findScripts } from './scripts';
import type { Script } from './scripts';
import { listSources, sourceFile } from './sources';
import type { SourceFile } from './sources';

/** What `cargo-cross` reads of the workspace. */
export function declaredOfCrate(options: Pick<CargoCrossOptions, 'crate' | 'sourceRoot'>, root: string): CrateInputs {
  return crateInputs(options.crate, root, options.sourceRoot ?? '');
}

type ScriptSources = Pick<SdkCompileOptions, 'sourceRoot' | 'exclude' | 'source' | 'include'>;

/** What `sdk-compile` reads; the scripts themselves even where version control ignores them. Paths as at /opt/src. */
export function scriptFiles(
  options: ScriptSources,
  workspaceRoot: string,
  scripts: { compile?: Script; install?: Script },
): SourceFile[] {
  const files = new Map(listScriptSources(options, workspaceRoot).map((file) => [file.path, file]));
  for (const script of [scripts.compile, scripts.install]) {
    if (script && !files.has(script.path)) {
      files.set(script.path, sourceFile(join(workspaceRoot, options.sourceRoot), script.path));
    }
  }
  return [...files.values()];
}

/** Ignore files count from the workspace root on, as Nx counts them; a tree that was fetched has only its own. */
function listScriptSources({ exclude, ...options }: ScriptSources, workspaceRoot: string): SourceFile[] {
  const sourceRoot = posix.normalize(options.sourceRoot);
  if (sourceRoot === '.' || options.source || options.include) {
    return listSources(join(workspaceRoot, sourceRoot), '', exclude);
  }
  const skip = exclude.map((path) => posix.join(sourceRoot, path));
  const files = listSources(workspaceRoot, sourceRoot, skip);
  return files.map((file) => ({ ...file, path: posix.relative(sourceRoot, file.path) }));
}

/**
 * The workspace's files that a compile task sees, relative to the workspace root, sorted: what its key holds, and no
 * more. Of a fetched tree and a package extension none: the options say which, by commit or version.
 * @throws what the task itself throws where they cannot be told
 */
export function compileFiles(
  options: CargoCrossOptions | SdkCompileOptions,
  workspaceRoot: string,
): { path: string; source: string }[] {
  if ('crate' in options) return real(crateFiles(declaredOfCrate(options, workspaceRoot), workspaceRoot));
  if (options.source || options.include) return [];
  const files = scriptFiles(options, workspaceRoot, findScripts(options, join(workspaceRoot, options.sourceRoot)));
  return real(files.map((file) => ({ ...file, path: posix.join(options.sourceRoot, file.path) })));
}

/** Without stand-ins, which are nobody's file. */
function real(files: SourceFile[]): { path: string; source: string }[] {
  return files
    .flatMap(({ path, source }) => (source === undefined ? [] : [{ path, source }]))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
