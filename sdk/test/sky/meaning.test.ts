import { describe, expect, test } from '@jest/globals';
import { Constellation } from 'astronomy-engine';
import {
  createSky,
  skyConsistent,
  tierMeaning,
  timeEvidence,
  timeTiers,
  twilightOf,
  whatAStampProves,
} from '../../src/sky/index.js';
import { constellationName } from '../../src/sky/ephemeris/constellation.js';
import { constellationOfLabel, labelOf } from '../../src/sky/label.js';
import { brightStars, stars } from '../../src/sky/stars/catalogue.js';

const sky = createSky();
const munich = { lat: 48_137_000, lon: 11_575_000, elevation: 520_000 };

describe('the star list', () => {
  test('holds the 57 navigational stars and Polaris', () => {
    const navigational =
      'Acamar Achernar Acrux Adhara Aldebaran Alioth Alkaid Alnair Alnilam Alphard Alphecca Alpheratz Altair Ankaa Antares Arcturus Atria Avior Bellatrix Betelgeuse Canopus Capella Deneb Denebola Diphda Dubhe Elnath Eltanin Enif Fomalhaut Gacrux Gienah Hadar Hamal Kaus_Australis Kochab Markab Menkar Menkent Miaplacidus Mirfak Nunki Peacock Pollux Procyon Rasalhague Regulus Rigel Rigil_Kentaurus Sabik Schedar Shaula Sirius Spica Suhail Vega Zubenelgenubi Polaris';
    const names = new Set(stars.map((star) => star.name));
    const missing = navigational.split(' ').filter((name) => !names.has(name.replace('_', ' ')));
    expect(missing).toEqual([]);
    expect(names.size).toBe(stars.length);
  });

  test('each star stays inside its constellation’s official boundary from 1950 to 2100', () => {
    for (const star of stars)
      for (const years of [-50, 100]) {
        const [x, y, z] = [0, 1, 2].map((i) => star.direction[i]! + years * star.motion[i]!) as [
          number,
          number,
          number,
        ];
        const hours = ((Math.atan2(y, x) * 12) / Math.PI + 24) % 24;
        const { symbol } = Constellation(hours, (Math.atan2(z, Math.hypot(x, y)) * 180) / Math.PI);
        expect(`${star.name} ${symbol}`).toBe(`${star.name} ${star.constellation}`);
      }
  });

  test('a bright star is up everywhere at any time', () => {
    for (const lat of [-90, -60, -30, 0, 30, 60, 90])
      for (let hour = 0; hour < 24; hour++) {
        const place = { lat: lat * 1_000_000, lon: hour * 15_000_000 - 180_000_000, elevation: 0 };
        const seen = sky.observe({ timeMs: 1_800_000_000_000, place }).stars.filter((star) => star.magnitudeE2 <= 200);
        expect(seen.length).toBeGreaterThan(0);
      }
    expect(brightStars.length).toBe(stars.filter((star) => star.magnitudeE2 <= 200).length);
  });
});

