import type { SpaceMap } from '@cosmicembeddings/sdk/api';

/** Points by cell of a grid, put there by counting: finding the nearest looks at a few cells, a lasso at those in its box. */
export interface Picker {
  /** Index of the nearest point within a distance, in the units of places; −1 where there is none. */
  nearest(x: number, y: number, within: number, isWanted: (index: number) => boolean): number;
  /** Indexes of the points inside an outline, ascending. */
  inside(outline: readonly (readonly [number, number])[]): number[];
}

const CELLS = 128;
const UNIT = 65_535;

export function pickerOf({ xs, ys }: Pick<SpaceMap, 'xs' | 'ys'>): Picker {
  const n = xs.length;
  const cell = (value: number): number => Math.min(CELLS - 1, (value * CELLS) >> 16);
  const starts = new Uint32Array(CELLS * CELLS + 1);
  for (let i = 0; i < n; i++) starts[cell(ys[i]!) * CELLS + cell(xs[i]!) + 1]!++;
  for (let c = 0; c < CELLS * CELLS; c++) starts[c + 1]! += starts[c]!;
  const order = new Uint32Array(n);
  const next = starts.slice();
  for (let i = 0; i < n; i++) order[next[cell(ys[i]!) * CELLS + cell(xs[i]!)]!++] = i;
  const column = (value: number): number => Math.min(CELLS - 1, Math.max(0, Math.floor(value * CELLS)));
  const each = (x0: number, y0: number, x1: number, y1: number, look: (index: number) => void): void => {
    for (let row = column(y0); row <= column(y1); row++)
      for (let at = starts[row * CELLS + column(x0)]!; at < starts[row * CELLS + column(x1) + 1]!; at++)
        look(order[at]!);
  };
  return {
    nearest: (x, y, within, isWanted) => {
      let best = -1;
      let far = within * within;
      each(x - within, y - within, x + within, y + within, (i) => {
        const squared = (xs[i]! / UNIT - x) ** 2 + (ys[i]! / UNIT - y) ** 2;
        if (squared > far || !isWanted(i)) return;
        best = i;
        far = squared;
      });
      return best;
    },
    inside: (outline) => {
      if (outline.length < 3) return [];
      const [left, right] = [Math.min(...outline.map(([x]) => x)), Math.max(...outline.map(([x]) => x))];
      const [low, high] = [Math.min(...outline.map(([, y]) => y)), Math.max(...outline.map(([, y]) => y))];
      const found: number[] = [];
      each(left, low, right, high, (i) => {
        if (isInside(outline, xs[i]! / UNIT, ys[i]! / UNIT)) found.push(i);
      });
      return found.sort((a, b) => a - b);
    },
  };
}

/** By the sides that a ray to the right crosses. */
function isInside(outline: readonly (readonly [number, number])[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [ax, ay] = outline[i]!;
    const [bx, by] = outline[j]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** An outline of so many corners at most, those kept that lie evenly along it. */
export function thinned<T>(outline: readonly T[], most: number): readonly T[] {
  if (outline.length <= most) return outline;
  return Array.from({ length: most }, (_, i) => outline[Math.floor((i * outline.length) / most)]!);
}
