import { AvocadoError } from '../error';
import type { MachineModel } from './machine';

/** A system credential (systemd.system-credentials(7)) that the guest gets from outside its disk. */
export interface Credential {
  name: string;
  text: string;
}

/** x86 and arm64 alike: COMMAND_LINE_SIZE of the kernel, with its final NUL. */
const commandLineLimit = 2048;

/** SMBIOS type 11 strings, which firmware puts in the guest's memory (smbios-type-11(7)). */
export function smbiosArguments(credentials: Credential[]): string[] {
  return credentials.flatMap(({ name, text }) => [
    '-smbios',
    // A comma would end the value; base64 has none, and credential names of ours have none.
    `type=11,value=io.systemd.credential.binary:${name}=${base64(text)}`,
  ]);
}

/** What is added to the kernel's command line so that the guest gets `credentials`. */
export function commandLineCredentials(model: MachineModel, credentials: Credential[]): string[] {
  if (model.directCredentials !== 'cmdline') return [];
  return credentials.map(({ name, text }) => `systemd.set_credential_binary=${name}:${base64(text)}`);
}

/** @throws AvocadoError `QEMU_CMDLINE_TOO_LONG`: the kernel would cut it off without a word. */
export function commandLine(parts: string[]): string {
  const line = parts.filter((part) => part !== '').join(' ');
  if (Buffer.byteLength(line) >= commandLineLimit) {
    throw new AvocadoError('QEMU_CMDLINE_TOO_LONG', `the kernel's command line has ${line.length} characters`, {
      hint: `The kernel takes at most ${commandLineLimit - 1}. Boot through firmware instead: --firmware.`,
    });
  }
  return line;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
