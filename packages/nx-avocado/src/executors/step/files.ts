import type { TargetConfiguration } from '@nx/devkit';
import { compileFiles } from '@nx-avocado/engine/compile';
import type { CargoCrossOptions, SdkCompileOptions } from '@nx-avocado/engine/task';
import { globSync } from 'tinyglobby';

/** Sources of these are whole trees, less what version control ignores: the engine lists them, as for the build itself. */
const compilers = ['cargo-cross', 'sdk-compile'];

export function compiles(options: object): boolean {
  return 'step' in options && compilers.includes(options.step as string);
}

/**
 * The files that a target declares, relative to the workspace root, sorted.
 * @returns undefined where they cannot be told: the task itself will say why
 */
export function filesOf(
  workspaceRoot: string,
  { inputs = [] }: Pick<TargetConfiguration, 'inputs'>,
  options: object,
): string[] | undefined {
  if (compiles(options)) {
    try {
      return compileFiles(options as CargoCrossOptions | SdkCompileOptions, workspaceRoot).map(({ path }) => path);
    } catch {
      return undefined;
    }
  }
  const globs = filesetsOf(inputs);
  // A whole tree but for some of it may be as large as the workspace.
  if (globs.some((glob) => glob.startsWith('!'))) return undefined;
  if (globs.length === 0) return [];
  return globSync(globs, { cwd: workspaceRoot, dot: true, followSymbolicLinks: false }).sort();
}

/** The globs among a target's inputs, relative to the workspace root. */
export function filesetsOf(inputs: NonNullable<TargetConfiguration['inputs']>): string[] {
  return inputs.flatMap((input) => {
    const fileset = typeof input === 'object' && 'fileset' in input ? input.fileset : input;
    return typeof fileset === 'string' ? [fileset.replace('{workspaceRoot}/', '')] : [];
  });
}
