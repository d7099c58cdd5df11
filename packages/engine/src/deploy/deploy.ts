import { gunzipSync } from 'node:zlib';
import { AvocadoError } from '../error';
import { formatSize } from '../store';
import type { TaskContext } from '../task';
import type { RuntimeManifest } from '../runtime/manifest';
import type { Device } from './device';
import { forgetImages, keepImages, keepManifest, keptManifest } from './kept';
import { deployFailure, parseOutcome, staleCode } from './outcome';
import type { UnitState } from './outcome';
import { patchSize, planTransfers } from './plan';
import type { Transfer } from './plan';
import { checkDevice, checkSpace } from './refuse';
import { replaceExtension } from './runtime';
import type { BuiltExtension, BuiltRuntime } from './runtime';
import { queryDevice } from './state';
import type { DeviceState } from './state';
import { deployStream } from './stream';

export interface DeployResult {
  /** Id of the runtime that the device runs now. */
  runtime: string;
  /** False where the device ran it already: nothing was done. */
  switched: boolean;
  /** Extensions whose image is another than before, or that came or went. */
  changed: string[];
  /** Enabled units of these, all of them up. */
  units: UnitState[];
  /** Bytes that went over the connection, ssh's own apart. */
  sent: number;
  received: number;
  /** For the next deploy over the same connection: it then asks the device nothing. */
  state: DeviceState;
}

export type DeployContext = Pick<TaskContext, 'reporter' | 'signal'>;

/** Bytes beside the images: the manifest, and what a file system takes for itself. */
const slack = 1024 * 1024;

/**
 * Makes a device run a runtime: sends what it lacks, lets it switch, and comes back when the units of what changed are
 * up. Whatever happens, the device has the runtime that it had or the new one. May be called any number of times over one
 * connection; nothing of it is kept between two calls but `state`.
 *
 * @param known what the device was after the last deploy; it is asked where that is not so any more
 * @throws AvocadoError `DEPLOY_WRONG_*`, `DEPLOY_ROLLED_BACK`, `DEPLOY_FAILED`, `DEVICE_*`, `OUTPUT_*`, `ABORTED`
 */
export async function deploy(
  runtime: BuiltRuntime,
  device: Device,
  context: DeployContext,
  known?: DeviceState,
): Promise<DeployResult> {
  const { id } = runtime.manifest;
  let [sent, received] = [0, 0];
  for (let given = known; ; given = undefined) {
    const asked = given ? undefined : await queryDevice(device);
    const state = (given ?? asked?.state) as DeviceState;
    received += asked?.received ?? 0;
    checkDevice(device.name, state, runtime);
    if (state.active?.id === id && state.current) {
      await keep(runtime);
      return { runtime: id, switched: false, changed: [], units: [], sent, received, state };
    }
    const transfers = await planTransfers(runtime, state);
    checkSpace(
      device.name,
      state,
      transfers.reduce((sum, { image }) => sum + image.size, slack),
    );
    const step = context.reporter.step(`deploy ${runtime.manifest.runtime.name} to ${device.name}`);
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      const total = bytesOf(transfers);
      const before = sent;
      const text = state.runtimes.includes(id) ? {} : { text: runtime.text };
      for await (const chunk of deployStream(transfers, { id, expected: state.active?.id, ...text })) {
        sent += chunk.length;
        step.update(`${formatSize(sent - before)} of ${formatSize(total)} sent`);
        yield chunk;
      }
    };
    const result = await device.run(['avocadoctl', 'runtime', 'receive'], { input: counted(), signal: context.signal });
    received += result.stdout.length;
    if (result.code === staleCode && given) continue;
    const outcome = parseOutcome(result.stdout.toString());
    if (result.code !== 0 || outcome.result !== 'done') throw deployFailure(device.name, result, outcome);
    await keep(runtime);
    await forgetImages(outcome.removed);
    const { changed, units } = outcome;
    step.done(
      `${changed.length} ${changed.length === 1 ? 'extension' : 'extensions'} changed, ${kilobytes(sent)} sent`,
    );
    return {
      runtime: id,
      switched: true,
      changed,
      units,
      sent,
      received,
      state: after(state, runtime, outcome.removed),
    };
  }
}

/**
 * As `deploy`, with the runtime that the device has and one extension of it replaced.
 * @throws AvocadoError `DEPLOY_NO_EXTENSION`, `DEPLOY_NO_RUNTIME`
 */
export async function deployExtension(
  extension: BuiltExtension,
  device: Device,
  context: DeployContext,
  known?: DeviceState,
): Promise<DeployResult> {
  const asked = known ? undefined : await queryDevice(device);
  const state = (known ?? asked?.state) as DeviceState;
  const { active } = state;
  if (!active) {
    throw new AvocadoError('DEPLOY_NO_RUNTIME', `${device.name} has no active runtime to put ${extension.name} into`, {
      hint: 'Deploy a whole one: nx run <runtime>:deploy.',
    });
  }
  const manifest = (await keptManifest(active.id)) ?? (await readManifest(active.id, device));
  const runtime = replaceExtension(manifest, extension);
  const result = await deploy(runtime, device, context, state);
  return { ...result, received: result.received + (asked?.received ?? 0) };
}

async function readManifest(id: string, device: Device): Promise<RuntimeManifest> {
  const command = 'avocadoctl runtime inspect "$1" | gzip -9';
  const { stdout, stderr } = await device.run(['sh', '-c', command, 'sh', id]);
  try {
    const text = gunzipSync(stdout).toString();
    const manifest = JSON.parse(text) as RuntimeManifest;
    if (manifest.id !== id) throw new Error(`it has the id ${manifest.id}`);
    await keepManifest(id, text);
    return manifest;
  } catch (cause) {
    throw new AvocadoError('DEVICE_QUERY_FAILED', `cannot read the manifest of ${device.name}'s runtime ${id}`, {
      output: stderr.trim(),
      cause,
    });
  }
}

async function keep({ images, manifest, text }: BuiltRuntime): Promise<void> {
  await keepImages(images);
  await keepManifest(manifest.id, text);
}

/** The device after a switch, without asking it. */
function after(state: DeviceState, { manifest }: BuiltRuntime, removed: readonly string[]): DeviceState {
  const extensions = manifest.extensions.map(({ name, version, image_id }) => ({ name, version, image_id }));
  const images = new Set([...state.images, ...extensions.map(({ image_id }) => image_id)]);
  for (const id of removed) images.delete(id);
  return {
    ...state,
    active: { id: manifest.id, name: manifest.runtime.name },
    current: true,
    // The one before is kept there.
    runtimes: [manifest.id, ...(state.active ? [state.active.id] : [])],
    images,
    extensions,
  };
}

function bytesOf(transfers: readonly Transfer[]): number {
  return transfers.reduce((sum, { image, patch }) => sum + (patch ? patchSize(patch.runs) : image.size), 0);
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000)} kB`;
}
