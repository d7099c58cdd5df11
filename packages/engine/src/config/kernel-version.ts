/** Numbers of `6.12.69-yocto-standard`: what stands before the first part that is none. */
function numbers(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}

const COMPARATOR = /^\s*(>=|<=|>|<|=)?\s*(\d+(?:\.\d+)*)(\.\*)?([-+][\w.+-]+)?\s*$/;

interface Comparator {
  operator: string;
  version: string;
  wildcard: boolean;
}

function parse(spec: string): Comparator[] | undefined {
  if (spec.trim() === '*') return [];
  const comparators: Comparator[] = [];
  for (const part of spec.split(',')) {
    const [, operator = '', version = '', star = '', suffix = ''] = COMPARATOR.exec(part) ?? [];
    if (version === '' || (star !== '' && (suffix !== '' || operator !== ''))) return undefined;
    comparators.push({ operator, version: version + suffix, wildcard: star !== '' });
  }
  return comparators;
}

/** Exact, `5.15.*`, or bounded: `>= 6.6, < 6.12` (contract 1.6). */
export function isKernelSpec(spec: string): boolean {
  return parse(spec) !== undefined;
}

export function matchesKernelSpec(version: string, spec: string): boolean {
  return parse(spec)?.every((comparator) => matches(version, comparator)) ?? false;
}

/** For sorting: by the numbers before a suffix, then by the whole text. */
export function compareKernelVersions(a: string, b: string): number {
  return compare(numbers(a), numbers(b)) || (a < b ? -1 : Number(a > b));
}

function matches(version: string, { operator, version: bound, wildcard }: Comparator): boolean {
  const [left, right] = [numbers(version), numbers(bound)];
  if (wildcard) return right.every((number, index) => left[index] === number);
  const difference = compare(left, right);
  switch (operator) {
    case '>=':
      return difference >= 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '<':
      return difference < 0;
    default:
      // A release suffix counts only where the specification names one.
      return /[-+]/.test(bound) ? version === bound : difference === 0;
  }
}

function compare(left: number[], right: number[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
