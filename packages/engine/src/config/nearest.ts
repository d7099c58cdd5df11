/** Beyond these, a hint is not worth the search. */
const MAX_WORD = 100;
const MAX_CANDIDATES = 1000;

/** The candidate that a mistyped word most likely means: at most a third of it differs, or its end is missing. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  let best: string | undefined;
  let left = MAX_CANDIDATES;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (left-- === 0) break;
    if (candidate === word) continue;
    if (best === undefined && word.length > 3 && candidate.startsWith(word)) {
      best = candidate;
      continue;
    }
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `Did you mean 'x'?`, or the list of what exists. */
export function suggest(word: string, candidates: readonly string[], listLabel: string): string | undefined {
  const match = nearest(word, candidates);
  if (match !== undefined) return `Did you mean '${match}'?`;
  if (candidates.length === 0) return undefined;
  return `${listLabel}: ${candidates.slice(0, 40).join(', ')}${candidates.length > 40 ? ', ...' : ''}.`;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}
