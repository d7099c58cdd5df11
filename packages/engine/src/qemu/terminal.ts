import type { Duplex, Readable, Writable } from 'node:stream';

const controlA = 0x01;
const controlC = 0x03;

/** What a person typed: bytes for the guest, and what is meant for the machine. */
export interface Typed {
  forward: Buffer;
  /** Ctrl-C: power off. Ctrl-A x: end at once, as in QEMU's own console. */
  action?: 'power-off' | 'quit';
  /** Ctrl-A was typed, and what it leads in has not come yet. */
  escaped: boolean;
}

/** Pure. Ctrl-A leads in a command; Ctrl-A Ctrl-C and Ctrl-A Ctrl-A send these very characters to the guest. */
export function readTyped(chunk: Uint8Array, escaped: boolean): Typed {
  const forward: number[] = [];
  for (const byte of chunk) {
    if (escaped) {
      escaped = false;
      if (byte === 0x78) return { forward: Buffer.from(forward), action: 'quit', escaped };
      forward.push(...(byte === controlA || byte === controlC ? [byte] : [controlA, byte]));
    } else if (byte === controlA) escaped = true;
    else if (byte === controlC) return { forward: Buffer.from(forward), action: 'power-off', escaped };
    else forward.push(byte);
  }
  return { forward: Buffer.from(forward), escaped };
}

/** A terminal, or whatever stands in for it: input may be a file or nothing, output a pipe. */
export interface Terminal {
  input: Readable & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };
  output: Writable;
}

/**
 * Connects a serial console with the terminal. The end of the input ends nothing: a task runner may give none.
 *
 * QEMU does not get the terminal itself: then Ctrl-C would either kill it in the middle of its work or never end it,
 * and a QEMU that is killed would leave the terminal raw.
 * @returns ends the connection and gives the terminal back as it was
 */
export function attachTerminal(
  { input, output }: Terminal,
  console: Duplex,
  onAction: (action: 'power-off' | 'quit') => void,
): () => void {
  let escaped = false;
  const onInput = (chunk: Buffer | string): void => {
    const typed = readTyped(Buffer.from(chunk), escaped);
    escaped = typed.escaped;
    if (typed.forward.length > 0 && console.writable) console.write(typed.forward);
    if (typed.action) onAction(typed.action);
  };
  const onOutput = (chunk: Buffer): void => {
    if (!output.write(chunk)) {
      console.pause();
      output.once('drain', () => console.resume());
    }
  };
  const raw = input.isTTY === true && input.setRawMode !== undefined;
  if (raw) input.setRawMode?.(true);
  // Nobody reads what the guest prints any more: the machine goes on until it is told to end.
  const ignore = (): void => undefined;
  output.on('error', ignore);
  input.on('error', ignore);
  input.on('data', onInput);
  console.on('data', onOutput);
  return () => {
    input.off('data', onInput);
    console.off('data', onOutput);
    if (raw) input.setRawMode?.(false);
    // A paused standard input no longer keeps the process alive.
    input.pause();
    output.off('error', ignore);
    input.off('error', ignore);
  };
}
