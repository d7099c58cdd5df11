/**
 * Units that a device with a read-only root and merged extensions has no use for. Each costs a fork and its setup in
 * every boot, which software emulation makes 20 to 200 ms (docs/decisions.md).
 */
const masked = [
  // The device agent merges; systemd's own would merge without our order, and read-only.
  ['systemd-sysext.service', 'systemd-confext.service', 'systemd-sysext.socket'],
  // They keep state that is part of the OS image, or that a read-only root cannot take.
  ['ldconfig.service', 'systemd-hwdb-update.service', 'systemd-journal-catalog-update.service'],
  ['systemd-firstboot.service', 'systemd-machine-id-commit.service', 'systemd-update-done.service'],
  ['dpkg-db-backup.timer', 'apt-daily.timer', 'apt-daily-upgrade.timer'],
  // Accounts, device nodes and mounts are complete in the OS image; extensions ask for theirs with on_merge.
  ['systemd-sysusers.service', 'systemd-tmpfiles-setup-dev.service', 'systemd-remount-fs.service', 'run-lock.mount'],
  ['systemd-udev-load-credentials.service'],
  // Hardware and boot methods that these machines do not have.
  ['systemd-pcrmachine.service', 'systemd-pcrphase.service', 'systemd-pcrphase-sysinit.service'],
  ['systemd-tpm2-setup.service', 'systemd-tpm2-setup-early.service', 'systemd-pcrextend.socket'],
  ['systemd-pcrlock.socket', 'systemd-pstore.service', 'systemd-hibernate-clear.service'],
  // The kernel seeds itself from virtio-rng or the processor.
  ['systemd-random-seed.service', 'systemd-boot-random-seed.service'],
  // For debugging kernels; `mount -t debugfs` still works.
  ['sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'sys-kernel-config.mount', 'sys-fs-fuse-connections.mount'],
  ['modprobe@configfs.service', 'modprobe@drm.service', 'modprobe@fuse.service', 'dev-hugepages.mount'],
  ['proc-sys-fs-binfmt_misc.automount', 'systemd-binfmt.service', 'systemd-initctl.socket'],
  // No screen: the console is serial.
  ['getty@tty1.service', 'getty-static.service', 'systemd-ask-password-console.path'],
  ['systemd-ask-password-wall.path', 'fstrim.timer', 'systemd-networkd-wait-online.service'],
].flat();

const units = '/usr/lib/systemd/system';
const place = 'etc/systemd/system';

/** Units to start that Debian leaves to the administrator: `[link below etc/systemd/system, unit]`. */
const enabled: [string, string][] = [
  ['sysinit.target.wants/avocado-extension.service', 'avocado-extension.service'],
  ['multi-user.target.wants/systemd-networkd.service', 'systemd-networkd.service'],
  ['sockets.target.wants/systemd-networkd.socket', 'systemd-networkd.socket'],
  ['dbus-org.freedesktop.network1.service', 'systemd-networkd.service'],
  ['multi-user.target.wants/systemd-resolved.service', 'systemd-resolved.service'],
  ['default.target', 'multi-user.target'],
];

/** Links of Debian's that one of the above replaces. */
export const droppedLinks: readonly string[] = [`${place}/sysinit.target.wants/systemd-resolved.service`];

/**
 * Generators that find nothing here, run at each boot and at each `systemctl daemon-reload`. The getty of the console
 * has a link instead.
 * Not `debug`: it makes units of the credentials that boot tests hand in (qemu/observer.ts).
 */
const generators = ['getty', 'gpt-auto', 'hibernate-resume', 'rc-local', 'run', 'ssh', 'system-update', 'tpm2'];

/**
 * Symbolic links below the OS image's root, by path.
 * @param console the kernel's, such as `ttyS0`
 * @param exists whether the image has a path: a runtime may do without systemd-resolved
 */
export function unitLinks(console: string, exists: (path: string) => boolean): Record<string, string> {
  const started: [string, string][] = [
    ...enabled,
    [`getty.target.wants/serial-getty@${console}.service`, 'serial-getty@.service'],
  ];
  return Object.fromEntries([
    ...masked.map((unit): [string, string] => [`${place}/${unit}`, '/dev/null']),
    ...started
      .filter(([, unit]) => exists(`${units}/${unit}`.slice(1)))
      .map(([link, unit]): [string, string] => [`${place}/${link}`, `${units}/${unit}`]),
  ]);
}

export function generatorMasks(): Record<string, string> {
  return Object.fromEntries(
    generators.map((name) => [`etc/systemd/system-generators/systemd-${name}-generator`, '/dev/null']),
  );
}

/**
 * Units of Debian's that are started later here, by path, with the change to their text. Every unit that sysinit.target
 * waits for delays all services: names are resolved a second later, which nobody notices.
 */
export const unitChanges: Readonly<Record<string, (text: string) => string>> = {
  'usr/lib/systemd/system/systemd-resolved.service': (text) =>
    text.replace(/^(Before|WantedBy)=(.*)$/gm, (_line, key: string, units: string) =>
      key === 'WantedBy'
        ? 'WantedBy=multi-user.target'
        : `Before=${units
            .split(' ')
            .filter((unit) => unit !== 'sysinit.target')
            .join(' ')}\nAfter=basic.target`,
    ),
};
