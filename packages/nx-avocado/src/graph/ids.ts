/** Ids of a task graph's edges. Nx 24 has objects where 22 and 23 have ids. */
export function idsOf(edges: (string | { id: string })[] = []): string[] {
  return edges.map((edge) => (typeof edge === 'string' ? edge : edge.id));
}
