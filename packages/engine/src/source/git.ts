import { AvocadoError } from '../error';
import { runTool } from '../feed/run';
import type { ToolResult } from '../feed/run';
import { protocols } from './url';

export interface GitOptions {
  signal?: AbortSignal | undefined;
  env?: Record<string, string>;
  input?: string;
  /** Without the user's and the machine's settings: the same files everywhere. Fetching needs them, for its keys. */
  isolated?: boolean;
}

/** Set where Nx runs in a hook of the user's own repository, which is none of ours. */
const ofAnotherRepository = [
  ...['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_COMMON_DIR', 'GIT_OBJECT_DIRECTORY'],
  ...['GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_NAMESPACE', 'GIT_PREFIX', 'GIT_CONFIG_PARAMETERS', 'GIT_CONFIG_COUNT'],
];

const settings = [
  // Neither hooks nor programs that the user's settings name for a repository.
  ...['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'submodule.recurse=false', 'gc.auto=0', 'maintenance.auto=0'],
  ...['core.symlinks=true', 'core.fileMode=true', 'core.autocrlf=false', 'advice.detachedHead=false'],
  ...['http.lowSpeedLimit=1000', 'http.lowSpeedTime=30'],
  ...['protocol.allow=never', ...protocols.map((name) => `protocol.${name}.allow=always`)],
];

const alone = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_ATTR_NOSYSTEM: '1' };

/**
 * Runs the host's git, which asks nobody anything. That it fails is no error here: the caller knows what it means.
 * @throws AvocadoError `GIT_MISSING`, `ABORTED`
 */
export async function git(args: string[], { isolated, env, ...options }: GitOptions = {}): Promise<ToolResult> {
  const argv = [
    ...['env', ...ofAnotherRepository.flatMap((name) => ['-u', name])],
    ...Object.entries({ GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C.UTF-8', ...(isolated && alone), ...env }).map(
      ([name, value]) => `${name}=${value}`,
    ),
    ...['git', ...settings.flatMap((setting) => ['-c', setting]), ...args],
  ];
  try {
    return await runTool(argv, options);
  } catch (error) {
    if (!(error instanceof AvocadoError) || error.code !== 'TOOL_MISSING') throw error;
    throw new AvocadoError('GIT_MISSING', 'git is not installed on this machine, and a source of type git needs it', {
      hint: 'Install it with the system: apt-get install git.',
      cause: error,
    });
  }
}
