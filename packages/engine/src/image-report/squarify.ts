export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * Squarified tree map (Bruls, Huizing, van Wijk 2000): rectangles in proportion to the values that fill `area`, each as
 * square as a row by row layout allows. Our own, because d3-hierarchy is an ES module, which Jest and Nx's loader cannot
 * take into what is CommonJS.
 * @param values positive, the largest first
 */
export function squarify(values: readonly number[], area: Rectangle): Rectangle[] {
  const scale = (area.width * area.height) / values.reduce((sum, value) => sum + value, 0);
  const placed: Rectangle[] = [];
  let free = { ...area };
  while (placed.length < values.length) {
    const rest = values.slice(placed.length).map((value) => value * scale);
    const row = rest.slice(0, rowLength(rest, Math.min(free.width, free.height)));
    const { rectangles, left } = layRow(row, free);
    placed.push(...rectangles);
    free = left;
  }
  return placed;
}

/** How many of the areas make a row along `side` whose worst proportion gets no better by one more. */
function rowLength(areas: readonly number[], side: number): number {
  let length = 1;
  while (length < areas.length && worst(areas.slice(0, length + 1), side) <= worst(areas.slice(0, length), side)) {
    length += 1;
  }
  return length;
}

function worst(row: readonly number[], side: number): number {
  const sum = row.reduce((total, value) => total + value, 0);
  return Math.max((side ** 2 * Math.max(...row)) / sum ** 2, sum ** 2 / (side ** 2 * Math.min(...row)));
}

function layRow(row: readonly number[], free: Rectangle): { rectangles: Rectangle[]; left: Rectangle } {
  const isWide = free.width >= free.height;
  const side = isWide ? free.height : free.width;
  const depth = side === 0 ? 0 : row.reduce((sum, value) => sum + value, 0) / side;
  let at = isWide ? free.y : free.x;
  const rectangles = row.map((value) => {
    const length = depth === 0 ? 0 : value / depth;
    const rectangle = isWide
      ? { x: free.x, y: at, width: depth, height: length }
      : { x: at, y: free.y, width: length, height: depth };
    at += length;
    return rectangle;
  });
  const left = isWide
    ? { ...free, x: free.x + depth, width: Math.max(0, free.width - depth) }
    : { ...free, y: free.y + depth, height: Math.max(0, free.height - depth) };
  return { rectangles, left };
}
