import { hostname } from 'node:os';
import type Docker from 'dockerode';
import { fixedEnvironment } from '../bubblewrap';
import type { HostNetwork } from '../network';
import type { Mount, SdkCommand } from '../types';
import { parseContainerArgs } from './container-args';
import type { RootImage } from './root-image';

/** Who a container belongs to, so that leftovers are told from what another process uses. */
export const ownerLabel = 'io.github.nx-avocado.owner';

export function ownerName(pid: number = process.pid): string {
  return `${hostname()}:${pid}`;
}

/** As in the sandbox: root may do to the caller's files what root does, and nothing else. */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'];

const memory = { '/tmp': 'exec,mode=1777', '/run': 'exec,mode=755', '/root': 'exec,mode=700' };

export interface ContainerPlan {
  root: RootImage;
  mounts: readonly Mount[];
  /** Volumes of the daemon's; one without a name is the container's own, and goes with it. */
  volumes?: readonly { target: string; volume: { name?: string; labels?: Record<string, string> } }[];
  network: boolean;
  devices: readonly string[];
  /** The first process; the container ends with it. */
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** TCP ports that this machine's loopback leads to. */
  ports?: readonly number[];
  /** `SdkCommand.containerArgs` */
  containerArgs?: readonly string[];
  /** What the first process is connected with. */
  stdio: 'stdin' | 'pipe' | 'terminal';
}

/**
 * What the daemon is asked to make: a read-only root, no network, no device, no privilege beyond four capabilities,
 * unless the plan says so. Pure.
 */
export function planContainer(plan: ContainerPlan): Docker.ContainerCreateOptions {
  const mounts = [...plan.root.mounts, ...plan.mounts];
  const ports = Object.fromEntries((plan.ports ?? []).map((port) => [`${port}/tcp`, port]));
  const output = plan.stdio !== 'stdin';
  const extras = parseContainerArgs(plan.containerArgs ?? []);
  const devices = plan.devices.map((path) => ({ PathOnHost: path, PathInContainer: path, CgroupPermissions: 'rw' }));
  return {
    Image: plan.root.image,
    // One entry: an image's own entry point must not come before it.
    Entrypoint: [...plan.argv],
    Cmd: [],
    Hostname: 'avocado-sdk',
    User: '0:0',
    WorkingDir: plan.cwd ?? '/',
    Env: [...environmentList({ ...fixedEnvironment, ...plan.env }), ...extras.env],
    Labels: { [ownerLabel]: ownerName() },
    // The daemon closes its input when this process is gone: whatever ends us, the container ends too.
    ...{ OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: output, AttachStderr: output },
    Tty: plan.stdio === 'terminal',
    // A daemon that shuts down need not wait: nothing in here is worth it.
    StopSignal: 'SIGKILL',
    ExposedPorts: Object.fromEntries(Object.keys(ports).map((port) => [port, {}])),
    HostConfig: {
      AutoRemove: true,
      ReadonlyRootfs: true,
      Privileged: false,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      NetworkMode: plan.network ? 'bridge' : 'none',
      Mounts: [
        ...mounts.map(({ source, target, writable }) => ({
          ...{ Type: 'bind' as const, Source: source, Target: target, ReadOnly: !writable },
        })),
        ...(plan.volumes ?? []).map(({ target, volume: { name = '', labels = {} } }) => ({
          ...{ Type: 'volume' as const, Source: name, Target: target, ReadOnly: false },
          VolumeOptions: { NoCopy: true, Labels: labels, DriverConfig: { Name: '', Options: {} } },
        })),
      ],
      Tmpfs: memory,
      PortBindings: Object.fromEntries(
        Object.entries(ports).map(([name, port]) => [name, [{ HostIp: '127.0.0.1', HostPort: String(port) }]]),
      ),
      // Output is read as it comes; the daemon need not keep it as well.
      LogConfig: { Type: 'none', Config: {} },
      ...extras.host,
      CapAdd: [...capabilities, ...((extras.host.CapAdd as string[] | undefined) ?? [])],
      Devices: [...devices, ...((extras.host.Devices as object[] | undefined) ?? [])],
    },
  };
}

/** Mounts and environment of a command; with network those of it that a container does not have by itself. */
export function containerInputs(
  command: SdkCommand,
  network: HostNetwork | undefined,
): { mounts: Mount[]; env: Record<string, string> } {
  // The engine gives name resolution.
  const own = new Set(['/etc/resolv.conf', '/etc/hosts']);
  const given = command.network ? network : undefined;
  return {
    mounts: [...(given?.mounts ?? []).filter(({ target }) => !own.has(target)), ...(command.mounts ?? [])],
    env: { ...given?.env, ...command.env },
  };
}

export function environmentList(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

/** Arguments of `docker run` for the same container, for a person to run it again. Pure. */
export function runArguments(plan: ContainerPlan, env: Readonly<Record<string, string>>): string[] {
  const mounts = [...plan.root.mounts, ...plan.mounts];
  const [program = '', ...rest] = plan.argv;
  return [
    ...['run', '--rm', '--interactive', '--read-only', '--hostname=avocado-sdk', '--user=0:0', '--cap-drop=ALL'],
    ...capabilities.map((name) => `--cap-add=${name}`),
    ...['--security-opt=no-new-privileges', `--network=${plan.network ? 'bridge' : 'none'}`],
    ...(plan.containerArgs ?? []),
    ...Object.entries(memory).map(([path, options]) => `--tmpfs=${path}:${options}`),
    ...mounts.map(
      ({ source, target, writable }) =>
        `--mount=type=bind,source=${source},target=${target}${writable ? '' : ',readonly'}`,
    ),
    ...plan.devices.map((path) => `--device=${path}`),
    ...(plan.ports ?? []).map((port) => `--publish=127.0.0.1:${port}:${port}`),
    // The value is that of docker's own environment.
    ...Object.keys(env)
      .sort()
      .map((name) => `--env=${name}`),
    ...[`--workdir=${plan.cwd ?? '/'}`, `--entrypoint=${program}`, plan.root.image, ...rest],
  ];
}
