import { chmodSync, writeFileSync } from 'node:fs';
import { shellCommand, shellQuote } from './quote';

/**
 * Writes what runs a failed command again as a script beside its log: as a line it would fill several screens. For its
 * owner alone, because an environment may hold what others are not to read.
 * @param command as a shell reads it
 * @returns the line to type; the command itself where the script cannot be written
 */
export function writeRerun(log: string, command: string): string {
  const script = `${log.replace(/\.log$/, '')}.sh`;
  try {
    writeFileSync(script, `#!/bin/sh\numask 022\nexec ${command}\n`, { mode: 0o700 });
    // One that was there keeps its own.
    chmodSync(script, 0o700);
    return shellCommand(['sh', script]);
  } catch {
    return command;
  }
}

/**
 * Words for a shell, a line for each option. An environment's proxy may hold a password, as a token
 * is one: the shell fills them in.
 */
export function rerunCommand(env: Readonly<Record<string, string>>, argv: readonly string[]): string {
  const values = Object.entries(env)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (/_(?:proxy|token)$/i.test(name) ? `${name}="$${name}"` : shellQuote(`${name}=${value}`)));
  const [program = '', ...rest] = argv;
  const words = rest.map((word) => (word.startsWith('--') ? `\\\n    ${shellQuote(word)}` : shellQuote(word)));
  return [['env -i', ...values, shellQuote(program)].join(' \\\n  '), ...words].join(' ');
}
