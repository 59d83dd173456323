import { expect, test } from '@jest/globals';
import { fuzz, randomOf } from '@cosmicembeddings/sdk/testing';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { checksOfAll, fastSigner } from '../../../bench/fuzz/setup.mjs';

/** What a block’s own bytes, or its JSON form, can earn. */
const REACHABLE = [
  'valid',
  'inert:kind.unknown',
  'inert:kind.malformed',
  'inert:vector.malformed',
  'inert:vector.not_finite',
  'inert:vector.zero',
  'inert:vector.not_unit',
  'inert:space.malformed',
  'block.malformed',
  'block.too_large',
  'block.bad_envelope',
  'block.bad_header',
  'block.bad_body',
  'block.bad_signature',
  'block.body_mismatch',
  'block.unknown_version',
  'block.unsigned',
  'identity.malformed',
  'sky.malformed',
  'sky.mismatch',
  'sky.place_invalid',
  'sky.time_out_of_span',
];

test('20,000 mutated blocks: no throw, no hang, one verdict, no acceptance that does not re-encode; each code met a hundred times', () => {
  const { checks, names, verifications } = checksOfAll(25);
  const sky = createSky();
  const seed = Number(process.env['FUZZ_SEED'] ?? 1);
  const report = fuzz(20_000, randomOf(seed), {
    checks,
    stamp: (at) => sky.stamp(at),
    signer: fastSigner(),
    now: () => performance.now(),
  });
  expect(report.faults).toEqual([]);
  expect(report.signed).toBeGreaterThanOrEqual(10_000);
  expect(names).toContain('portable');
  expect(verifications()).toBeGreaterThan(5_000);
  const rare = REACHABLE.filter((code) => (report.outcomes[code] ?? 0) < 100).map(
    (code) => `${code}: ${report.outcomes[code] ?? 0}`,
  );
  expect(rare).toEqual([]);
  expect(Object.keys(report.outcomes).filter((code) => !REACHABLE.includes(code))).toEqual([]);
}, 120_000);
