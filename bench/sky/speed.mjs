// Checks of sky stamps a second on one core: from fitted segments, scattered, cold, and the direct computation beside them in the same
// run. Usage: node bench/sky/speed.mjs
import { createSky } from '../../sdk/dist/sky/index.js';
import { segmentBytes } from '../../sdk/dist/sky/ephemeris/segment.js';
import { random, record } from '../record.mjs';

const next = random(11);
const dayMs = 86_400_000;
const maker = createSky();

/** Stamps at scattered places, one in five geocentric. */
function stamps(count, timeMs) {
  return Array.from({ length: count }, (_, i) => {
    const time = Math.floor(timeMs());
    const place = {
      lat: Math.round((2 * next() - 1) * 89e6),
      lon: Math.round((2 * next() - 1) * 180e6),
      elevation: Math.round(next() * 2e6),
    };
    const at = i % 5 === 4 ? { timeMs: time } : { timeMs: time, place };
    return { stamp: maker.stamp(at), at };
  });
}

function rate(sky, list) {
  const started = performance.now();
  for (const { stamp, at } of list) if (!sky.check(stamp, at).ok) throw new Error('an own stamp was refused');
  return Math.round((list.length / (performance.now() - started)) * 1000);
}
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const month = stamps(20_000, () => Date.parse('2026-11-01') + next() * 30 * dayMs);
const years = stamps(20_000, () => Date.parse('2000-01-01') + next() * 50 * 365.25 * dayMs);
const never = { tick: () => undefined, take: () => false };

// The compiler's own warm-up is not what is measured.
rate(createSky({ fitBudget: never }), month.slice(0, 2000));
rate(createSky(), month.slice(0, 5000));

const direct = median([0, 1, 2].map(() => rate(createSky({ fitBudget: never }), month.slice(0, 3000))));
const recent = createSky();
const firstThousandRate = rate(recent, month.slice(0, 1000));
const recentRate = median([0, 1, 2, 3, 4].map(() => rate(recent, month)));

const scattered = createSky();
const coldRate = rate(scattered, years.slice(0, 3000));
const cold = scattered.stats();
const started = performance.now();
let passes = 0;
while (scattered.stats().segments < 1140 && passes < 40) {
  rate(scattered, years);
  passes++;
}
const warmUpMs = Math.round(performance.now() - started);
const warmRate = median([0, 1, 2, 3, 4].map(() => rate(scattered, years)));

record(import.meta.url, 'speed', {
  unit: 'checks a second, one core',
  direct,
  withinAMonth: { rate: recentRate, firstThousandRate, ...recent.stats(), segmentBytes },
  scatteredOver50Years: {
    coldRate,
    coldFits: cold.fits,
    coldDirect: cold.direct,
    warmRate,
    warmUpMs,
    warmUpChecks: passes * years.length,
    ...scattered.stats(),
  },
});
