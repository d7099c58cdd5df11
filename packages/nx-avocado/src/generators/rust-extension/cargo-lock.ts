import { AvocadoError } from '@nx-avocado/engine/error';

const header = '[[package]]\n';

/**
 * Cargo.lock with a package of the workspace's own that depends on nothing, where cargo would put it: builds are
 * `--locked`, so it has to be there.
 * @throws AvocadoError `CARGO_PACKAGE_EXISTS`: cargo would then tell packages apart in a way that changes other entries
 */
export function addLockedPackage(text: string, name: string, file: string): string {
  const [preamble = '', ...packages] = text.split(header);
  const nameOf = (block: string): string => /^name = "([^"]*)"/.exec(block)?.[1] ?? '';
  if (packages.some((block) => nameOf(block) === name)) {
    throw new AvocadoError('CARGO_PACKAGE_EXISTS', `${file} has a package ${name} already; nothing was changed`, {
      hint: 'Choose another name, or keep the crate out of the workspace: --no-cargo-workspace',
    });
  }
  const own = `name = "${name}"\nversion = "0.1.0"\n`;
  const place = packages.findIndex((block) => nameOf(block) > name);
  const at = place === -1 ? packages.length : place;
  const before = packages.slice(0, at);
  const after = packages.slice(at);
  const lines = [
    ...before.map((block) => `${block.trimEnd()}\n`),
    own,
    ...after.map((block) => `${block.trimEnd()}\n`),
  ];
  return [`${preamble.trimEnd()}\n`, ...lines.map((block) => `${header}${block}`)].join('\n');
}
