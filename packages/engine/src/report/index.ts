/** How the engine tells the user what it is doing. Executors print it; tests collect it. */
export interface Reporter {
  info(message: string): void;
  /** One line that the user should read, though nothing failed. */
  notice(message: string): void;
  warn(message: string): void;
  /** Starts a step that may take more than two seconds; its progress is shown until `done`. */
  step(label: string): Step;
  /** A line that a command in the SDK printed, passed through as it is. */
  output(line: string): void;
}

export interface Step {
  /** `detail` replaces the one shown before: `41 of 231 packages`. */
  update(detail: string): void;
  done(detail?: string): void;
}

/** Says nothing; for tests and for callers that show progress in another way. */
export const silentReporter: Reporter = {
  info: () => undefined,
  notice: () => undefined,
  warn: () => undefined,
  output: () => undefined,
  step: () => ({ update: () => undefined, done: () => undefined }),
};
