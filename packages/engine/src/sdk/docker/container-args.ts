import type Docker from 'dockerode';
import { AvocadoError } from '../../error';
import type { Reporter } from '../../report';
import type { SdkCommand, SdkRunner } from '../types';

/** What a project asks for beyond what a container has by itself. */
export interface ContainerExtras {
  host: Docker.HostConfig;
  env: string[];
}

/** Each option as `docker run` has it; an option without a value is `true`. */
type Apply = (extras: ContainerExtras, value: string) => void;

const add = <K extends 'CapAdd' | 'CapDrop' | 'SecurityOpt' | 'GroupAdd' | 'Binds' | 'ExtraHosts' | 'Dns'>(
  key: K,
): Apply => {
  return ({ host }, value) => (host[key] = [...((host[key] as string[] | undefined) ?? []), value]);
};

const device: Apply = ({ host }, value) => {
  const [PathOnHost = '', PathInContainer = PathOnHost, CgroupPermissions = 'rwm'] = value.split(':');
  host.Devices = [
    ...((host.Devices as object[] | undefined) ?? []),
    { PathOnHost, PathInContainer, CgroupPermissions },
  ];
};

const withValue: Record<string, Apply> = {
  '--volume': add('Binds'),
  '--device': device,
  '--cap-add': add('CapAdd'),
  '--cap-drop': add('CapDrop'),
  '--security-opt': add('SecurityOpt'),
  '--group-add': add('GroupAdd'),
  '--add-host': add('ExtraHosts'),
  '--dns': add('Dns'),
  '--network': ({ host }, value) => (host.NetworkMode = value),
  '--ipc': ({ host }, value) => (host.IpcMode = value),
  '--pid': ({ host }, value) => (host.PidMode = value),
  '--env': ({ env }, value) => env.push(value.includes('=') ? value : `${value}=${process.env[value] ?? ''}`),
};
const flags: Record<string, Apply> = { '--privileged': ({ host }) => (host.Privileged = true) };
const short: Record<string, string> = { '-v': '--volume', '-e': '--env', '--net': '--network' };

/**
 * `sdk.container_args`, in the form of `docker run`: `--privileged`, `--network=host`, `-v /dev:/dev`. Pure but for `-e NAME`.
 * @throws AvocadoError `CONTAINER_ARGS_UNSUPPORTED` for an option that is not known here: ignored, it would be missed later
 */
export function parseContainerArgs(args: readonly string[]): ContainerExtras {
  const extras: ContainerExtras = { host: {}, env: [] };
  for (let at = 0; at < args.length; at++) {
    const [word = '', joined] = /^--[^=]+=/.test(args[at] ?? '') ? splitOnce(args[at] ?? '') : [args[at]];
    const name = short[word] ?? word;
    const flag = flags[name];
    const option = withValue[name];
    if (flag && joined === undefined) flag(extras, '');
    else if (option) {
      const value = joined ?? args[++at];
      if (value === undefined) throw unsupported(`${word} has no value`);
      option(extras, value);
    } else throw unsupported(`${word} is not known here`);
  }
  return extras;
}

/** Says that a command runs with more than a container has by itself. @param runner where `run` does not say so itself */
export function announceContainerArgs(
  { label, containerArgs = [] }: Pick<SdkCommand, 'label' | 'containerArgs'>,
  { reporter, runner }: { reporter: Reporter; runner?: SdkRunner },
): void {
  if (containerArgs.length === 0 || runner?.kind === 'sandbox') return;
  reporter.notice(`${label} runs with the project's container_args: ${containerArgs.join(' ')}`);
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

function unsupported(what: string): AvocadoError {
  const known = [...Object.keys(flags), ...Object.keys(withValue)].sort().join(', ');
  return new AvocadoError('CONTAINER_ARGS_UNSUPPORTED', `container_args: ${what}`, { hint: `Known are ${known}.` });
}