describe('labels', () => {
  test.each([
    [0, '0.0'],
    [49_999, '0.0'],
    [50_000, '0.1'],
    [127_512_345, '127.5'],
    [359_949_999, '359.9'],
    [359_950_000, '0.0'],
  ])('%i microdegrees are %s', (angleE6, text) => {
    expect(labelOf('Orion', angleE6)).toBe(`Orion-${text}`);
    expect(constellationOfLabel(`Orion-${text}`, angleE6)).toBe('Orion');
  });

  test('come from the highest bright star by night, the Sun by day, the Moon without a place', () => {
    const night = sky.observe({ timeMs: Date.parse('2026-11-21T22:00:00Z'), place: munich });
    const bright = night.stars.filter((star) => star.magnitudeE2 <= 200);
    const highest = bright.reduce((a, b) => (b.altitudeE6! > a.altitudeE6! ? b : a));
    expect(night.labelOf).toBe(highest.name);
    expect(night.label).toBe(labelOf(highest.constellation, highest.azimuthE6!));
    const day = sky.observe({ timeMs: Date.parse('2026-06-21T11:00:00Z'), place: munich });
    expect([day.labelOf, day.label]).toEqual(['sun', labelOf('Taurus', day.bodies.sun.azimuthE6!)]);
    const nowhere = sky.observe({ timeMs: Date.parse('2026-11-21T22:00:00Z') });
    expect([nowhere.labelOf, nowhere.label]).toEqual(['moon', labelOf('Pisces', nowhere.bodies.moon.raE6)]);
  });

  test('all 88 names are the IAU’s', () => {
    expect(constellationName('PsA')).toBe('Piscis Austrinus');
    expect(constellationName('Cam')).toBe('Camelopardalis');
    expect(() => constellationName('Xyz')).toThrow(RangeError);
  });

  /** First moment, to the millisecond, of `[from, to]` at which `after` holds. */
  function turning(from: number, to: number, after: (timeMs: number) => boolean): number {
    let [before, then] = [from, to];
    while (then - before > 1) {
      const middle = Math.floor((before + then) / 2);
      if (after(middle)) then = middle;
      else before = middle;
    }
    return then;
  }

  test('around −6° a stamp of either side is right within the tolerance', () => {
    const at = (timeMs: number) => ({ timeMs, place: munich });
    const dusk = turning(
      Date.parse('2026-11-21T15:30:00Z'),
      Date.parse('2026-11-21T17:00:00Z'),
      (t) => sky.observe(at(t)).labelOf !== 'sun',
    );
    expect(Math.abs(sky.observe(at(dusk)).bodies.sun.altitudeE6! + 6_000_000)).toBeLessThan(10);
    const [before, after] = [dusk - 2000, dusk + 2000];
    expect(sky.stamp(at(before)).star).toBeUndefined();
    expect(sky.stamp(at(after)).star).toBeDefined();
    expect(sky.check(sky.stamp(at(before)), at(after))).toEqual({ ok: true, tier: 'claimed' });
    expect(sky.check(sky.stamp(at(after)), at(before))).toEqual({ ok: true, tier: 'claimed' });
  });

  test('at a constellation’s boundary a label of either side is right within the tolerance, marginal within twice that', () => {
    const constellation = (timeMs: number) => sky.observe({ timeMs }).label.replace(/-.*/, '');
    const start = Date.parse('2026-11-21T22:00:00Z');
    const border = turning(start, start + 2.5 * 86_400_000, (t) => constellation(t) !== 'Pisces');
    expect([constellation(border - 1), constellation(border)]).not.toEqual(['Pisces', 'Pisces']);
    const near = sky.stamp({ timeMs: border + 60_000 });
    expect(sky.check(near, { timeMs: border - 60_000 })).toEqual({ ok: true, tier: 'claimed' });
    const far = sky.check(sky.stamp({ timeMs: border + 150_000 }), { timeMs: border - 150_000 });
    expect(far).toMatchObject({ ok: false, code: 'sky.mismatch', marginal: true });
  });

  test('of two stars of nearly one altitude either is right', () => {
    const at = (timeMs: number) => ({ timeMs, place: munich });
    const start = Date.parse('2026-11-21T22:00:00Z');
    const first = sky.observe(at(start)).labelOf;
    const swap = turning(start, start + 6 * 3_600_000, (t) => sky.observe(at(t)).labelOf !== first);
    expect(sky.observe(at(swap)).labelOf).not.toBe(first);
    expect(sky.check(sky.stamp(at(swap + 3000)), at(swap - 3000))).toEqual({ ok: true, tier: 'claimed' });
    expect(sky.check(sky.stamp(at(swap - 3000)), at(swap + 3000))).toEqual({ ok: true, tier: 'claimed' });
  });
});

test('twilight follows the Sun’s altitude', () => {
  expect([0, -833_332, -833_333, -5_999_999, -6_000_000, -12_000_000, -18_000_000].map(twilightOf)).toEqual([
    'day',
    'day',
    'civil',
    'civil',
    'nautical',
    'astronomical',
    'night',
  ]);
});

test('no wording promises more than consistency', () => {
  expect(timeEvidence(5, 9)).toEqual({ tier: 'claimed', claimedMs: 5, firstSeenMs: 9 });
  expect(Object.keys(tierMeaning)).toEqual([...timeTiers]);
  for (const text of [skyConsistent, tierMeaning.claimed, whatAStampProves])
    expect(text).not.toMatch(/\btrue\b|\bverified\b|\bgenuine\b|\bproves\b/i);
  expect(whatAStampProves).toMatch(/anybody/);
});
