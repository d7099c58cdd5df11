import type { ChildProcess } from 'node:child_process';
import type { Reporter } from '../report';

/** An SDK root that is installed on this machine. Read-only for every command. */
export interface SdkRoot {
  /** sha256 (hex) of the pinned packages and of the recipe it was made by. */
  digest: string;
  /** Absolute path of the directory on the host. */
  path: string;
}

export interface Mount {
  /** Absolute path on the host. */
  source: string;
  /** Absolute path inside the SDK. */
  target: string;
  writable?: boolean;
}

/** A command in the SDK. It sees the root, its mounts, a private /tmp, and nothing else of the host. */
export interface SdkCommand {
  root: SdkRoot;
  /** Program and arguments; never a shell line. */
  argv: string[];
  /** Directory inside the SDK; default `/`. */
  cwd?: string;
  /** The whole environment beside PATH, HOME, LC_ALL, TZ and SOURCE_DATE_EPOCH, which are always the same. */
  env?: Record<string, string>;
  mounts?: Mount[];
  /** Only fetching needs it; default false. */
  network?: boolean;
  /** Host device nodes that the command may use, such as `/dev/kvm`. */
  devices?: string[];
  /** What it is, for progress and errors: `cargo build of example-rust`. */
  label: string;
  signal?: AbortSignal;
}

export interface SdkResult {
  /** Standard output, at most the last 4 MiB of it. */
  stdout: string;
}

/** One way to run commands in an SDK root: the sandbox (bubblewrap); docker is the other (DESIGN section 4). */
export interface SdkRunner {
  readonly kind: 'sandbox' | 'docker';
  /**
   * Runs a command to its end; its lines go to `reporter.output` when `stream` is set.
   * @throws AvocadoError `COMMAND_FAILED` with its last lines, its log and how to run it again; `ABORTED` on a signal.
   */
  run(command: SdkCommand, reporter: Reporter, options?: { stream?: boolean; logFile?: string }): Promise<SdkResult>;
  /** Starts a long-running command (QEMU). It dies with this process, even when that is killed. */
  spawn(command: SdkCommand, stdio: 'inherit' | 'pipe'): ChildProcess;
}
