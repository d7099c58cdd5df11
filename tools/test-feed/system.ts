import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceFiles, generatorMasks, unitLinks } from '../../packages/engine/src/device';
import { feedDirectory } from '../../packages/engine/src/feed/data';
import { target } from './debian';
import type { PackageFile } from './package';

/** A place of their own: a file is in one package of the feed alone. */
const programs = '/usr/lib/initramfs';

/** Programs of busybox that /init calls; modprobe is kmod's, which reads compressed modules. */
const applets = [
  ...['cat', 'chroot', 'echo', 'grep', 'mount', 'poweroff', 'readlink', 'sed', 'sh', 'sleep', 'switch_root', 'sync'],
  ...['tr', 'xxd'],
];
const modules = {
  early: 'virtio_rng erofs overlay virtio_blk virtio_pci',
  var: 'btrfs',
  storage: 'ahci sd_mod nvme',
};
const lib64: PackageFile = { path: '/lib64', link: 'usr/lib64' };

/** The initramfs beside its programs: the debian feed's /init, with modules by their names. */
export function initramfsFiles(): PackageFile[] {
  const init = readFileSync(join(feedDirectory, 'initramfs/init'), 'utf8');
  const load =
    'load() {\n  for module in $(cat "/modules/$1"); do modprobe "$module" || echo "no module $module"; done\n}';
  return [
    lib64,
    {
      path: '/init',
      content: init
        .replace('#!/bin/sh\n', `#!${programs}/sh\nexport PATH=${programs}:/usr/sbin\n`)
        .replace(' chroot /root', ` ${programs}/chroot /root`)
        .replace(/^load\(\) \{\n[^}]*\n\}/m, load),
      mode: 0o755,
    },
    ...Object.entries(modules).map(([name, list]) => ({ path: `/modules/${name}`, content: `${list}\n` })),
    ...applets.map((name) => ({ path: `${programs}/${name}`, link: '/usr/bin/busybox' })),
    { path: '/root/.keep', content: '' },
  ];
}

const users: [name: string, id: number][] = [
  ['messagebus', 100],
  ['systemd-resolve', 992],
  ['systemd-timesync', 997],
  ['systemd-network', 998],
];
const groups = ['tty:x:5:', 'disk:x:6:', 'kmem:x:15:', 'systemd-journal:x:999:', 'nogroup:x:65534:'];

/** What Debian's packages make by scripts, which do not run here, and the device agent. */
export function systemFiles(): PackageFile[] {
  const account = ([name, id]: [string, number]): string => `${name}:x:${id}:${id}::/:/usr/sbin/nologin\n`;
  const passwd = `root:x:0:0:root:/root:/bin/bash\n${users.map(account).join('')}nobody:x:65534:65534::/:/usr/sbin/nologin\n`;
  const group = ['root:x:0:', ...groups, ...users.map(([name, id]) => `${name}:x:${id}:`)].join('\n');
  const names = ['root', ...users.map(([name]) => name), 'nobody'];
  const links = { ...unitLinks(target.kernel.console, (path) => !path.includes('resolved')), ...generatorMasks() };
  return [
    lib64,
    { path: '/etc/passwd', content: passwd },
    { path: '/etc/group', content: `${group}\n` },
    { path: '/etc/shadow', content: names.map((name) => `${name}:*:19000:0:99999:7:::\n`).join(''), mode: 0o600 },
    { path: '/etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' },
    { path: '/etc/hostname', content: 'avocado-qemux86-64\n' },
    { path: '/etc/mtab', link: '../proc/self/mounts' },
    { path: '/root/.profile', content: '' },
    ...deviceFiles().map(({ path, mode, content }) => ({ path: `/${path}`, mode, content: content.toString() })),
    ...Object.entries(links).map(([path, link]) => ({ path: `/${path}`, link })),
  ];
}
