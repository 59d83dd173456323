import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSky, fitsPerChecks, fitsPerSecond, spanEndMs, spanStartMs } from '../../src/sky/index.js';
import { createFrameCache } from '../../src/sky/ephemeris/cache.js';
import { directFrame } from '../../src/sky/ephemeris/direct.js';
import { daysOf, emptyFrame } from '../../src/sky/ephemeris/frame.js';
import {
  evaluateSegment,
  fitSegment,
  segmentBytes,
  segmentIndexOf,
  segmentMs,
} from '../../src/sky/ephemeris/segment.js';
import { emptyHorizon, writeHorizon } from '../../src/sky/horizon.js';

const arcsec = Math.PI / 180 / 3600;
const anyTime = fc.integer({ min: spanStartMs, max: spanEndMs - 1 });
const unlimited = { tick: () => undefined, take: () => true };

/** Angle between two vectors at `at` of two arrays, arcseconds. */
function angle(a: Float64Array, b: Float64Array, at = 0): number {
  const [la, lb] = [Math.hypot(a[at]!, a[at + 1]!, a[at + 2]!), Math.hypot(b[at]!, b[at + 1]!, b[at + 2]!)];
  return (
    Math.hypot(a[at]! / la - b[at]! / lb, a[at + 1]! / la - b[at + 1]! / lb, a[at + 2]! / la - b[at + 2]! / lb) / arcsec
  );
}

describe('fitted segments', () => {
  const edges = [0, 1, segmentMs - 1, segmentMs, spanEndMs - spanStartMs - 1].map(
    (offset) => [spanStartMs + offset] as [number],
  );

  test('are within 0.05″ of astronomy-engine for every body, the axes and the horizon, 1950–2100', () => {
    const fitted = emptyFrame();
    const [here, there] = [emptyHorizon(), emptyHorizon()];
    const place = { lat: 60_000_000, lon: 100_000_000, elevation: 0 };
    fc.assert(
      fc.property(anyTime, (timeMs) => {
        evaluateSegment(fitSegment(segmentIndexOf(timeMs)), timeMs, fitted);
        const direct = directFrame(timeMs);
        for (let body = 0; body < 9; body++) expect(angle(fitted.bodies, direct.bodies, 3 * body)).toBeLessThan(0.05);
        writeHorizon(fitted, daysOf(timeMs), place, here);
        writeHorizon(direct, daysOf(timeMs), place, there);
        expect(angle(here.up, there.up)).toBeLessThan(0.05);
        expect(angle(here.north, there.north)).toBeLessThan(0.05);
        for (let i = 0; i < 3; i++)
          expect(Math.abs(fitted.velocity[i]! - direct.velocity[i]!)).toBeLessThan(0.05 * arcsec);
      }),
      { numRuns: 300, examples: edges },
    );
  });

  test('are dropped beyond the maximum, the least recently used first', () => {
    const cache = createFrameCache(3, unlimited);
    const at = (segment: number) => spanStartMs + segment * segmentMs;
    const fitted = (segment: number) => (cache.frame(at(segment)), cache.frame(at(segment)));
    for (const segment of [1, 2, 3]) expect(fitted(segment)).toBeDefined();
    expect(cache.frame(at(1))).toBeDefined();
    expect(fitted(4)).toBeDefined();
    expect(cache.stats()).toEqual({ segments: 3, bytes: 3 * segmentBytes, fits: 4 });
    expect(cache.frame(at(1))).toBeDefined();
    expect(cache.frame(at(2))).toBeUndefined();
  });

  test('the first miss in a stretch of time fits nothing, and no budget means no fit', () => {
    const cache = createFrameCache(10, fitsPerChecks(4, 1));
    expect(cache.frame(spanStartMs)).toBeUndefined();
    expect(cache.stats().fits).toBe(0);
    expect(cache.frame(spanStartMs)).toBeDefined();
    for (let segment = 1; segment < 4; segment++)
      expect(cache.frame(spanStartMs + segment * segmentMs)).toBeUndefined();
    expect(cache.frame(spanStartMs + segmentMs)).toBeDefined();
    expect(cache.stats().fits).toBe(2);
  });

  test('fits per second follow the clock that is handed in', () => {
    let nowMs = 0;
    const budget = fitsPerSecond(10, () => nowMs, 2);
    expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
    nowMs = 100;
    expect([budget.take(), budget.take()]).toEqual([true, false]);
    nowMs = 50;
    expect(budget.take()).toBe(false);
    nowMs = 1_000_000;
    expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
  });
});

describe('verdicts', () => {
  const anyPlace = fc.option(
    fc.record({
      lat: fc.integer({ min: -90_000_000, max: 90_000_000 }),
      lon: fc.integer({ min: -180_000_000, max: 180_000_000 }),
      elevation: fc.integer({ min: -400_000, max: 9_000_000 }),
    }),
    { nil: undefined },
  );

  test('do not depend on what the cache holds, and every own stamp passes', () => {
    const warm = createSky({ fitBudget: unlimited });
    fc.assert(
      fc.property(anyTime, anyPlace, fc.integer({ min: -25_000, max: 25_000 }), (timeMs, place, lateMs) => {
        const stamp = warm.stamp({ timeMs, place });
        expect(warm.check(stamp, { timeMs, place })).toEqual({ ok: true, tier: 'claimed' });
        const late = { timeMs: Math.min(spanEndMs - 1, Math.max(spanStartMs, timeMs + lateMs)), place };
        const direct = createSky({ fitBudget: { tick: () => undefined, take: () => false } }).check(stamp, late);
        warm.check(stamp, late);
        expect(warm.check(stamp, late)).toEqual(direct);
      }),
      { numRuns: 400 },
    );
    expect(warm.stats().cached).toBeGreaterThan(300);
  });
});
