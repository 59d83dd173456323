import { expect, test } from '@jest/globals';
import { CosmicError } from '@cosmicembeddings/sdk';
import fc from 'fast-check';
import { packAnswers, unpackAnswers } from '../../../src/index/vectors/packed-answers.js';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const row = fc.record(
  {
    label: fc.nat(),
    score: finite,
    demotion: fc.double({ min: 1e-9, max: 2, noNaN: true }),
    copyOf: fc.nat(),
  },
  { requiredKeys: ['label', 'score'] },
);
const answer = fc.record({
  hits: fc.array(row, { maxLength: 20 }),
  indexedTo: fc.constant({ epoch: 'e', seq: 3 }),
  exact: fc.boolean(),
});

test('answers are the same after they crossed between threads as numbers, refusals among them', () => {
  fc.assert(
    fc.property(fc.array(fc.option(answer), { maxLength: 5 }), (some) => {
      const given = some.map((one) => one ?? new CosmicError('space.dims_mismatch', 'the query has 3 numbers'));
      const got = unpackAnswers(structuredClone(packAnswers(given)));
      expect(got.map((one) => (one instanceof CosmicError ? one.message : one))).toEqual(
        given.map((one) => (one instanceof CosmicError ? one.message : one)),
      );
    }),
  );
});
