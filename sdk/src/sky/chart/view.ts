import { DEG } from '../constants.js';
import type { Observation } from '../observe.js';
import { along, ofEcliptic, precession, turn, vectorOf, type Vector } from './sphere.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * How the sphere lies on the paper: stereographic, so that figures keep their shapes. Over a place the zenith is in the
 * middle, north at the top and east on the left, as one sees it looking up; without one, the north pole of the ecliptic.
 */
export interface ChartView {
  readonly geocentric: boolean;
  readonly centre: Point;
  readonly radius: number;
  /** Of a direction in the equatorial system of date; undefined outside the rim. */
  project(direction: Vector): Point | undefined;
  /** As `project`, also a little outside the rim: for lines that are clipped there. */
  projectWide(direction: Vector): Point | undefined;
  /** J2000 → of date. */
  ofDate(direction: Vector): Vector;
  /** Of an altitude and azimuth, or of ecliptic latitude and longitude without a place; degrees. */
  at(latDeg: number, lonDeg: number): Point;
}

/** How far south of the ecliptic the geocentric wheel reaches. */
const wheelRimDeg = -38;

export function viewOf(observation: Observation, centre: Point, radius: number): ChartView {
  const geocentric = observation.place === undefined;
  const axes = geocentric ? wheelAxes() : horizonAxes(observation.siderealE6 / 1e6, observation.place.lat / 1e6);
  const rimDeg = geocentric ? wheelRimDeg : 0;
  const scale = radius / stereographic(rimDeg);
  const precess = precession(observation.timeMs);
  const sine = Math.sin(rimDeg * DEG);
  const paper = (v: Vector): Point => ({
    x: centre.x + (scale * v[0]) / (1 + v[2]),
    y: centre.y - (scale * v[1]) / (1 + v[2]),
  });
  const within = (limit: number) => (direction: Vector) => {
    const local = turn(axes, direction);
    return local[2] < limit ? undefined : paper(local);
  };
  return {
    geocentric,
    centre,
    radius,
    project: within(sine),
    projectWide: within(Math.max(-0.85, sine - 0.35)),
    ofDate: (direction) => turn(precess, direction),
    at: (latDeg, lonDeg) => paper(geocentric ? turn(axes, ofEcliptic(lonDeg, latDeg)) : paperVector(latDeg, lonDeg)),
  };
}

/** Tangent of half the distance from the middle. */
function stereographic(latDeg: number): number {
  return Math.tan(((90 - latDeg) / 2) * DEG);
}

/** x to the right is west: seen from below, east is on the left. */
function paperVector(altitudeDeg: number, azimuthDeg: number): Vector {
  const [north, east, up] = vectorOf(azimuthDeg, altitudeDeg);
  return [-east, north, up];
}

function horizonAxes(siderealDeg: number, latDeg: number): readonly [Vector, Vector, Vector] {
  const up = vectorOf(siderealDeg, latDeg);
  const east = vectorOf(siderealDeg + 90, 0);
  const north = vectorOf(siderealDeg + 180, 90 - latDeg);
  return [[-east[0], -east[1], -east[2]], north, up];
}

/** Ecliptic longitude 0 at the right, growing anticlockwise as one sees it looking at the pole. */
function wheelAxes(): readonly [Vector, Vector, Vector] {
  return [ofEcliptic(0, 0), ofEcliptic(90, 0), ofEcliptic(0, 90)];
}

/** The direction of a body or star of an observation, equatorial of date. */
export function directionOf(seen: { readonly raE6: number; readonly decE6: number }): Vector {
  return vectorOf(seen.raE6 / 1e6, seen.decE6 / 1e6);
}

/** Angle on the paper, radians clockwise from right as SVG counts, of the great circle from one point towards another. */
export function bearing(view: ChartView, from: Vector, to: Vector): number {
  const cosine = along(from, to);
  const across: Vector = [to[0] - cosine * from[0], to[1] - cosine * from[1], to[2] - cosine * from[2]];
  const length = Math.hypot(...across) || 1;
  const step = 0.002;
  const near = view.projectWide([0, 1, 2].map((i) => from[i]! + (step * across[i]!) / length) as unknown as Vector);
  const here = view.projectWide(from);
  return near === undefined || here === undefined ? 0 : Math.atan2(near.y - here.y, near.x - here.x);
}
