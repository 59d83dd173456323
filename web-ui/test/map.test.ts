import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { classColour, CLASSES, paletteOf, rgbOf } from '../src/map/colours.ts';
import { pickerOf, thinned } from '../src/map/pick.ts';
import { around, between, ends, everything, mostOf, panned, pixelOf, placeOf, zoomed } from '../src/map/view.ts';

const size = { width: 900, height: 600 };
const UNIT = 65_535;
const coordinate = fc.integer({ min: 0, max: UNIT });

test('the nearest is the nearest, and inside is inside, whatever the points', () => {
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(coordinate, coordinate), { maxLength: 60 }),
      part,
      part,
      part,
      (points, x, y, reach) => {
        const picker = pickerOf({
          xs: Uint16Array.from(points, ([a]) => a),
          ys: Uint16Array.from(points, ([, b]) => b),
        });
        const far = (i: number): number => Math.hypot(points[i]![0] / UNIT - x, points[i]![1] / UNIT - y);
        const found = picker.nearest(x, y, reach, () => true);
        const least = Math.min(Infinity, ...points.map((_, i) => far(i)));
        if (found < 0) expect(least).toBeGreaterThan(reach - 1e-9);
        else expect(far(found)).toBeCloseTo(least, 9);
        const inside = picker.inside([
          [0, 0],
          [0.5, 0],
          [0.5, 0.5],
          [0, 0.5],
        ]);
        expect(inside).toEqual(
          [...points.keys()].filter(
            (i) => points[i]![0] / UNIT < 0.5 && points[i]![1] / UNIT < 0.5 && points[i]![1] >= 0,
          ),
        );
      },
    ),
  );
});

test('an outline has corners enough and not too many', () => {
  const circle = Array.from({ length: 500 }, (_, i) => i);
  expect(thinned(circle, 64)).toHaveLength(64);
  expect(thinned([1, 2], 64)).toEqual([1, 2]);
});

test('a few far points do not make the rest small; of few none is far', () => {
  const many = Uint16Array.from({ length: 1000 }, (_, i) => (i < 3 ? 0 : 30_000 + i));
  const [low, high] = mostOf(many);
  expect(low).toBeGreaterThan(29_000);
  expect(high).toBe(30_999);
  expect(mostOf(many.slice(0, 100))).toEqual([0, 30_099]);
  expect(mostOf([])).toEqual([0, 1]);
});

test('what lies under the pointer stays there, and the whole is seen', () => {
  const view = around(everything, size, 0.94);
  expect(pixelOf(view, size, 0.5, 0.5)).toEqual([450, 300]);
  const [x, y] = placeOf(view, size, 500, 250);
  const closer = zoomed(view, size, view.scale, 3, 500, 250);
  const [left, top] = pixelOf(closer, size, x, y);
  expect([left, top].map(Math.round)).toEqual([500, 250]);
  const [moved] = pixelOf(panned(closer, 20, 0), size, x, y);
  expect(moved).toBeCloseTo(520, 6);
  expect(between(view, closer, 1).scale).toBeCloseTo(closer.scale, 6);
  expect(ends([])).toEqual([0, 1]);
});

test('classes stand out from the paper', () => {
  const luminance = (rgb: readonly number[]): number => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const contrast = (a: string, b: string): number => {
    const [x, y] = [luminance(rgbOf(a)), luminance(rgbOf(b))].sort((p, q) => q - p);
    return (x! + 0.05) / (y! + 0.05);
  };
  for (const [theme, card] of [
    ['light', '#fffdf8'],
    ['dark', '#131933'],
  ] as const)
    for (let code = 0; code <= CLASSES; code++) expect(contrast(classColour(theme, code), card)).toBeGreaterThan(3);
  expect([...paletteOf('light', 'class').subarray(4, 8)]).toEqual([...rgbOf(classColour('light', 1)), 255]);
});
