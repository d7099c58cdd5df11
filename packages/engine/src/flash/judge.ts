import { AvocadoError } from '../error';
import { describeDevice, gigabytes, withChildren } from './devices';
import type { BlockDevice } from './devices';

/** Where a running system has what it cannot be without. */
const ofSystem = /^(?:\/|\/boot|\/boot\/efi|\/efi|\/usr|\/var|\/home|\/nix|\[SWAP\])$/;

interface Refusal {
  reason: 'KIND' | 'SYSTEM' | 'FIXED' | 'IN_USE' | 'EMPTY' | 'READ_ONLY' | 'SMALL';
  message: string;
  /** What to do; where it is absent, another device is to be named. */
  hint?: string;
}

/**
 * The device that may be written to, of those that are there. Everything that is not plainly a medium that somebody put in
 * to be written to is refused. Pure.
 * @param path as the user gave it, links followed
 * @param bytes what is to be written
 * @throws AvocadoError `FLASH_DEVICE_MISSING`, `_UNKNOWN`, `_PARTITION`, `_KIND`, `_SYSTEM`, `_FIXED`, `_IN_USE`,
 *   `_READ_ONLY`, `_EMPTY`, `_SMALL`
 */
export function judgeDevice(devices: readonly BlockDevice[], path: string | undefined, bytes: number): BlockDevice {
  const refuse = (reason: string, message: string, hint = candidates(devices, bytes)): AvocadoError =>
    new AvocadoError(`FLASH_DEVICE_${reason}`, message, { hint });
  if (path === undefined) throw refuse('MISSING', 'no device to write to was named');
  const disk = devices.find((device) => withChildren(device).some((part) => part.path === path));
  if (!disk) throw refuse('UNKNOWN', `${path} is no block device of this machine`);
  if (disk.path !== path) {
    const type = withChildren(disk).find((part) => part.path === path)?.type;
    const what = type === 'part' ? 'a partition' : `a device of type ${type}`;
    throw refuse('PARTITION', `${path} is ${what} on ${disk.path}`, 'The image is a whole disk: name the disk itself.');
  }
  const refusal = refusalOf(disk, bytes);
  if (refusal) throw refuse(refusal.reason, `${path} ${refusal.message}`, refusal.hint);
  return disk;
}

/** The worst reason first: a system's disk is called that, and not just one that is mounted. */
function refusalOf(disk: BlockDevice, bytes: number): Refusal | undefined {
  const parts = withChildren(disk);
  const mounted = parts.flatMap(({ mountpoints }) => mountpoints.filter((place) => place !== null));
  const system = mounted.find((place) => ofSystem.test(place));
  const holder = parts.find(({ type }) => type !== 'disk' && type !== 'part');
  if (disk.type !== 'disk') return { reason: 'KIND', message: `is no disk, but of type ${disk.type}` };
  if (system !== undefined) return { reason: 'SYSTEM', message: `has this system on it (${system})` };
  if (!disk.rm && !disk.hotplug) {
    return { reason: 'FIXED', message: 'is a disk that is built in, no removable medium' };
  }
  if (mounted.length > 0) {
    const places = mounted.map((place) => (/^[\w/.-]+$/.test(place) ? place : `'${place}'`));
    return {
      reason: 'IN_USE',
      message: `is in use: mounted at ${mounted.join(', ')}`,
      hint: `Unmount it: umount ${places.join(' ')}`,
    };
  }
  if (holder) {
    const message = `is in use: ${holder.path} (${holder.type}) is made of it`;
    return { reason: 'IN_USE', message, hint: 'Close that first.' };
  }
  if (disk.size === 0) return { reason: 'EMPTY', message: 'has no medium in it', hint: 'Put one in.' };
  if (disk.ro) {
    const hint = 'Some cards and adapters have a switch for that.';
    return { reason: 'READ_ONLY', message: 'cannot be written to', hint };
  }
  if (disk.size < bytes) {
    const message = `is too small: ${gigabytes(disk.size)}, and the disk has ${gigabytes(bytes)}`;
    return { reason: 'SMALL', message, hint: 'Use a larger medium.' };
  }
  return undefined;
}

/** What could be meant. */
function candidates(devices: readonly BlockDevice[], bytes: number): string {
  const fit = devices.filter((device) => refusalOf(device, bytes) === undefined);
  if (fit.length === 0) return 'No removable medium that could be written to is there: put one in.';
  return `It could be written to: ${fit.map(describeDevice).join('; ')}.`;
}
