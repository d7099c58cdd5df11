import { AvocadoError } from '../error';
import { runTool } from '../feed/run';

/** A block device as lsblk(8) sees it. */
export interface BlockDevice {
  name: string;
  path: string;
  /** `disk`, `part`, `loop`, `rom`, `crypt`, `lvm`, `raid1`, ... */
  type: string;
  /** Bytes; 0 for a reader without a card. */
  size: number;
  /** The medium can be taken out. */
  rm: boolean;
  /** On a bus where devices come and go: usb, mmc. */
  hotplug: boolean;
  ro: boolean;
  tran: string | null;
  vendor: string | null;
  model: string | null;
  label: string | null;
  fstype: string | null;
  /** `8:16` */
  'maj:min': string;
  /** `[SWAP]` for swap space. */
  mountpoints: (string | null)[];
  /** Partitions, and what is made of them. */
  children?: BlockDevice[];
}

const columns = 'NAME,PATH,TYPE,SIZE,RM,HOTPLUG,RO,TRAN,VENDOR,MODEL,LABEL,FSTYPE,MAJ:MIN,MOUNTPOINTS';

/** Every block device of this machine. @throws AvocadoError `TOOL_MISSING`, `FLASH_NO_LIST` */
export async function listDevices(signal?: AbortSignal): Promise<BlockDevice[]> {
  const { code, stdout, stderr } = await runTool(['lsblk', '--json', '--bytes', '--output', columns], { signal });
  if (code !== 0) {
    throw new AvocadoError('FLASH_NO_LIST', "lsblk could not list this machine's disks", {
      output: stderr,
      hint: 'util-linux 2.37 or newer is needed, and a system that shows its disks in /sys.',
    });
  }
  return parseDevices(stdout);
}

/** @param text what `lsblk --json --bytes` prints; nothing at all where there is no device */
export function parseDevices(text: string): BlockDevice[] {
  if (text.trim() === '') return [];
  return (JSON.parse(text) as { blockdevices: BlockDevice[] }).blockdevices;
}

/** A device and everything on it. */
export function withChildren(device: BlockDevice): BlockDevice[] {
  return [device, ...(device.children ?? []).flatMap(withChildren)];
}

/** `/dev/sdb: SanDisk Ultra, 31.9 GB, usb` */
export function describeDevice({ path, vendor, model, size, tran }: BlockDevice): string {
  const name = [vendor, model].flatMap((part) => (part?.trim() ? [part.trim()] : [])).join(' ');
  return `${path}: ${[name, gigabytes(size), tran ?? ''].filter((part) => part !== '').join(', ')}`;
}

export function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
