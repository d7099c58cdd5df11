import type { TargetConfiguration } from '@nx/devkit';
import type { RuntimeSlice } from './model';
import { stoneFiles, stoneOptions } from './stone';
import { outputPath, target, taskOutput } from './target';
import type { Edge, NamedProject, TargetPlan } from './target';
import { configTargets } from './config-target';
import { deployTarget } from './deploy';
import { sdkInstall } from './sdk-install';
import { sdkRun } from './sdk-run';
import type { FileContext } from './sdk-install';

/** Targets of a runtime, from its SDK to a booted machine. */
export function runtimeTargets(
  owner: NamedProject,
  slices: Record<string, RuntimeSlice>,
  file: FileContext,
): Record<string, TargetConfiguration> {
  const make = (plan: Omit<TargetPlan, 'options'>, options: (slice: RuntimeSlice, machine: string) => object) =>
    target(owner, { ...plan, options: mapSlices(slices, options) });
  const own = (...names: string[]): Edge[] => names.map((name) => ({ project: owner.project, target: name }));
  const from = (machine: string, task: string) => taskOutput(owner, machine, task);
  const extensions = extensionEdges(slices, file);
  const files = Object.values(slices).flatMap((slice) => slice.files);
  const avocado = file.options.feed === 'avocado';

  return {
    ...configTargets('runtime', slices, file),
    'sdk-install': sdkInstall(owner, 'runtime', slices, file),
    'sdk-run': sdkRun(owner, slices),
    rootfs: make(
      {
        verb: 'rootfs',
        description: 'Makes the OS image, the initramfs and the kernel',
        cache: true,
        dependsOn: own('config', 'sdk-install'),
        files,
      },
      (slice, machine) => ({
        outputPath: outputPath(owner, machine, 'rootfs'),
        sdk: from(machine, 'sdk-install'),
        sourceRoot: slice.sourceRoot,
        hostname: slice.hostname,
        rootfs: slice.rootfs,
        ...(slice.rootfs.overlay && file.overlayOf(slice)),
        initramfs: slice.initramfs,
        ...(slice.kernel && { kernel: slice.kernel }),
        ...(slice.permissions && { permissions: slice.permissions }),
        runtime: { name: slice.section.name, ...(slice.section.version && { version: slice.section.version }) },
        source_date_epoch: slice.source_date_epoch,
      }),
    ),
    build: make(
      {
        task: 'build',
        verb: 'runtime-build',
        description: 'Composes the runtime from its OS image and extensions',
        cache: true,
        dependsOn: [...own('sdk-install', 'rootfs'), ...extensions],
        files,
      },
      (slice, machine) => ({
        outputPath: outputPath(owner, machine, 'build'),
        sdk: from(machine, 'sdk-install'),
        sourceRoot: slice.sourceRoot,
        section: slice.section,
        rootfs: from(machine, 'rootfs'),
        extensions: extensionOutputs(slice, machine, file),
        distro: slice.distro,
        source_date_epoch: slice.source_date_epoch,
      }),
    ),
    provision: make(
      {
        verb: 'provision',
        ...(avocado
          ? {
              description: "Runs the SDK's provision program: the runtime's disk, or what its profile flashes",
              example: { profile: 'sd' },
              // A profile may write to hardware, which no cache does again; what is as it was is kept all the same (step/make).
              cache: false,
              extra: { outputs: ['{options.outputPath}'] },
              files: stoneFiles(slices),
            }
          : { description: "Writes the recipe of the runtime's bootable disk", cache: true }),
        dependsOn: own('sdk-install', 'rootfs', 'build'),
      },
      (slice, machine) => ({
        outputPath: outputPath(owner, machine, 'provision'),
        sdk: from(machine, 'sdk-install'),
        rootfs: from(machine, 'rootfs'),
        runtime: from(machine, 'build'),
        runtimeName: slice.section.name,
        source_date_epoch: slice.source_date_epoch,
        ...(avocado && { stone: stoneOptions(slice) }),
      }),
    ),
    deploy: deployTarget(owner, 'runtime', Object.keys(slices)),
    ...usesOfDisk(owner, slices, file, own('sdk-install', 'provision')),
    report: make(
      {
        verb: 'report',
        description: 'Writes what the runtime is made of, and how large it is, as one HTML page',
        // It compares with the report before it and shows how long tasks took: no part of a key.
        cache: false,
        dependsOn: [
          ...own('sdk-install', 'rootfs', 'build', 'provision'),
          ...extensions,
          ...extensionEdges(slices, file, 'sdk-install'),
        ],
      },
      (slice, machine) => ({
        outputPath: outputPath(owner, machine, 'report'),
        sdk: from(machine, 'sdk-install'),
        rootfs: from(machine, 'rootfs'),
        runtime: from(machine, 'build'),
        provision: from(machine, 'provision'),
        bootTest: from(machine, 'boot-test'),
        runtimeName: slice.section.name,
        extensions: reportedExtensions(slice, machine, file),
      }),
    ),
  };
}

