import { parseDevices } from './devices';
import type { BlockDevice } from './devices';
import { judgeDevice } from './judge';
import { deviceNumber } from './write-image';

const GB = 1e9;

/** What lsblk 2.38 and 2.41 print: a laptop with a stick, a card reader, an external disk, a card that is mounted. */
const listing = `{
   "blockdevices": [
      {"name":"loop0", "path":"/dev/loop0", "type":"loop", "size":67108864, "rm":false, "hotplug":false, "ro":false,
       "tran":null, "vendor":null, "model":null, "label":null, "fstype":"ext4", "maj:min":"7:0", "mountpoints":[null]},
      {"name":"sda", "path":"/dev/sda", "type":"disk", "size":500107862016, "rm":false, "hotplug":false, "ro":false,
       "tran":"sata", "vendor":"ATA     ", "model":"Samsung SSD 860", "label":null, "fstype":null, "maj:min":"8:0",
       "mountpoints":[null],
       "children": [
         {"name":"sda1", "path":"/dev/sda1", "type":"part", "size":500000000000, "rm":false, "hotplug":false, "ro":false,
          "tran":null, "vendor":null, "model":null, "label":"data", "fstype":"ext4", "maj:min":"8:1",
          "mountpoints":[null]}
       ]},
      {"name":"sdb", "path":"/dev/sdb", "type":"disk", "size":31914983424, "rm":true, "hotplug":true, "ro":false,
       "tran":"usb", "vendor":"SanDisk ", "model":"Ultra", "label":null, "fstype":null, "maj:min":"8:16",
       "mountpoints":[null],
       "children": [
         {"name":"sdb1", "path":"/dev/sdb1", "type":"part", "size":31913934848, "rm":true, "hotplug":true, "ro":false,
          "tran":null, "vendor":null, "model":null, "label":"PHOTOS", "fstype":"exfat", "maj:min":"8:17",
          "mountpoints":[null]}
       ]},
      {"name":"sdc", "path":"/dev/sdc", "type":"disk", "size":0, "rm":true, "hotplug":true, "ro":false, "tran":"usb",
       "vendor":"Generic ", "model":"SD Reader", "label":null, "fstype":null, "maj:min":"8:32", "mountpoints":[null]},
      {"name":"sdd", "path":"/dev/sdd", "type":"disk", "size":2000398934016, "rm":false, "hotplug":true, "ro":false,
       "tran":"usb", "vendor":"WD      ", "model":"Elements", "label":null, "fstype":null, "maj:min":"8:48",
       "mountpoints":[null],
       "children": [
         {"name":"sdd1", "path":"/dev/sdd1", "type":"part", "size":2000397795328, "rm":false, "hotplug":true, "ro":false,
          "tran":null, "vendor":null, "model":null, "label":null, "fstype":"crypto_LUKS", "maj:min":"8:49",
          "mountpoints":[null],
          "children": [
            {"name":"backup", "path":"/dev/mapper/backup", "type":"crypt", "size":2000381018112, "rm":false,
             "hotplug":false, "ro":false, "tran":null, "vendor":null, "model":null, "label":null, "fstype":"ext4",
             "maj:min":"252:1", "mountpoints":[null]}
          ]}
       ]},
      {"name":"sde", "path":"/dev/sde", "type":"disk", "size":15931539456, "rm":true, "hotplug":true, "ro":true,
       "tran":"usb", "vendor":null, "model":"Locked", "label":null, "fstype":null, "maj:min":"8:64",
       "mountpoints":[null]},
      {"name":"sr0", "path":"/dev/sr0", "type":"rom", "size":1073741312, "rm":true, "hotplug":true, "ro":false,
       "tran":"usb", "vendor":null, "model":"DVD", "label":null, "fstype":null, "maj:min":"11:0", "mountpoints":[null]},
      {"name":"mmcblk0", "path":"/dev/mmcblk0", "type":"disk", "size":15634268160, "rm":false, "hotplug":true,
       "ro":false, "tran":null, "vendor":null, "model":null, "label":null, "fstype":null, "maj:min":"179:0",
       "mountpoints":[null],
       "children": [
         {"name":"mmcblk0p1", "path":"/dev/mmcblk0p1", "type":"part", "size":268435456, "rm":false, "hotplug":true,
          "ro":false, "tran":null, "vendor":null, "model":null, "label":"boot", "fstype":"vfat", "maj:min":"179:1",
          "mountpoints":["/media/me/boot", "/media/me/my photos"]}
       ]},
      {"name":"nvme0n1", "path":"/dev/nvme0n1", "type":"disk", "size":512110190592, "rm":false, "hotplug":false,
       "ro":false, "tran":"nvme", "vendor":null, "model":"KXG60", "label":null, "fstype":null, "maj:min":"259:0",
       "mountpoints":[null],
       "children": [
         {"name":"nvme0n1p1", "path":"/dev/nvme0n1p1", "type":"part", "size":512000000000, "rm":false,
          "hotplug":false, "ro":false, "tran":"nvme", "vendor":null, "model":null, "label":null,
          "fstype":"crypto_LUKS", "maj:min":"259:1", "mountpoints":[null],
          "children": [
            {"name":"vg-root", "path":"/dev/mapper/vg-root", "type":"lvm", "size":500000000000, "rm":false,
             "hotplug":false, "ro":false, "tran":null, "vendor":null, "model":null, "label":null, "fstype":"ext4",
             "maj:min":"253:0", "mountpoints":["/"]}
          ]}
       ]},
      {"name":"sdf", "path":"/dev/sdf", "type":"disk", "size":31914983424, "rm":true, "hotplug":true, "ro":false,
       "tran":"usb", "vendor":null, "model":"Live", "label":null, "fstype":null, "maj:min":"8:80", "mountpoints":[null],
       "children": [
         {"name":"sdf1", "path":"/dev/sdf1", "type":"part", "size":31913934848, "rm":true, "hotplug":true, "ro":false,
          "tran":null, "vendor":null, "model":null, "label":null, "fstype":"swap", "maj:min":"8:81",
          "mountpoints":["[SWAP]"]}
       ]}
   ]
}`;
const devices = parseDevices(listing);

