import { realpath, stat } from 'node:fs/promises';
import { AvocadoError } from '../error';
import { openDisk } from '../runtime';
import type { FlashOptions, TaskContext } from '../task';
import { describeDevice, gigabytes, listDevices, withChildren } from './devices';
import type { BlockDevice } from './devices';
import { judgeDevice } from './judge';
import { readBack } from './read-back';
import { writeImage } from './write-image';

/** Asks the user, who types something. @returns undefined where there is nobody to ask */
export type Ask = (question: string) => Promise<string | undefined>;

/**
 * Writes a runtime's disk to a removable medium, and reads it back. Nothing is written before the device was judged and
 * the user has typed its name.
 * @throws AvocadoError `FLASH_*`, and as `openDisk`
 */
export async function flash(options: FlashOptions, ask: Ask, context: TaskContext): Promise<void> {
  const { reporter, signal } = context;
  const { path: image, recipe } = await openDisk(options.provision, context);
  const { size } = await stat(image);
  const path = options.device === undefined ? undefined : await realpath(options.device).catch(() => options.device);
  const judged = judgeDevice(await listDevices(signal), path, size);
  reporter.info(`${recipe.runtime.name} for ${recipe.machine}, ${gigabytes(size)}, onto ${describeDevice(judged)}`);
  if (!options.yes) await confirm(judged, ask);

  // While the user typed, the medium may have been exchanged, or mounted by a desktop.
  const device = judgeDevice(await listDevices(signal), judged.path, size);
  if (device['maj:min'] !== judged['maj:min'] || device.size !== judged.size) {
    throw new AvocadoError('FLASH_DEVICE_CHANGED', `${device.path} is another device than a moment ago`, {
      hint: 'Nothing was written. Try again.',
    });
  }
  const step = reporter.step(`write ${device.path}`);
  const progress = progressOf(size);
  const digests = await writeImage(image, device.path, {
    ...{ number: device['maj:min'], signal },
    onProgress: (bytes) => step.update(progress(bytes)),
  });
  step.done(gigabytes(size));
  const check = reporter.step(`verify ${device.path}`);
  const read = progressOf(size);
  await readBack(device.path, digests, size, { signal, onProgress: (bytes) => check.update(read(bytes)) });
  check.done('every byte is as it was written');
  reporter.info(`${device.path} can be taken out.`);
}

async function confirm(device: BlockDevice, ask: Ask): Promise<void> {
  const onIt = withChildren(device)
    .slice(1)
    .map(({ name, fstype, label }) => [name, fstype, label].filter((part) => part).join(' '));
  const lost = onIt.length === 0 ? 'Everything on it' : `Everything on it (${onIt.join(', ')})`;
  const answer = await ask(`${lost} will be lost. Type its name, ${device.name}, to go on: `);
  if (answer === undefined) {
    throw new AvocadoError('FLASH_UNCONFIRMED', `nobody is there to confirm that ${device.path} may be overwritten`, {
      hint: 'In a script, add --yes.',
    });
  }
  if (![device.name, device.path].includes(answer.trim())) {
    throw new AvocadoError('FLASH_UNCONFIRMED', `nothing was written: ${device.name} was not typed`);
  }
}

/** `41 %, 12.3 MB/s` */
function progressOf(size: number): (bytes: number) => string {
  const start = performance.now();
  return (bytes) => {
    const rate = bytes / 1e6 / ((performance.now() - start) / 1000);
    return `${Math.floor((bytes / size) * 100)} %, ${rate.toFixed(1)} MB/s`;
  };
}
