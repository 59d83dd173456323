/**
 * Regions of a map: hills of the density of its points. Each cell of a grid climbs to its steepest neighbour, as in watershed
 * methods; hills that hardly stand out from the pass to a higher one belong to it, unless both have many people.
 */
export interface Hills {
  /** `CELLS` × `CELLS`: the hill of each cell, from 1; 0 where there is nobody. */
  readonly cells: Uint8Array;
  /** The most people first; x and y in [0, 1). */
  readonly tops: readonly { readonly x: number; readonly y: number; readonly points: number }[];
}

export const CELLS = 96;
const HILLS_MAX = 40;
/** A hill stands out where its top is so much higher than its highest pass. */
const PROMINENCE = 1.25;
/** One that does not is part of a higher one while both together have less than this part of all. */
const PART = 0.04;
const LEAST_PART = 0.01;
/** Widths of the kernel, in cells. */
const WIDTH = 1.4;

export const cellOf = (x: number, y: number): number => axisCell(y) * CELLS + axisCell(x);

function axisCell(x: number): number {
  return Math.min(CELLS - 1, Math.max(0, Math.floor(x * CELLS)));
}

/** `xs`, `ys`: in [0, 1). */
export function hillsOf(xs: ArrayLike<number>, ys: ArrayLike<number>): Hills {
  const counts = new Float32Array(CELLS * CELLS);
  for (let i = 0; i < xs.length; i++) counts[cellOf(xs[i]!, ys[i]!)]!++;
  const heights = blur(blur(counts, 1), CELLS);
  // From the highest down (union by steps): a cell joins the hill beside it, or begins one.
  const order = Array.from(heights.keys())
    .filter((cell) => heights[cell]! > 1e-4)
    .sort((a, b) => heights[b]! - heights[a]!);
  const hill = new Int32Array(CELLS * CELLS).fill(-1);
  const parent: number[] = [];
  const top: number[] = [];
  const sizes: number[] = [];
  const find = (one: number): number => {
    let root = one;
    while (parent[root] !== root) root = parent[root] = parent[parent[root]!]!;
    return root;
  };
  for (const cell of order) {
    const around = [...new Set(besides(cell).flatMap((one) => (hill[one]! < 0 ? [] : [find(hill[one]!)])))].sort(
      (a, b) => heights[top[b]!]! - heights[top[a]!]!,
    );
    const [highest, ...others] = around;
    if (highest === undefined) {
      hill[cell] = parent.push(parent.length) - 1;
      top.push(cell);
      sizes.push(counts[cell]!);
      continue;
    }
    hill[cell] = highest;
    sizes[highest]! += counts[cell]!;
    for (const other of others) {
      const isOutstanding = heights[top[other]!]! >= PROMINENCE * heights[cell]!;
      const together = sizes[other]! + sizes[highest]!;
      if (isOutstanding || (together > PART * xs.length && sizes[other]! > LEAST_PART * xs.length)) continue;
      parent[other] = highest;
      sizes[highest] = together;
    }
  }
  const people = new Map<number, number>();
  counts.forEach((n, cell) => {
    if (n > 0 && hill[cell]! >= 0) people.set(find(hill[cell]!), (people.get(find(hill[cell]!)) ?? 0) + n);
  });
  const chosen = [...people].sort(([, a], [, b]) => b - a).slice(0, HILLS_MAX);
  const codes = new Map(chosen.map(([root], i) => [root, i + 1]));
  return {
    cells: Uint8Array.from(hill, (one) => (one < 0 ? 0 : (codes.get(find(one)) ?? 0))),
    tops: chosen.map(([root, points]) => ({
      x: ((top[root]! % CELLS) + 0.5) / CELLS,
      y: (Math.floor(top[root]! / CELLS) + 0.5) / CELLS,
      points,
    })),
  };
}

function besides(cell: number): number[] {
  const [x, y] = [cell % CELLS, Math.floor(cell / CELLS)];
  const found: number[] = [];
  for (let dy = -1; dy <= 1; dy++)
    for (let dx = -1; dx <= 1; dx++) {
      const [nx, ny] = [x + dx, y + dy];
      if ((dx !== 0 || dy !== 0) && nx >= 0 && ny >= 0 && nx < CELLS && ny < CELLS) found.push(ny * CELLS + nx);
    }
  return found;
}

/** Along one axis: `step` 1 for rows, `CELLS` for columns. */
function blur(values: Float32Array, step: number): Float32Array {
  const reach = Math.ceil(3 * WIDTH);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * WIDTH ** 2)));
  const sum = kernel.reduce((a, b) => a + b);
  return values.map((_, cell) => {
    const along = step === 1 ? cell % CELLS : Math.floor(cell / CELLS);
    let blurred = 0;
    for (let i = -reach; i <= reach; i++)
      if (along + i >= 0 && along + i < CELLS) blurred += values[cell + i * step]! * (kernel[i + reach]! / sum);
    return blurred;
  });
}
