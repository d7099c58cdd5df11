import type { Duplex, Readable, Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Reporter } from '../report';

/** An SDK root that is installed on this machine. Read-only for every command. */
export interface SdkRoot {
  /** sha256 (hex) of the pinned packages and of the recipe it was made by. */
  digest: string;
  /** Absolute path of the directory on the host; not looked at where it is an image. */
  path: string;
  /** For the docker runner alone: the root is this image, by its id or digest. */
  image?: string;
  /** What stands in it beside its own files, such as an SDK's packages at their prefix; see root-view.ts. */
  mounts?: Mount[];
  /** Environment that its programs need; a command's own wins. */
  env?: Record<string, string>;
}

export interface Mount {
  /** Absolute path on the host. */
  source: string;
  /** Absolute path inside the SDK. */
  target: string;
  writable?: boolean;
  /**
   * For a daemon with files of its own: what of the directory goes there, relative paths. Of one that ends with `/`, the
   * directory alone. Default everything; of state, nothing.
   */
  needs?: readonly string[];
  /**
   * Build state: on a daemon with files of its own it lives there from one command to the next. Only these paths below
   * it come back; without such a daemon it says nothing.
   */
  state?: { results: readonly string[] };
  /**
   * What of a writable one comes back from a daemon with files of its own: all of it, in the place of what is here; only
   * the files that the command changed; or nothing. Default everything.
   */
  returns?: 'changes' | 'nothing';
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
  /** TCP ports that the command listens on, and this machine's loopback leads to. */
  ports?: number[];
  /**
   * A program of ours that reads only what its arguments name, such as mkfs.erofs. A runner may let it work where inputs
   * of another command are in sight, which a compiler or a script must never see.
   */
  tool?: boolean;
  /** Host device nodes that the command may use, such as `/dev/kvm`. */
  devices?: string[];
  /**
   * For the docker runner alone: what the project's own container_args ask for, in the form of `docker run`. Only for
   * commands that need more than a compiler does: those that write to hardware, or that the user typed.
   */
  containerArgs?: string[];
  /**
   * For the docker runner alone: connections of a command that is started, by name, beside its input and output. It has
   * each as two open descriptors, see `channelPaths`.
   */
  channels?: readonly string[];
  /** A root with bash, coreutils and findutils, for a daemon with files of its own; default `root`. */
  fileTools?: () => Promise<SdkRoot>;
  /** What it is, for progress and errors: `cargo build of example-rust`. */
  label: string;
  signal?: AbortSignal;
}

export interface SdkResult {
  /** Standard output, at most the last 4 MiB of it. */
  stdout: string;
}

/** A terminal that a command is given. */
export interface SdkTerminal {
  input: ReadStream;
  output: WriteStream;
}

/** `inherit` shares this process's own input and output. */
export type SdkStdio = 'inherit' | 'pipe' | SdkTerminal;

/** A running command; as much of Node's ChildProcess as is used of one. */
export interface SdkProcess {
  /** Null where the terminal is shared. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** This end of one of the command's `channels`, when it has started; never, where it has none. */
  connection?(channel: string): Promise<Duplex>;
  /** Ends it and all that it started. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): unknown;
  /** It could not be started. */
  once(event: 'error', listener: (error: Error) => void): unknown;
  /** It has ended, and everything that it wrote has been read; null where a signal ended it. */
  once(event: 'close', listener: (code: number | null) => void): unknown;
}

/** SDK images of a container engine (`sdk.image`). */
export interface SdkImages {
  /** The digest that a name stands for now: `name@sha256:...`, or an image's id where it has never been in a registry. */
  pin(name: string): Promise<string>;
  /** The image on this machine, by what `pin` gave; fetched first where it is missing. */
  open(reference: string): Promise<SdkRoot>;
}

/** The machine that commands run on. */
export interface SdkHost {
  name: string;
  /** Version of its kernel. */
  kernel: string;
  /** Node's name: `x64`, `arm64`. */
  architecture: string;
  /** How that machine is reached, `user@host`, where it is not this one: its loopback is another. */
  elsewhere?: string;
}

/** One way to run commands in an SDK root: the sandbox (bubblewrap), or docker. */
export interface SdkRunner {
  readonly kind: 'sandbox' | 'docker';
  host(): Promise<SdkHost>;
  /**
   * Runs a command to its end; its lines go to `reporter.output` when `stream` is set.
   * @throws AvocadoError `COMMAND_FAILED` with its last lines, its log and how to run it again; `ABORTED` on a signal.
   */
  run(command: SdkCommand, reporter: Reporter, options?: { stream?: boolean; logFile?: string }): Promise<SdkResult>;
  /** Starts a long-running command (QEMU) or one for a person at a terminal. It dies with this process, even when that is killed. */
  spawn(command: SdkCommand, stdio: SdkStdio): SdkProcess;
}
