import type { Reporter, Step } from '@nx-avocado/engine/report';

/** Where lines go; a terminal gets colours and livelier progress. */
export interface Sink {
  write(text: string): unknown;
  isTTY?: boolean;
}

/**
 * Progress as plain lines, so that it reads the same in a terminal, in Nx's own view and in a CI log: one line when a
 * step starts, one when it ends, and in between at most one every five seconds (one second on a terminal).
 */
export function lineReporter(sink: Sink, now: () => number = Date.now): Reporter {
  const interval = sink.isTTY ? 1000 : 5000;
  const line = (text: string): void => void sink.write(`${text}\n`);
  const colour = (code: number, text: string): string => (sink.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    info: line,
    output: line,
    notice: (message) => line(`${colour(36, 'notice:')} ${message}`),
    warn: (message) => line(`${colour(33, 'warning:')} ${message}`),
    step: (label) => lineStep(label, (text) => line(`${colour(2, '·')} ${text}`), interval, now),
  };
}

/**
 * For one of several tasks in a process. Progress goes to `live` at once, with the task's name; what the task says and
 * what its commands print is kept, for Nx to show with the task's result, and again when that comes from the cache.
 * Until then the step says how many lines a command has printed: a compiler can take minutes.
 */
export function taskReporter(
  task: string,
  live: Sink,
  now: () => number = Date.now,
): { reporter: Reporter; said(): string } {
  let said = '';
  let lines = 0;
  let current: Step | undefined;
  const kept = lineReporter({ write: (text) => void (said += text) });
  const { step } = lineReporter({ write: (text) => live.write(`${task} ${text}`) }, now);
  const output = (line: string): void => {
    kept.output(line);
    current?.update(`${++lines} lines of output so far`);
  };
  return { reporter: { ...kept, output, step: (label) => (current = step(label)) }, said: () => said };
}

function lineStep(label: string, line: (text: string) => void, interval: number, now: () => number): Step {
  const start = now();
  let shown = start;
  line(label);
  return {
    update(detail) {
      if (now() - shown < interval) return;
      shown = now();
      line(`${label}: ${detail}`);
    },
    done(detail) {
      const seconds = ((now() - start) / 1000).toFixed(1);
      line(`${label}: done in ${seconds} s${detail === undefined ? '' : ` (${detail})`}`);
    },
  };
}
