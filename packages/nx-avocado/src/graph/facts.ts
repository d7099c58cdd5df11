import type { AvocadoConfig } from '@nx-avocado/engine/config';

/** What `{{ config.* }}` and `{{ avocado.* }}` in preprocessed overlay files can stand for, by expression. */
export function flatten(config: AvocadoConfig): Record<string, string> {
  const { machine, board, distro, extensions } = config;
  const facts: Record<string, string> = { 'avocado.target': machine, 'avocado.target.board': board };
  if (distro.release !== undefined) {
    facts['avocado.distro.release'] = distro.release;
    facts['avocado.distro.version'] = distro.release;
  }
  if (distro.channel !== undefined) facts['avocado.distro.channel'] = distro.channel;
  for (const [name, { version }] of Object.entries(extensions)) {
    if (version !== undefined) facts[`avocado.extensions.${name}.version`] = version;
  }
  const { file: _file, src_dir: _src, warnings: _warnings, ...written } = config;
  addLeaves(written, 'config', facts);
  return facts;
}

function addLeaves(value: unknown, path: string, facts: Record<string, string>): void {
  if (Array.isArray(value) || value === null || value === undefined) return;
  if (typeof value !== 'object') {
    facts[path] = String(value);
    return;
  }
  for (const [key, part] of Object.entries(value)) addLeaves(part, `${path}.${key}`, facts);
}
