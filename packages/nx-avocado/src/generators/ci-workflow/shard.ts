/**
 * The shell commands of one agent, for bash with `-e` and `pipefail`: of the affected projects it takes every n-th. All
 * agents make the same list, so none needs to be told its part. Runtimes come first: their boot tests take longest, and
 * are so dealt out evenly.
 *
 * `TARGETS`, `NX_BASE` and `NX_HEAD` are set around it.
 * @param nx the command that starts nx
 * @param shard shell word with the agent's number, from 0
 * @param shards shell word with the number of agents
 */
export function shardScript(nx: string, shard: string, shards: string): string[] {
  return [
    'projects=$({',
    `  ${nx} show projects --affected --withTarget=boot-test &&`,
    `  ${nx} show projects --affected --withTarget="$TARGETS"`,
    // Of a project that both list, the first mention counts.
    `} | awk -v shard=${shard} -v shards=${shards} 'NF && !seen[$0]++ && n++ % shards == shard' | paste -sd, -)`,
    'if [ -n "$projects" ]; then',
    `  ${nx} run-many --targets="$TARGETS" --projects="$projects"`,
    'else',
    '  echo "Nothing affected for this agent."',
    'fi',
  ];
}

/** `lines` as they stand in a block of YAML, all but the first indented by `columns`. */
export function block(lines: string[], columns: number): string {
  return lines.join(`\n${' '.repeat(columns)}`);
}