const refusal = (path: string | undefined, bytes = GB, all: BlockDevice[] = devices): unknown => {
  try {
    return judgeDevice(all, path, bytes).path;
  } catch (error) {
    return error;
  }
};

test('a stick that nothing uses may be written to, whatever partitions it has', () => {
  expect(judgeDevice(devices, '/dev/sdb', GB)).toMatchObject({ name: 'sdb', 'maj:min': '8:16' });
});

test.each<[string | undefined, string, RegExp, RegExp, number?]>([
  [
    undefined,
    'MISSING',
    /no device to write to was named/,
    /could be written to: \/dev\/sdb: SanDisk Ultra, 31\.9 GB, usb\.$/,
  ],
  ['/dev/sdz', 'UNKNOWN', /\/dev\/sdz is no block device/, /\/dev\/sdb/],
  ['/home/me/disk.raw', 'UNKNOWN', /no block device/, /\/dev\/sdb/],
  ['/dev/sdb1', 'PARTITION', /a partition on \/dev\/sdb$/, /name the disk itself/],
  ['/dev/mapper/vg-root', 'PARTITION', /of type lvm on \/dev\/nvme0n1$/, /the disk itself/],
  ['/dev/loop0', 'KIND', /of type loop/, /\/dev\/sdb/],
  ['/dev/sr0', 'KIND', /of type rom/, /\/dev\/sdb/],
  ['/dev/nvme0n1', 'SYSTEM', /has this system on it \(\/\)/, /\/dev\/sdb/],
  ['/dev/sdf', 'SYSTEM', /has this system on it \(\[SWAP\]\)/, /\/dev\/sdb/],
  ['/dev/sda', 'FIXED', /built in/, /\/dev\/sdb/],
  [
    '/dev/mmcblk0',
    'IN_USE',
    /mounted at \/media\/me\/boot, /,
    /^Unmount it: umount \/media\/me\/boot '\/media\/me\/my photos'$/,
  ],
  ['/dev/sdd', 'IN_USE', /\/dev\/mapper\/backup \(crypt\) is made of it/, /Close/],
  ['/dev/sdc', 'EMPTY', /has no medium in it/, /Put one in/],
  ['/dev/sde', 'READ_ONLY', /cannot be written to/, /switch/],
  ['/dev/sdb', 'SMALL', /too small: 31\.9 GB, and the disk has 40\.0 GB/, /larger/, 40 * GB],
])('%s is refused: %s', (path, reason, message, hint, bytes = GB) => {
  expect(refusal(path, bytes)).toMatchObject({
    code: `FLASH_DEVICE_${reason}`,
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(hint) as string,
  });
});

test('where no medium would do, the hint says so', () => {
  const builtIn = devices.filter(({ name }) => ['sda', 'nvme0n1', 'mmcblk0'].includes(name));
  expect(refusal(undefined, GB, builtIn)).toMatchObject({
    hint: expect.stringMatching(/^No removable medium/) as string,
  });
  expect(refusal('/dev/sda', GB, [])).toMatchObject({ code: 'FLASH_DEVICE_UNKNOWN' });
});

test('no device at all: lsblk prints nothing', () => {
  expect(parseDevices('')).toEqual([]);
});

test.each([
  [0x810, '8:16'],
  [0xfd00, '253:0'],
  [0x10fd05, '253:261'],
  [2 ** 44, '4096:0'],
])('a device number %d is %s', (rdev, number) => {
  expect(deviceNumber(rdev)).toBe(number);
});
