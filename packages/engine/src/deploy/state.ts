import { AvocadoError } from '../error';
import type { Device } from './device';

/** What `avocadoctl runtime state` of the device says: its first line is `avocadoctl <protocol>`. */
export const protocol = 1;

/** An extension of the runtime that is active on the device. */
export interface ActiveExtension {
  name: string;
  version: string;
  image_id: string;
}

export interface DeviceState {
  /** `uname -m` */
  arch: string;
  /** The machine target that the OS image was made for. */
  target: string;
  /** AVOCADO_OS_BUILD_ID */
  os: string;
  /** Bytes that fit on /var. */
  free: number;
  /** Absent where no runtime is active. */
  active?: { id: string; name: string };
  /** Whether what is merged is what the active runtime asks for. */
  current: boolean;
  /** Ids of the runtimes that are on the device. */
  runtimes: string[];
  /** Ids of the images that are on the device, whole. */
  images: Set<string>;
  extensions: ActiveExtension[];
}

/** @throws AvocadoError `DEVICE_NO_AGENT`, `DEVICE_AGENT_TOO_OLD`, `DEVICE_QUERY_FAILED` */
export async function queryDevice(device: Device): Promise<{ state: DeviceState; received: number }> {
  const { code, stdout, stderr } = await device.run(['avocadoctl', 'runtime', 'state']);
  const text = stdout.toString();
  if (code === 0 && text.startsWith(`avocadoctl ${protocol}\n`)) {
    return { state: parseState(text), received: stdout.length };
  }
  const output = `${text}${stderr}`.trim();
  if (code === 127) {
    throw new AvocadoError('DEVICE_NO_AGENT', `${device.name} has no avocadoctl`, {
      output,
      hint: 'Only a device that runs a runtime of the debian feed can be deployed to: nx run <runtime>:provision makes its disk.',
    });
  }
  if (code === 2 || code === 0) {
    throw new AvocadoError('DEVICE_AGENT_TOO_OLD', `the avocadoctl of ${device.name} cannot do this`, {
      output,
      hint: 'Its OS image was made by another release of nx-avocado: provision the device anew.',
    });
  }
  throw new AvocadoError('DEVICE_QUERY_FAILED', `${device.name} does not say what it runs (exit code ${code})`, {
    output,
    hint: 'By hand on the device: avocadoctl runtime state.',
  });
}

/** One fact a line, words separated by a space. Words that are not known are of a later release. */
export function parseState(text: string): DeviceState {
  const state: DeviceState = {
    ...{ arch: '', target: '', os: '', free: 0, current: false },
    ...{ runtimes: [], images: new Set<string>(), extensions: [] },
  };
  for (const line of text.split('\n')) {
    const [word, first = '', second = '', third = '', fourth] = line.split(' ');
    if (word === 'arch' || word === 'target' || word === 'os') state[word] = first;
    else if (word === 'free') state.free = Number(first);
    else if (word === 'active') state.active = { id: first, name: line.slice(`active ${first} `.length) };
    else if (word === 'current') state.current = first === 'yes';
    else if (word === 'runtime') state.runtimes.push(first);
    else if (word === 'image') state.images.add(first);
    else if (word === 'extension') {
      state.extensions.push({ name: first, version: second, image_id: third });
      // One that is listed and not there must be sent again.
      if (fourth !== 'missing') state.images.add(third);
    }
  }
  return state;
}
