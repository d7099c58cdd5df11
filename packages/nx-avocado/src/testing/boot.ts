import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NxJsonConfiguration } from '@nx/devkit';
import { AvocadoError } from '@nx-avocado/engine/error';
import { BootedVm, prepareSideBySide } from '@nx-avocado/engine/qemu';
import { silentReporter } from '@nx-avocado/engine/report';
import type { Reporter } from '@nx-avocado/engine/report';
import type { QemuOptions } from '@nx-avocado/engine/task';
import { workspaceRoot } from '../cli/workspace';
import { taskContext } from '../executors/context';
import { runNx } from '../graph/nx-program';

/** How a machine is booted for a test. */
export interface BootOptions {
  /** Machine target, where it is not the runtime's default: `qemuarm64`. */
  machine?: string;
  /** Memory in MiB; 1024. */
  mem?: number;
  /** Number of processors; 2. */
  smp?: number;
  /** Boot through UEFI firmware instead of the kernel directly. */
  firmware?: boolean;
  /** Go on from a snapshot of the booted OS, made when there is none, instead of booting. */
  warm?: boolean;
  /** TCP ports of the device that are reached from this computer, beside ssh's: `vm.hostPort(80)`. */
  forward?: number[];
  /** The device reaches the network of this computer; by default it reaches nothing. */
  network?: boolean;
  /** Seconds that a boot, and whatever says nothing else, is waited for; 180. */
  timeout?: number;
  /** `false`: what `nx run <runtime>:provision` made is taken as it is. */
  provision?: boolean;
  /** A directory of the workspace; the working directory. */
  cwd?: string;
  /** Gets notices and progress; by default nothing is said. */
  reporter?: Reporter;
}

/** How ssh reaches the device: no password, root. */
export interface SshAddress {
  host: string;
  port: number;
  user: string;
}

const sshPort = 22;

/** A booted device; see `BootedVm` for what it can do. */
export type TestVm = BootedVm & { readonly ssh: SshAddress };

/**
 * Boots a runtime of the workspace for a test. Its disk is provisioned first; what the device writes is gone with it.
 * As many as fit into memory run side by side.
 * @param project of the runtime: `dev`
 * @throws AvocadoError `WORKSPACE_MISSING`, `BOOT_PROVISION_FAILED`, `BOOT_PROJECT_UNKNOWN`, `BOOT_TIMEOUT`
 */
export async function boot(project: string, options: BootOptions = {}): Promise<TestVm> {
  const { machine, provision = true, timeout = 180, network = false, reporter = silentReporter } = options;
  const root = workspaceRoot(options.cwd);
  const inferred = await qemuOptions(root, project, machine);
  if (provision) await nx(root, ['run', [project, 'provision', ...(machine ? [machine] : [])].join(':')]);
  const nxJsonConfiguration = JSON.parse(readFileSync(join(root, 'nx.json'), 'utf8')) as NxJsonConfiguration;
  const context = taskContext({ root, nxJsonConfiguration }, reporter, new AbortController().signal);
  const forwards = [sshPort, ...(options.forward ?? [])];
  const given = { mem: options.mem, smp: options.smp, firmware: options.firmware, warm: options.warm };
  const wanted = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const prepared = await prepareSideBySide('test', { ...inferred, ...wanted }, [...new Set(forwards)], context);
  const vm = await BootedVm.boot(prepared, { timeout, network });
  const ssh: SshAddress = { host: '127.0.0.1', port: (await vm.hostPort(sshPort)) as number, user: 'root' };
  return Object.assign(vm, { ssh });
}

/** What the plugin infers for `nx run <project>:qemu`. */
async function qemuOptions(root: string, project: string, machine?: string): Promise<QemuOptions> {
  const shown = await nx(root, ['show', 'project', project, '--json']).catch((error: unknown) => {
    throw unknown(`the workspace has no project ${project}`, error);
  });
  const { targets = {} } = JSON.parse(shown) as {
    targets?: Record<string, { options?: object; configurations?: Record<string, object> }>;
  };
  const qemu = targets['qemu'];
  if (!qemu) throw unknown(`the project ${project} is no runtime: it has no target qemu`);
  if (machine === undefined) return qemu.options as QemuOptions;
  const { machine: byDefault } = qemu.options as QemuOptions;
  const configuration = machine === byDefault ? {} : qemu.configurations?.[machine];
  if (!configuration) throw unknown(`the runtime ${project} is not for the machine target ${machine}`);
  return { ...qemu.options, ...configuration } as QemuOptions;
}

function unknown(message: string, cause?: unknown): AvocadoError {
  return new AvocadoError('BOOT_PROJECT_UNKNOWN', message, {
    output: cause instanceof AvocadoError ? cause.output : undefined,
    hint: 'npx nx show projects --with-target qemu lists those that can be booted.',
  });
}

function nx(root: string, args: string[]): Promise<string> {
  const failure = { code: 'BOOT_PROVISION_FAILED', message: `nx ${args.join(' ')} failed` };
  return runNx(root, args, failure, { env: { NX_TUI: 'false', NO_COLOR: '1', FORCE_COLOR: '0' } });
}
