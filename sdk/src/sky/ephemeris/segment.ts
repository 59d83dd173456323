import { spanStartMs } from '../constants.js';
import { chebyshevNode, evaluate, writeCoefficients } from './chebyshev.js';
import { writeBody, writeEarth } from './direct.js';
import { daysOf, type Frame } from './frame.js';

/** Length of one fitted stretch of time. */
export const segmentMs = 16 * 86_400_000;

/** Coefficients a component: the nine bodies in `bodyNames` order, then what `writeEarth` writes. Chosen so that each stays within 0.05″. */
const bodyTerms = [8, 20, 12, 9, 9, 7, 6, 6, 6] as const;
const earthTerms = 8;
const earthWidth = 13;
const termsMax = 20;
const total = 3 * bodyTerms.reduce((sum, n) => sum + n, 0) + earthWidth * earthTerms;

/** Memory of one segment. */
export const segmentBytes = total * 8;

export function segmentIndexOf(timeMs: number): number {
  return Math.floor((timeMs - spanStartMs) / segmentMs);
}

/** Coefficients of one stretch, fitted from about 100 direct positions (about a millisecond). */
export function fitSegment(index: number): Float64Array {
  const middleDays = daysOf(spanStartMs + (index + 0.5) * segmentMs);
  const halfDays = segmentMs / 86_400_000 / 2;
  const out = new Float64Array(total);
  const samples = new Float64Array(termsMax * earthWidth);
  let at = 0;
  bodyTerms.forEach((n, body) => {
    for (let k = 0; k < n; k++) writeBody(body, middleDays + halfDays * chebyshevNode(k, n), samples, 3 * k);
    for (let component = 0; component < 3; component++, at += n) writeCoefficients(samples, 3, component, n, out, at);
  });
  for (let k = 0; k < earthTerms; k++)
    writeEarth(middleDays + halfDays * chebyshevNode(k, earthTerms), samples, earthWidth * k);
  for (let component = 0; component < earthWidth; component++, at += earthTerms)
    writeCoefficients(samples, earthWidth, component, earthTerms, out, at);
  return out;
}

/** Writes the frame at a moment within the segment. */
export function evaluateSegment(coefficients: Float64Array, timeMs: number, frame: Frame): void {
  const x = (2 * (timeMs - spanStartMs - segmentIndexOf(timeMs) * segmentMs)) / segmentMs - 1;
  let at = 0;
  for (let body = 0; body < 9; body++) {
    const n = bodyTerms[body]!;
    for (let component = 0; component < 3; component++, at += n)
      frame.bodies[3 * body + component] = evaluate(coefficients, at, n, x);
  }
  for (let i = 0; i < 9; i++, at += earthTerms) frame.toDate[i] = evaluate(coefficients, at, earthTerms, x);
  for (let i = 0; i < 3; i++, at += earthTerms) frame.velocity[i] = evaluate(coefficients, at, earthTerms, x);
  frame.siderealOffsetRad = evaluate(coefficients, at, earthTerms, x);
}
