import { droppedLinks } from '../device';

/** Directories whose content is made on the device, or by package managers that a device does not have. */
const emptied = ['var', 'dev', 'run', 'tmp', 'boot', 'root/.ssh', 'etc/apt', 'usr/share/doc', 'usr/share/man'];

/** Sources that were compiled into something that is in the image; backups; leftovers of the build. */
const dropped = [
  // The device reads usr/lib/udev/hwdb.bin, made from them.
  /^usr\/lib\/udev\/hwdb\.d\//,
  /^etc\/(?:passwd|shadow|group|gshadow|subuid|subgid)-$/,
  /^etc\/\.pwd\.lock$/,
  /^usr\/share\/(?:lintian|bug|info)\//,
  // Debian's timers and gettys, as its packages enable them.
  /^etc\/systemd\/system\/(?:timers|getty)\.target\.wants\//,
  /(?:^|\/)random-seed$/,
];

/** Whether an entry of the packages' tree stays out of the OS image. @param path relative to the root, without `/` at the end */
export function isDropped(path: string): boolean {
  if (droppedLinks.includes(path)) return true;
  return emptied.some((directory) => path.startsWith(`${directory}/`)) || dropped.some((pattern) => pattern.test(path));
}
