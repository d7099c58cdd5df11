import type { Change } from './compare';
import type { Answer } from './explain';

/** More of them say no more to a reader; `--json` has all. */
const shown = 20;
const longest = 100;

/** The answers as lines for a terminal, upstream first. */
export function render(answers: readonly Answer[]): string[] {
  const width = Math.max(...answers.map(({ task }) => task.length));
  return answers.flatMap((answer) => {
    const lines = details(answer);
    const more = lines.length > shown ? [`... and ${lines.length - shown} more: --json has them`] : [];
    return [
      `${answer.task.padEnd(width)}  ${summary(answer)}`,
      ...[...lines.slice(0, shown), ...more].map((line) => `    ${line}`),
    ];
  });
}

function summary({ state, follows, cached, changes, problem }: Answer): string {
  const cache = cached === undefined ? '' : cached ? "; Nx's cache has it" : "; Nx's cache does not have it";
  switch (state) {
    case 'missing':
      return `there is no output${cache}`;
    case 'damaged':
      return `the output is damaged: ${problem}${cache}`;
    case 'unrecorded':
      return `the output does not say what it was made from${cache}`;
    case 'changed':
      return `${problem ?? 'changed since the output was made'}${cache}`;
    case 'same':
      if (follows.length > 0) return `nothing of its own changed; follows ${follows.join(', ')}`;
      return changes.length > 0 ? `nothing changed but its key in Nx's cache${cache}` : `nothing changed${cache}`;
  }
}

function details({ changes }: Answer): string[] {
  return changes.flatMap((change): string[] => {
    switch (change.kind) {
      case 'file':
        return [`${change.how} ${change.path}`];
      case 'mode':
        return [`mode    ${change.path} is ${change.executable ? 'executable now' : 'no longer executable'}`];
      case 'option':
        return [`option  ${change.path}: ${value(change.before)} -> ${value(change.after)}`];
      case 'recipe':
      case 'release':
        return [`${change.kind} of nx-avocado: ${value(change.before)} -> ${value(change.after)}`];
      case 'package':
        return [`package ${change.name} (${change.root}): ${change.before ?? 'none'} -> ${change.after ?? 'none'}`];
      case 'upstream':
        return Object.entries(change.files).map(([file, how]) => `${how} ${file} of ${change.task}`);
      case 'key':
        return [`key     ${keyName(change)}`];
    }
  });
}

function keyName({ name, how }: Extract<Change, { kind: 'key' }>): string {
  return name === 'targets' ? `another target of the project ${how}` : `${name} was ${how}`;
}

function value(part: unknown): string {
  const text = part === undefined ? 'none' : JSON.stringify(part);
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}
