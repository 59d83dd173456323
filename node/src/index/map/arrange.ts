/** Where a layout begins, where a new point goes, and how a new layout is turned to lie as the old one did. */

const RADIUS = 10;
const NOISE = 1e-4;

/** Places on two axes as the start of a layout: within ±10, none on top of another. */
export function startFrom(axes: Float32Array, seed: number): Float32Array {
  let most = 0;
  for (const x of axes) most = Math.max(most, Math.abs(x));
  const factor = most > 0 ? RADIUS / most : 0;
  let random = seed >>> 0 || 1;
  return axes.map((x) => {
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    return x * factor + ((random >>> 0) / 2 ** 32 - 0.5) * (factor > 0 ? NOISE : RADIUS);
  });
}

/** The weighted mean of neighbours; undefined where none has a weight. */
export function amid(
  neighbours: readonly { readonly x: number; readonly y: number; readonly weight: number }[],
): { readonly x: number; readonly y: number } | undefined {
  let [sum, x, y] = [0, 0, 0];
  for (const one of neighbours) {
    sum += one.weight;
    x += one.weight * one.x;
    y += one.weight * one.y;
  }
  return sum > 0 ? { x: x / sum, y: y / sum } : undefined;
}

/**
 * Turns, mirrors and scales `places` in place so that they lie as near as may be to where they were (orthogonal Procrustes
 * in the plane; Gower and Dijksterhuis 2004, chapter 4). `pairs`: index in `places`, then in `before`.
 */
export function alignTo(
  places: Float32Array,
  before: Float32Array,
  pairs: readonly (readonly [number, number])[],
): void {
  if (pairs.length < 3) return;
  const middle = (of: Float32Array, side: 0 | 1): readonly [number, number] => {
    let [x, y] = [0, 0];
    for (const pair of pairs) {
      x += of[2 * pair[side]]! / pairs.length;
      y += of[2 * pair[side] + 1]! / pairs.length;
    }
    return [x, y];
  };
  const [px, py] = middle(places, 0);
  const [bx, by] = middle(before, 1);
  let [xx, xy, yx, yy, size] = [0, 0, 0, 0, 0];
  for (const [p, b] of pairs) {
    const [x, y] = [places[2 * p]! - px, places[2 * p + 1]! - py];
    const [u, v] = [before[2 * b]! - bx, before[2 * b + 1]! - by];
    xx += x * u;
    xy += x * v;
    yx += y * u;
    yy += y * v;
    size += x * x + y * y;
  }
  if (!(size > 0)) return;
  // A turn, or a turn of the mirrored plane: whichever leaves less.
  const [c, s] = [xx + yy, xy - yx];
  const [mc, ms] = [xx - yy, xy + yx];
  const mirrored = Math.hypot(mc, ms) > Math.hypot(c, s);
  const [cos, sin] = mirrored ? [mc / size, ms / size] : [c / size, s / size];
  for (let i = 0; i < places.length; i += 2) {
    const [x, y] = [places[i]! - px, (mirrored ? -1 : 1) * (places[i + 1]! - py)];
    places[i] = cos * x - sin * y + bx;
    places[i + 1] = sin * x + cos * y + by;
  }
}
