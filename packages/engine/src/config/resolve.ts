import { AvocadoError } from '../error';
import { nearest, suggest } from './nearest';
import type { AvocadoConfig, RuntimeSection } from './types';

/** Environment variables by name. An empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface MachineRequest {
  /** Asked for by the caller. */
  machine?: string | undefined;
  env: Environment;
  default_target?: string | undefined;
  supported_targets?: '*' | readonly string[] | undefined;
}

/**
 * The machine target: asked for, else `AVOCADO_TARGET`, else `default_target`.
 * @throws AvocadoError CONFIG_TARGET_MISSING, CONFIG_TARGET_UNSUPPORTED
 */
export function resolveMachine({ machine, env, default_target, supported_targets = '*' }: MachineRequest): string {
  const found = machine || env.AVOCADO_TARGET || default_target;
  if (!found) {
    throw new AvocadoError(
      'CONFIG_TARGET_MISSING',
      'No target architecture specified. Use --target, AVOCADO_TARGET env var, or set default_target in config.',
      { hint: supported_targets === '*' ? undefined : `Supported are ${supported_targets.join(', ')}.` },
    );
  }
  if (supported_targets === '*' || supported_targets.includes(found)) return found;
  const match = nearest(found, supported_targets);
  throw new AvocadoError(
    'CONFIG_TARGET_UNSUPPORTED',
    `Target '${found}' is not supported by this configuration. Supported targets: ${supported_targets.join(', ')}`,
    { hint: match && `Did you mean '${match}'?` },
  );
}

export interface BoardRequest {
  board?: string | undefined;
  env: Environment;
  runtime?: Pick<RuntimeSection, 'target_board'> | undefined;
  default_target_board?: string | undefined;
  machine: string;
}

/** `avocado.target.board`: asked for, else `AVOCADO_TARGET_BOARD`, else the runtime's, else the default, else the target. */
export function resolveBoard({ board, env, runtime, default_target_board, machine }: BoardRequest): string {
  return board || env.AVOCADO_TARGET_BOARD || runtime?.target_board || default_target_board || machine;
}

/**
 * The runtime: asked for, else `AVOCADO_RUNTIME`, else `default_runtime`, else the only one.
 * @throws AvocadoError CONFIG_RUNTIME_UNDEFINED, CONFIG_RUNTIME_AMBIGUOUS
 */
export function resolveRuntime(
  config: Pick<AvocadoConfig, 'runtimes' | 'default_runtime'>,
  { runtime, env }: { runtime?: string | undefined; env: Environment },
): string {
  const names = Object.keys(config.runtimes);
  const asked = runtime || env.AVOCADO_RUNTIME;
  if (asked !== undefined && asked !== '') {
    if (names.includes(asked)) return asked;
    throw new AvocadoError('CONFIG_RUNTIME_UNDEFINED', `Runtime '${asked}' is not defined for this target.`, {
      hint: suggest(asked, names, 'Defined are'),
    });
  }
  const chosen = pickRuntime(names, config.default_runtime);
  if (chosen !== undefined) return chosen;
  if (names.length === 0) throw new AvocadoError('CONFIG_RUNTIME_UNDEFINED', 'No runtime is defined for this target.');
  throw new AvocadoError(
    'CONFIG_RUNTIME_AMBIGUOUS',
    `Multiple runtimes defined (${names.join(', ')}); specify one with --runtime or set default_runtime in config.`,
  );
}

/** `default_runtime` where it is for this target, else the only one. */
export function pickRuntime(names: readonly string[], defaultRuntime: string | undefined): string | undefined {
  if (defaultRuntime !== undefined && names.includes(defaultRuntime)) return defaultRuntime;
  return names.length === 1 ? names[0] : undefined;
}
