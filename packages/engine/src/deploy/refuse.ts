import { AvocadoError } from '../error';
import { formatSize } from '../store';
import type { BuiltRuntime } from './runtime';
import type { DeviceState } from './state';

/** What must not be deployed to a device, before a byte is sent. @throws AvocadoError `DEPLOY_WRONG_*` */
export function checkDevice(name: string, state: DeviceState, runtime: BuiltRuntime): void {
  const { manifest, machine, arch } = runtime;
  const refuse = (code: string, message: string, hint: string): void => {
    throw new AvocadoError(code, message, { hint });
  };
  if (state.arch !== arch) {
    refuse(
      'DEPLOY_WRONG_ARCHITECTURE',
      `${name} is ${state.arch}, the extensions are for ${arch}`,
      `Deploy what is built for it: nx run <project>:deploy:<machine target>.`,
    );
  }
  if (state.target !== machine) {
    refuse(
      'DEPLOY_WRONG_MACHINE',
      `${name} is a ${state.target || 'machine of no known target'}, the extensions are for ${machine}`,
      `Deploy what is built for it: nx run <project>:deploy:${state.target || '<machine target>'}.`,
    );
  }
  if (state.active && state.active.name !== manifest.runtime.name) {
    refuse(
      'DEPLOY_WRONG_RUNTIME',
      `${name} runs the runtime ${state.active.name}, not ${manifest.runtime.name}`,
      `Deploy that one (nx run ${state.active.name}:deploy), or provision the device with ${manifest.runtime.name}.`,
    );
  }
  if (state.os !== manifest.rootfs.build_id) {
    refuse(
      'DEPLOY_WRONG_OS',
      `the OS image of ${name} is not the one that the extensions were made for`,
      `It is ${state.os}, they are for ${manifest.rootfs.build_id}. The OS itself is not deployed: provision the device anew.`,
    );
  }
}

/** @param bytes that the images take that are not there yet */
export function checkSpace(name: string, state: DeviceState, bytes: number): void {
  if (bytes <= state.free) return;
  throw new AvocadoError(
    'DEVICE_FULL',
    `${name} has ${formatSize(state.free)} free on /var, ${formatSize(bytes)} are needed`,
    {
      hint: 'Free some there: df -h /var. The runtime that runs now and the one before it are kept.',
    },
  );
}
