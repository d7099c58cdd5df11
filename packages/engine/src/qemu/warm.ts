import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { AvocadoError } from '../error';
import { baseDigest, isIntact, openBase, recordDisk, varPartitionUuid } from '../runtime';
import type { DiskRecipe } from '../runtime';
import { canonicalJson, replaceDirectory, sha256, storePath, use, withLock } from '../store';
import type { TaskContext } from '../task';
import { qemuArguments } from './arguments';
import { observerCredentials } from './observer';
import type { PreparedVm } from './prepare';
import { startVm } from './vm';
import type { Vm } from './vm';

/** Raise it when a snapshot of the same machine is made in another way. */
const version = 1;

/** Seconds for the boot that a snapshot is made of, and for what is done after a resume. */
const limits = { boot: 300, resume: 120 };

/**
 * The snapshot of the booted OS that a machine can go on from, in the store, made unless it is there: by all that decides
 * it, which is the OS image, the machine's settings and QEMU itself. It has no runtime, and /var is memory in it.
 * @returns its directory
 * @throws AvocadoError `WARM_UNSUPPORTED`, `WARM_FAILED`
 */
export async function openSnapshot(prepared: PreparedVm, recipe: DiskRecipe, context: TaskContext): Promise<string> {
  const { boot, runner } = prepared;
  if (boot.kind === 'firmware' || runner.kind === 'docker') {
    throw new AvocadoError(
      'WARM_UNSUPPORTED',
      `a machine ${runner.kind === 'docker' ? 'of the runner docker' : 'with --firmware'} is not resumed from a snapshot`,
      { hint: 'Boot it without --warm.' },
    );
  }
  const key = await snapshotKey(prepared, recipe);
  const directory = storePath('warm', key);
  await use('warm', key);
  const wait = (): void => context.reporter.info('another process is making the same snapshot; waiting for it');
  await withLock(
    storePath('locks', `warm-${key}`),
    async () => {
      const whole = await Promise.all(files.map((name) => isIntact(join(directory, name))));
      if (!whole.includes(false)) return;
      const step = context.reporter.step(`boot ${prepared.name} once for a snapshot (${prepared.accelerator})`);
      const disk = await openBase(recipe, `warm\0${context.workspaceRoot}`, context);
      await replaceDirectory(directory, async (temporary) => {
        await makeSnapshot({ ...prepared, disk }, temporary, context.signal);
      });
      for (const name of files) await recordDisk(join(directory, name), key);
      step.done();
    },
    wait,
  );
  return directory;
}

/** The guest's memory, sparse, and QEMU's own state. */
const files = ['memory', 'state'];

async function snapshotKey(prepared: PreparedVm, recipe: DiskRecipe): Promise<string> {
  const { emulator, accelerator } = prepared;
  const settings = { ...prepared, disk: 'disk', forwards: [], isolated: true, sockets: '' };
  const memory = { file: 'memory', resumed: false };
  const boot = { kind: 'kernel' as const, kernel: '', initramfs: '', cmdline: recipe.cmdline };
  const words = qemuArguments({ ...settings, boot, memory, credentials: observerCredentials() });
  const made = { version, words, emulator: emulator.digest, kernel: recipe.kernel.sha256 };
  // Under KVM the guest has this machine's processor, and has seen what its kernel makes of it.
  const host = accelerator === 'kvm' ? { kernel: release(), processor: await processor() } : undefined;
  return sha256(canonicalJson({ ...made, initramfs: recipe.initramfs.sha256, base: baseDigest(recipe), host }));
}

async function processor(): Promise<string[]> {
  const lines = (await readFile('/proc/cpuinfo', 'utf8')).split('\n');
  return lines.filter((line) => /^(vendor_id|model name|stepping|microcode|flags|Features|CPU \w+)\s*:/.test(line));
}

/** What a resumed machine runs first: read from an emulated disk, it takes several times as long. */
const programsIntoMemory = [
  ...['perl -e 1', 'jq -n 1', 'date', 'blockdev --version', 'mount --version', 'tar --version', 'sha256sum --version'],
  ...['systemd-sysext list', 'systemd-confext list', 'systemd-sysusers', 'systemd-tmpfiles --create --prefix=/var'],
  ...[
    'systemctl restart systemd-journald.service',
    'journalctl --lines=1',
    'udevadm control --ping',
    'avocadoctl status',
  ],
].join('; ');

async function makeSnapshot(prepared: PreparedVm, directory: string, signal: AbortSignal): Promise<void> {
  const { boot } = prepared;
  const vm = await startVm({
    ...prepared,
    ...(boot.kind === 'kernel' && { boot: { ...boot, cmdline: `${boot.cmdline} avocado.var=later` } }),
    ...{ forwards: [], isolated: true, credentials: observerCredentials() },
    warm: { directory, resumed: false },
  });
  const abort = (): void => vm.kill();
  signal.addEventListener('abort', abort);
  try {
    await vm.observer.run(`systemctl is-system-running --wait; ${programsIntoMemory}`, limits.boot * 1000);
    await vm.save();
  } catch (error) {
    if (signal.aborted) throw new AvocadoError('ABORTED', `the snapshot of ${prepared.name} was interrupted`);
    throw new AvocadoError('WARM_FAILED', `no snapshot of ${prepared.name} could be made`, {
      output: vm.log.tail(15),
      log: vm.log.path,
      hint: 'Boot it without --warm.',
      cause: error,
    });
  } finally {
    signal.removeEventListener('abort', abort);
    await vm.stop(0);
  }
}

/**
 * Makes a resumed machine one of its own, and lets it do what it would have done with its runtime when it booted: clock,
 * random numbers and machine id are new, /var is the disk's, and the extensions are merged.
 * @throws AvocadoError `WARM_FAILED`
 */
export async function awaken(vm: Vm, name: string): Promise<void> {
  const { code, output } = await vm.observer
    .run(wakingScript(), limits.resume * 1000)
    .catch(() => ({ code: -1, output: '' }));
  if (code === 0) return;
  throw new AvocadoError('WARM_FAILED', `the resumed machine ${name} did not come up`, {
    output: output.trim() === '' ? vm.log.tail(15) : output,
    log: vm.log.path,
    hint: 'Boot it without --warm.',
  });
}

function wakingScript(): string {
  const device = `/dev/disk/by-partuuid/${varPartitionUuid}`;
  // RNDRESEEDCRNG of random(4): the new seed counts from now on, not in a minute.
  const reseed = `perl -e 'open(F, ">", "/dev/urandom") and ioctl(F, 0x5207, 0) or die $!'`;
  const steps = [
    'set -e',
    `date --set=@${(Date.now() / 1000).toFixed(3)} >/dev/null`,
    `echo ${randomBytes(32).toString('base64')} >/dev/urandom`,
    `${reseed} & seed=$!`,
    // The journal of a machine is in a directory of its id.
    `echo ${randomUUID().replaceAll('-', '')} >/run/machine-id`,
    'systemctl restart systemd-journald.service & journal=$!',
    // udev has looked at it, when it was empty.
    `blockdev --flushbufs ${device}`,
    `mount -t btrfs -o noatime ${device} /var`,
    'systemd-tmpfiles --create --prefix=/var',
    'wait $seed; wait $journal',
    'systemctl start avocado-extension.service',
  ];
  return `( ${steps.join('; ')} )`;
}
