export interface DeviceCommand {
  /** Goes to its standard input. */
  input?: AsyncIterable<Uint8Array>;
  /** Gets the lines of its standard output as they come; `stdout` is empty then. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

export interface DeviceResult {
  code: number;
  stdout: Buffer;
  /** At most the last 64 KiB. */
  stderr: string;
}

/** A device that is reached: the one seam between a deploy and the network. */
export interface Device {
  /** As the user named it, for messages. */
  name: string;
  /**
   * Runs a program there, as root. One that ends with an error is no error here. Several may run at once.
   * @throws AvocadoError `DEVICE_CONNECTION_LOST`, `ABORTED`
   */
  run(argv: readonly string[], command?: DeviceCommand): Promise<DeviceResult>;
  /** Resolves when the connection is gone, whatever ended it. */
  closed: Promise<void>;
  close(): Promise<void>;
}
