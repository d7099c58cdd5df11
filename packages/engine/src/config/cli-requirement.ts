import { satisfies, validRange } from 'semver';
import type { Diagnostics } from './diagnostics';
import type { Tree } from './tree';

/** The release of the avocado CLI whose behaviour this package follows; what `cli_requirement` is compared with. */
export const COMPATIBLE_CLI_VERSION = '1.0.0';

/**
 * A requirement as cargo and the avocado CLI write it, as a range for npm's semver: comparators are separated by
 * commas, and one without an operator means `^`. Undefined when it is none.
 */
export function toRange(requirement: string): string | undefined {
  const parts = requirement.split(',').map((part) => part.trim());
  const comparators = parts.map((part) => {
    const [, operator, version] = /^(>=|<=|>|<|=|~|\^)?\s*([0-9A-Za-z.*+-]+)$/.exec(part) ?? [];
    if (version === undefined) return undefined;
    if (version === '*') return '*';
    return `${operator ?? (/[*xX]/.test(version) ? '' : '^')}${version}`;
  });
  if (comparators.includes(undefined)) return undefined;
  return validRange(comparators.join(' ')) === null ? undefined : comparators.join(' ');
}

/** A pre-release of the CLI counts as the release it leads to. */
export function satisfiesRequirement(range: string, version: string = COMPATIBLE_CLI_VERSION): boolean {
  return satisfies(version.replace(/[-+].*$/, ''), range);
}

/** Complains where `cli_requirement` is no requirement, or asks for another version than ours. */
export function checkRequirement(node: Tree | undefined, version: string | undefined, diagnostics: Diagnostics): void {
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return;
  const running = version ?? COMPATIBLE_CLI_VERSION;
  const range = toRange(node.value);
  if (range === undefined) {
    diagnostics.error(node.at, {
      code: 'CONFIG_CLI_REQUIREMENT',
      message: `Invalid cli_requirement '${node.value}'`,
      hint: 'Write comparators with commas between them, such as ">=0.26.0, <2".',
    });
  } else if (!satisfiesRequirement(range, running)) {
    diagnostics.error(node.at, {
      code: 'CONFIG_CLI_REQUIREMENT',
      message: `This project requires avocado CLI version '${node.value}', but you are running ${running}`,
      hint: 'This package follows that release of the avocado CLI: update it, or relax the requirement.',
    });
  }
}
