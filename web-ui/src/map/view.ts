/** Which part of the map is seen: the middle, in the map's own units (0 to 1, y upwards), and pixels a unit. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const DEEPEST = 400;

/** Pixels from the top left. */
export function pixelOf({ x, y, scale }: View, { width, height }: Size, px: number, py: number): [number, number] {
  return [width / 2 + (px - x) * scale, height / 2 - (py - y) * scale];
}

export function placeOf({ x, y, scale }: View, { width, height }: Size, left: number, top: number): [number, number] {
  return [x + (left - width / 2) / scale, y - (top - height / 2) / scale];
}

export function panned(view: View, right: number, down: number): View {
  return held({ ...view, x: view.x - right / view.scale, y: view.y + down / view.scale });
}

/** What lies at that pixel stays there. `whole`: the scale at which all is seen. */
export function zoomed(view: View, size: Size, whole: number, factor: number, left: number, top: number): View {
  const scale = Math.min(DEEPEST * whole, Math.max(0.5 * whole, view.scale * factor));
  const [x, y] = placeOf(view, size, left, top);
  const next = { x: view.x, y: view.y, scale };
  const [nx, ny] = placeOf(next, size, left, top);
  return held({ ...next, x: view.x + x - nx, y: view.y + y - ny });
}

/** The box that places lie in. */
export interface Box {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

export const everything: Box = { x: [0, 1], y: [0, 1] };

/** So that all of a box is in sight, filled up to a part. */
export function around({ x, y }: Box, size: Size, part: number, deepest = Infinity): View {
  const span = ([from, to]: readonly [number, number]): number => Math.max(to - from, 0.01);
  const scale = part * Math.min(size.width / span(x), size.height / span(y));
  return { x: (x[0] + x[1]) / 2, y: (y[0] + y[1]) / 2, scale: Math.min(scale, deepest) };
}

/** On the way from one view to another; `at` from 0 to 1. */
export function between(a: View, b: View, at: number): View {
  const eased = 1 - (1 - at) ** 3;
  const mix = (from: number, to: number): number => from + (to - from) * eased;
  return { x: mix(a.x, b.x), y: mix(a.y, b.y), scale: a.scale * (b.scale / a.scale) ** eased };
}

/** The middle never leaves the map. */
function held(view: View): View {
  const inside = (value: number): number => Math.min(1, Math.max(0, value));
  return { ...view, x: inside(view.x), y: inside(view.y) };
}

/** So many of a thousand at each end are left out where they would make the rest small. */
const FAR_PER_MILLE = 5;
const FAR_LEAST = 200;

/** As `ends`, without the few that lie far from all others. */
export function mostOf(values: ArrayLike<number>): [number, number] {
  const all = ends(Array.from(values));
  if (values.length < FAR_LEAST) return all;
  const sorted = Float64Array.from(values).sort();
  const cut = Math.floor((FAR_PER_MILLE * values.length) / 1000);
  const [low, high] = [sorted[cut]!, sorted[sorted.length - 1 - cut]!];
  const margin = 0.06 * (high - low);
  return [Math.max(all[0], low - margin), Math.min(all[1], high + margin)];
}

/** From least to most; [0, 1] of none. */
export function ends(values: Iterable<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 1];
}
