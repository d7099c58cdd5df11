/** A place in a file the user wrote. Lines and columns count from 1. */
export interface SourcePosition {
  file: string;
  line?: number | undefined;
  column?: number | undefined;
}

export interface AvocadoErrorDetails {
  /** Where the cause stands, shown as `file:line:column`. */
  position?: SourcePosition | undefined;
  /** What the user can do about it; one or two sentences. */
  hint?: string | undefined;
  /** The last lines that a failed command printed. */
  output?: string | undefined;
  /** The file that holds the failed command's whole output. */
  log?: string | undefined;
  /** A short line that runs the failed command again, ready to be pasted into a shell. */
  rerun?: string | undefined;
  cause?: unknown;
}

/**
 * The only error class that the engine throws on purpose (DESIGN section 6).
 *
 * `code` is stable and upper snake case (`CONFIG_UNKNOWN_KEY`, `PACKAGE_UNMAPPED`): scripts may rely on it. Its first
 * word names the part that failed. Anything else that reaches the user is a bug of ours.
 */
export class AvocadoError extends Error {
  readonly code: string;
  readonly position: SourcePosition | undefined;
  readonly hint: string | undefined;
  readonly output: string | undefined;
  readonly log: string | undefined;
  readonly rerun: string | undefined;

  constructor(code: string, message: string, details: AvocadoErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AvocadoError';
    this.code = code;
    this.position = details.position;
    this.hint = details.hint;
    this.output = details.output;
    this.log = details.log;
    this.rerun = details.rerun;
  }
}

/** `avocado.yaml:41:7`, as far as the position is known. */
export function formatPosition({ file, line, column }: SourcePosition): string {
  return [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':');
}

/** The whole error as the user sees it: several lines, without colours and without a final newline. */
export function formatError(error: unknown): string {
  if (!(error instanceof AvocadoError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const place = error.position === undefined ? '' : `${formatPosition(error.position)}: `;
  const lines = [`${place}${error.message} [${error.code}]`];
  if (error.output)
    lines.push(
      ...error.output
        .trimEnd()
        .split('\n')
        .map((line) => `  | ${line}`),
    );
  if (error.log) lines.push(`  log: ${error.log}`);
  if (error.rerun) lines.push(`  run it again: ${error.rerun}`);
  if (error.hint) lines.push(`  hint: ${error.hint}`);
  return lines.join('\n');
}

export { diskFullError, explained, saysDiskFull } from './disk-full';
