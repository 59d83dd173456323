import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { decode, encode, type Value } from '../../src/codec/index.js';
import { createSky, type CosmicSignature, type Moment, type Observation } from '../../src/sky/index.js';
import { root } from '../shared-data.ts';

const read = <T>(name: string): T =>
  (JSON.parse(readFileSync(join(root, 'specs/vectors', name), 'utf8')) as { cases: T }).cases;
const sky = createSky();

type Observed = { name: string; at: Moment; observation: Observation; stamp: CosmicSignature };
test.each(read<Observed[]>('sky-observations.json'))('observation: $name', ({ at, observation, stamp }) => {
  expect(sky.observe(at)).toEqual(observation);
  expect(sky.stamp(at)).toEqual(stamp);
  const bytes = encode(stamp as unknown as Value);
  expect(bytes.length).toBeLessThanOrEqual(200);
  expect(sky.check(decode(bytes), at)).toEqual({ ok: true, tier: 'claimed' });
});

type Checked = {
  name: string;
  at: Moment;
  stamp: unknown;
  expected: { ok: boolean; code?: string; marginal?: boolean };
};
test.each(read<Checked[]>('sky-stamps.json'))('stamp: $name', ({ at, stamp, expected }) => {
  // Twice, so that the second verdict can come from a fitted segment.
  for (let round = 0; round < 3; round++) expect(sky.check(stamp, at)).toMatchObject(expected);
});

test('a mismatch names body, expected, claimed and difference', () => {
  const at = { timeMs: Date.parse('2026-11-21T22:00:00Z') };
  const verdict = sky.check(sky.stamp({ timeMs: at.timeMs + 3_600_000 }), at);
  expect(verdict).toMatchObject({ ok: false, code: 'sky.mismatch', mismatch: { body: 'moon' } });
  expect(verdict.ok ? '' : verdict.detail).toMatch(
    /^moon: expected RA [\d.]+°, declination [\d.]+°, claimed RA [\d.]+°, declination [\d.]+°, off by \d+″/,
  );
});