/** `qemu`, `boot-test`, `boot-chart`, `watch`, `disk` and `flash`: what is done with a provisioned disk. */
function usesOfDisk(
  owner: NamedProject,
  slices: Record<string, RuntimeSlice>,
  file: FileContext,
  dependsOn: Edge[],
): Record<string, TargetConfiguration> {
  const disk = (slice: RuntimeSlice, machine: string) => ({
    sdk: taskOutput(owner, machine, 'sdk-install'),
    provision: taskOutput(owner, machine, 'provision'),
    runtimeName: slice.section.name,
  });
  const machine = { mem: 1024, smp: 2, hostFwd: [], firmware: false };
  const checksFile = checksFileOf(file.configFile);
  return {
    qemu: target(owner, {
      verb: 'qemu',
      description: 'Boots the runtime in QEMU, its console on this terminal',
      example: { hostFwd: '2222-:22', mem: 2048 },
      cache: false,
      dependsOn,
      options: mapSlices(slices, (slice, name) => ({
        ...disk(slice, name),
        ...machine,
        ...(file.options.feed === 'avocado' && slice.containerArgs && { containerArgs: slice.containerArgs }),
      })),
      // Nx 24: dependents that say `waitFor: 'ready'` start when the guest is up; 22 and 23 ignore it.
      extra: { continuous: true, readyWhen: { signal: true } },
    }),
    'boot-test': target(owner, {
      verb: 'boot-test',
      description: 'Boots the runtime in QEMU and checks units, journal, ports, files and commands',
      example: { timeout: 300 },
      cache: true,
      dependsOn,
      files: [checksFile],
      options: mapSlices(slices, (slice, name) => ({
        outputPath: outputPath(owner, name, 'boot-test'),
        ...disk(slice, name),
        ...machine,
        timeout: 180,
        checksFile,
        extensions: extensionOutputs(slice, name, file)
          .filter(({ enabled }) => enabled)
          .map(({ output }) => output),
      })),
    }),
    watch: target(owner, {
      verb: 'watch',
      description:
        'Follows the sources: builds, deploys to a device or a machine started for it, and shows the journal',
      example: { device: 'root@192.168.1.20' },
      cache: false,
      dependsOn,
      options: mapSlices(slices, (slice, name) => ({
        ...disk(slice, name),
        runtime: taskOutput(owner, name, 'build'),
        ...{ mem: machine.mem, smp: machine.smp, firmware: machine.firmware, unit: [] },
      })),
      extra: { continuous: true },
    }),
    'boot-chart': target(owner, {
      verb: 'boot-chart',
      description: 'Boots the runtime in QEMU and draws where the time goes',
      example: { file: 'boot-chart.svg' },
      cache: false,
      dependsOn,
      options: mapSlices(slices, (slice, name) => ({
        ...disk(slice, name),
        ...machine,
        timeout: 180,
        file: `${owner.root}/${name}/boot-chart.svg`,
      })),
    }),
    disk: target(owner, {
      verb: 'disk',
      description: 'Writes the disk as one raw file, to be copied to a medium',
      example: { file: 'disk.raw' },
      cache: false,
      dependsOn,
      options: mapSlices(slices, (_slice, name) => ({
        provision: taskOutput(owner, name, 'provision'),
        file: `${owner.root}/${name}/disk.raw`,
      })),
    }),
    flash: target(owner, {
      verb: 'flash',
      description: 'Writes the disk to a card or a stick, and reads it back',
      example: { device: '/dev/sdb' },
      cache: false,
      dependsOn,
      options: mapSlices(slices, (_slice, name) => ({ provision: taskOutput(owner, name, 'provision') })),
    }),
  };
}

/** Checks stand beside the avocado.yaml: in nx.json they would be part of the key of every task in the workspace. */
function checksFileOf(configFile: string): string {
  return configFile.replace(/avocado\.ya?ml$/, 'boot-test.json');
}

function extensionEdges(slices: Record<string, RuntimeSlice>, file: FileContext, target = 'build'): Edge[] {
  const indices = new Set(Object.values(slices).flatMap((slice) => slice.extensions.map(({ project }) => project)));
  return [...indices].flatMap((index) => {
    const extension = file.projects[index];
    return extension ? [{ project: extension.project, target }] : [];
  });
}

function reportedExtensions(slice: RuntimeSlice, machine: string, file: FileContext) {
  return slice.extensions.flatMap(({ project, name, enabled }) => {
    const extension = file.projects[project];
    if (!extension) return [];
    const [output, sdk] = ['build', 'sdk-install'].map((task) => taskOutput(extension, machine, task));
    return [{ name, enabled, output, sdk }];
  });
}

function extensionOutputs(slice: RuntimeSlice, machine: string, file: FileContext) {
  return slice.extensions.flatMap(({ project, name, enabled, var_files }) => {
    const extension = file.projects[project];
    return extension ? [{ name, enabled, output: taskOutput(extension, machine, 'build'), var_files }] : [];
  });
}

function mapSlices(
  slices: Record<string, RuntimeSlice>,
  options: (slice: RuntimeSlice, machine: string) => object,
): Record<string, object> {
  return Object.fromEntries(Object.entries(slices).map(([machine, slice]) => [machine, options(slice, machine)]));
}
