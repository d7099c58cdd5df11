import { isIPv6 } from 'node:net';
import { AvocadoError } from '../error';

/** Where a device is, as ssh wants it. */
export interface DeviceAddress {
  /** `root@192.168.1.20`; the host may be a name of the user's ssh configuration. */
  destination: string;
  /** Absent: what ssh's configuration says. */
  port?: number;
}

/**
 * Upstream's form: `[user@]host[:port]`, the user root unless one is named. An IPv6 address with a port stands in brackets.
 * @throws AvocadoError `DEVICE_INVALID`
 */
export function parseDevice(text: string): DeviceAddress {
  const match = /^(?:([^@\s]+)@)?(?:\[([^\]\s]+)\]|([^@\s[\]]+?))(?::(\d+))?$/.exec(text);
  const [, user = 'root', bracketed, plain = ''] = match ?? [];
  // A bare IPv6 address ends like a port.
  if (!bracketed && isIPv6(text.slice(text.lastIndexOf('@') + 1))) {
    return { destination: `${user}@${text.slice(text.lastIndexOf('@') + 1)}` };
  }
  const host = bracketed ?? plain;
  const port = match?.[4] === undefined ? undefined : Number(match[4]);
  const wrong = !match || /^-|[:/'"\\]/.test(isIPv6(host) ? '' : host) || user.startsWith('-');
  if (wrong || (port !== undefined && (port < 1 || port > 65535))) {
    throw new AvocadoError('DEVICE_INVALID', `--device ${JSON.stringify(text)} is no [user@]host[:port]`, {
      hint: 'For example root@192.168.1.20, localhost:2222, [fe80::1%eth0]:22, or a Host of your ssh configuration.',
    });
  }
  return { destination: `${user}@${host}`, ...(port !== undefined && { port }) };
}
