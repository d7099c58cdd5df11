import { AvocadoError } from '../error';
import type { DeviceAddress } from './address';
import { shellCommand } from '../sdk/quote';

/** What a user types to reach the device by hand. */
function byHand({ destination, port }: DeviceAddress): string {
  return shellCommand(['ssh', ...(port === undefined ? [] : ['-p', String(port)]), destination]);
}

/** Why ssh could not connect, by what it printed (OpenSSH has no other codes than 255). */
export function sshFailure(name: string, address: DeviceAddress, said: string): AvocadoError {
  const output = said.trim();
  const error = (code: string, message: string, hint: string) => new AvocadoError(code, message, { hint, output });
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(said)) {
    return error(
      'DEVICE_HOST_KEY_CHANGED',
      `the host key of ${name} is not the one that was there before`,
      'If the device was provisioned anew, remove the old key with the ssh-keygen command above, and connect once by ' +
        `hand to accept the new one: ${byHand(address)}`,
    );
  }
  if (/Host key verification failed|host key is known for .* and you have requested strict checking/i.test(said)) {
    return error(
      'DEVICE_HOST_KEY_UNKNOWN',
      `the host key of ${name} is not known to ssh`,
      `Connect once by hand, compare the fingerprint with the device's, and accept it: ${byHand(address)}`,
    );
  }
  if (/Permission denied|Too many authentication failures/.test(said)) {
    return error(
      'DEVICE_LOGIN_REFUSED',
      `${name} lets ${address.destination.split('@')[0]} not in`,
      `There is no question for a password: use a key or an agent (--identity names a key). By hand: ${byHand(address)}`,
    );
  }
  if (/command not found|not found|No such file or directory/.test(said) && /\bssh\b.*not found/.test(said)) {
    return error('TOOL_MISSING', 'ssh is not installed on this machine', 'Install it: apt-get install openssh-client');
  }
  return error('DEVICE_UNREACHABLE', `cannot reach ${name} by ssh`, `Is it on, and does this work? ${byHand(address)}`);
}
