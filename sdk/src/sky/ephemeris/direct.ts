import { AstroTime, Body, C_AUDAY, GeoVector, HelioState, Rotation_EQJ_EQD, SiderealTime } from 'astronomy-engine';
import { emptyFrame, daysOf, earthRotationRad, type Frame } from './frame.js';

/** In `bodyNames` order. */
const bodies = [
  Body.Sun,
  Body.Moon,
  Body.Mercury,
  Body.Venus,
  Body.Mars,
  Body.Jupiter,
  Body.Saturn,
  Body.Uranus,
  Body.Neptune,
];

/** One body's apparent geocentric vector (EQJ, AU), as astronomy-engine has it. */
export function writeBody(index: number, days: number, out: Float64Array, at: number): void {
  const vector = GeoVector(bodies[index]!, new AstroTime(days), true);
  out[at] = vector.x;
  out[at + 1] = vector.y;
  out[at + 2] = vector.z;
}

/** Writes rotation (9), velocity (3) and sidereal offset (1): what all bodies share at one moment. */
export function writeEarth(days: number, out: Float64Array, at: number): void {
  const time = new AstroTime(days);
  const { rot } = Rotation_EQJ_EQD(time);
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 3; column++) out[at + 3 * row + column] = rot[column]![row]!;
  const earth = HelioState(Body.Earth, time);
  out[at + 9] = earth.vx / C_AUDAY;
  out[at + 10] = earth.vy / C_AUDAY;
  out[at + 11] = earth.vz / C_AUDAY;
  out[at + 12] = wrapped(SiderealTime(time) * (Math.PI / 12) - earthRotationRad(days));
}

/** The sky at a moment straight from astronomy-engine: about 70 µs. */
export function directFrame(timeMs: number): Frame {
  const days = daysOf(timeMs);
  const frame = emptyFrame();
  for (let body = 0; body < bodies.length; body++) writeBody(body, days, frame.bodies, 3 * body);
  const earth = new Float64Array(13);
  writeEarth(days, earth, 0);
  frame.toDate.set(earth.subarray(0, 9));
  frame.velocity.set(earth.subarray(9, 12));
  frame.siderealOffsetRad = earth[12]!;
  return frame;
}

/** To [−π, π). */
function wrapped(angle: number): number {
  return angle - 2 * Math.PI * Math.floor(angle / (2 * Math.PI) + 0.5);
}
