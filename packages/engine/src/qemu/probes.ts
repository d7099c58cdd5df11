import { shellQuote } from '../sdk';
import type { BootCheck } from './check-schema';
import type { GuestResult } from './observer';

/** A check that is asked of the guest by a command. */
export type Probe = Extract<BootCheck, { kind: 'port' | 'file' | 'command' }>;

export function isProbe(check: BootCheck): check is Probe {
  return check.kind === 'port' || check.kind === 'file' || check.kind === 'command';
}

/** Seconds that a port has for its answer. */
const answerLimit = 5;
/** Bytes of a file that are looked at. */
const fileLimit = 64 * 1024;
/** Lines of what was seen that are kept. */
const keptLines = 5;

/**
 * Shell command for the observer that looks at it once.
 * @param seconds that it may take
 */
export function probeCommand(check: Probe, seconds: number): string {
  if (check.kind === 'command') return withinSeconds(seconds, check.command);
  if (check.kind === 'file') {
    const path = shellQuote(check.path);
    if (check.absent) return `[ ! -e ${path} ] && [ ! -L ${path} ]`;
    return check.pattern === undefined ? `[ -e ${path} ]` : `head -c ${fileLimit} ${path}`;
  }
  if (check.pattern === undefined) return 'cat /proc/net/tcp /proc/net/tcp6';
  // One read: whoever answers may keep the connection open.
  const script = 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf %s "$1" >&3 && dd bs=4096 count=1 status=none <&3';
  const words = ['bash', '-c', script, String(check.port), check.send ?? ''];
  return `timeout ${Math.min(answerLimit, seconds)} ${words.map(shellQuote).join(' ')} 2>/dev/null`;
}

/** A command in a shell of its own, which is ended after a time: the observer does one thing after another. */
export function withinSeconds(seconds: number, command: string): string {
  return `timeout -k 1 ${seconds} sh -c ${shellQuote(command)}`;
}

/** Exit code of timeout(1) when it ended the command. */
const timedOut = 124;

/** Whether it passes, and what was seen of it. */
export function judgeProbe(check: Probe, result: GuestResult): { passed: boolean; evidence: string[] } {
  if (check.kind === 'port' && check.pattern === undefined) return judgeListener(check.port, result.output);
  if (check.kind === 'file' && check.pattern === undefined) {
    const seen = (result.code === 0) === (check.absent === true) ? 'it is not there' : 'it is there';
    return { passed: result.code === 0, evidence: [seen] };
  }
  const wanted = check.kind === 'command' ? check.exitCode : 0;
  const ended = result.code === timedOut ? 'no end in time' : `exit code ${result.code}`;
  if (result.code !== wanted) return { passed: false, evidence: [ended, ...lastLines(result.output)] };
  if (check.pattern === undefined) return { passed: true, evidence: [ended] };
  const found = new RegExp(check.pattern, 'm').exec(result.output);
  return found
    ? { passed: true, evidence: linesAround(result.output, found) }
    : { passed: false, evidence: [`no match in ${result.output.length} characters`, ...lastLines(result.output)] };
}

/** Of /proc/net/tcp: state 0A is a listener; addresses and ports are hexadecimal (proc_net_tcp). */
function judgeListener(port: number, table: string): { passed: boolean; evidence: string[] } {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const listeners = [...table.matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:0000 0A /gm)].map(
    ([, found]) => found,
  );
  if (listeners.includes(hex)) return { passed: true, evidence: ['it is listened on'] };
  const others = [...new Set(listeners.map((found) => Number.parseInt(found ?? '', 16)))].sort((a, b) => a - b);
  return { passed: false, evidence: [`listened on: ${others.join(', ') || 'none'}`] };
}

/** The whole lines that a match is in. */
function linesAround(text: string, { 0: match, index }: RegExpExecArray): string[] {
  const start = text.lastIndexOf('\n', index - 1) + 1;
  const end = text.indexOf('\n', index + Math.max(0, match.length - 1));
  return text
    .slice(index === 0 ? 0 : start, end === -1 ? undefined : end)
    .split('\n')
    .slice(0, keptLines)
    .map(printable);
}

function lastLines(text: string): string[] {
  return text.trimEnd() === '' ? [] : text.trimEnd().split('\n').slice(-keptLines).map(printable);
}

function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '').slice(0, 500);
}
