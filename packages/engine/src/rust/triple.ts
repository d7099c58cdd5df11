import { AvocadoError } from '../error';

/**
 * The one target triple of an SDK.
 *
 * Upstream's scripts take the first `<arch>-*.json` of `RUST_TARGET_PATH`; on x86-64 upstream's SDK holds two, the
 * other being the SDK's own (`-avocadosdk-`), which is never the target.
 * @param names file names in `RUST_TARGET_PATH` (`<triple>.json`), or directories of `rustlib` (`<triple>`)
 * @param architecture `OECORE_TARGET_ARCH`: `x86_64`, `aarch64`
 * @throws AvocadoError `RUST_TARGET_MISSING`, `RUST_TARGET_AMBIGUOUS`
 */
export function targetTriple(names: readonly string[], architecture: string): string {
  const triples = names
    .filter((name) => isTarget(name, architecture))
    .map((name) => name.replace(/\.json$/, ''))
    .sort();
  const [triple, ...others] = new Set(triples);
  if (triple === undefined) {
    throw new AvocadoError('RUST_TARGET_MISSING', `the SDK has no Rust standard library for ${architecture}`, {
      hint: "Add libstd-rs and libstd-rs-dev to the packages of the package's section of sdk.compile.",
    });
  }
  if (others.length > 0) {
    const list = [triple, ...others].join(', ');
    throw new AvocadoError('RUST_TARGET_AMBIGUOUS', `the SDK has several Rust targets for ${architecture}: ${list}`);
  }
  return triple;
}

/** Whether a name is of a target of that architecture, and not of the SDK itself. */
export function isTarget(name: string, architecture: string): boolean {
  return name.startsWith(`${architecture}-`) && !name.includes('-avocadosdk-');
}

/** The triple in the name of cargo's environment variables: `CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER`. */
export function tripleVariable(triple: string, suffix: string): string {
  return `CARGO_TARGET_${triple.toUpperCase().replaceAll('-', '_').replaceAll('.', '_')}_${suffix}`;
}
