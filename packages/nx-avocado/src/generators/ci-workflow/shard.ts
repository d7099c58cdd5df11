/**
 * The shell commands of one agent, for bash with `-e`: what `RUNS` says, as `nx-avocado plan` wrote it. It stands in the
 * environment, not in the script: names of projects are text that a pull request can choose.
 * @param nx the command that starts nx
 */
export function shardScript(nx: string): string[] {
  return [
    '# In batches, Nx would store what is done only at the end of each: what a lost agent did would be lost with it.',
    'while read -r targets projects; do',
    `  ${nx} run-many --targets="$targets" --projects="$projects" --batch=false < /dev/null`,
    'done <<< "$RUNS"',
  ];
}

/** `lines` as they stand in a block of YAML, all but the first indented by `columns`. */
export function block(lines: string[], columns: number): string {
  return lines.join(`\n${' '.repeat(columns)}`);
}
