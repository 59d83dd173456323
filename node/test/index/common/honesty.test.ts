import { expect, test } from '@jest/globals';
import { toUnit } from '@cosmicembeddings/sdk';
import { honestyOf, type Judged } from '../../../src/index/common/honesty.js';
import { noise } from '../../search/ledger.ts';

const DIMS = 24;
const N = 90;

/** A model: a fixed random map from meanings (eight topics and a bit of each text's own) to vectors. */
function modelOf(seed: number): (meaning: Float32Array) => Float32Array {
  const axes = Array.from({ length: DIMS }, (_, d) => noise(1000 * seed + d, DIMS));
  return (meaning) => toUnit(Float32Array.from(axes, (axis) => axis.reduce((sum, x, i) => sum + x * meaning[i]!, 0)));
}

const meanings = Array.from({ length: N }, (_, i) => {
  const topic = noise(7 + (i % 8), DIMS);
  return toUnit(noise(500 + i, DIMS).map((x, d) => 0.6 * x + topic[d]!));
});
/** Another text for each, without any order. */
const dealt = meanings
  .map((_, i) => ({ i, at: noise(9000 + i, DIMS)[0]! }))
  .sort((a, b) => a.at - b.at)
  .map(({ i }) => i);
const [home, model, other] = [modelOf(1), modelOf(2), modelOf(3)];
const rowsOf = (row: (i: number) => Float32Array, more: (i: number) => Partial<Judged> = () => ({})): Judged[] =>
  meanings.map((meaning, i) => ({ author: `a${i % 3}`, row: row(i), home: home(meaning), ...more(i) }));
const whatOf = (rows: readonly Judged[]): readonly string[] => honestyOf(rows).doubts.map(({ what }) => what);

test('whatever the model, rows of their texts are honest', () => {
  expect(honestyOf(rowsOf((i) => model(meanings[i]!)))).toMatchObject({ state: 'honest', rows: N, doubts: [] });
  expect(
    whatOf(
      rowsOf(
        (i) => model(meanings[i]!),
        (i) => ({ own: model(meanings[i]!) }),
      ),
    ),
  ).toEqual([]);
});

test('rows of other texts, copies, and those of another model are doubtful, and say why', () => {
  expect(whatOf(rowsOf((i) => model(meanings[dealt[i]!]!)))).toEqual(['unrelated']);
  expect(whatOf(rowsOf((i) => model(meanings[i % 5 === 0 ? 0 : i]!)))).toEqual(['copies']);
  expect(
    whatOf(
      rowsOf(
        (i) => other(meanings[i]!),
        (i) => ({ own: model(meanings[i]!) }),
      ),
    ),
  ).toEqual(['other_model']);
});

test('an author with another model beside an honest one is named', () => {
  const { doubts } = honestyOf(
    rowsOf(
      (i) => (i % 3 === 0 ? other : model)(meanings[i]!),
      (i) => ({ author: i % 3 === 0 ? 'liar' : 'honest' }),
    ),
  );
  expect(doubts).toMatchObject([{ what: 'two_models', authors: ['liar'] }]);
});

test('of few rows nothing is said', () => {
  expect(honestyOf(rowsOf((i) => model(meanings[dealt[i]!]!)).slice(0, 20))).toMatchObject({ state: 'unknown' });
});

test('a whole space of another model is told by canaries of the one it claims to be', () => {
  const canaries = Array.from({ length: 60 }, (_, i) =>
    toUnit(noise(700 + (i % 8), DIMS).map((x, d) => x + 0.6 * noise(40_000 + i, DIMS)[d]!)),
  );
  const vouched = (make: (meaning: Float32Array) => Float32Array) => ({
    author: 'did:key:honest',
    rows: canaries.map((meaning) => ({ row: make(meaning), home: home(meaning) })),
  });
  const rows = rowsOf((i) => model(meanings[i]!));
  expect(honestyOf(rows, [vouched(model)])).toMatchObject({ state: 'honest' });
  expect(honestyOf(rows, [vouched(other)]).doubts).toMatchObject([
    { what: 'not_canaries', why: expect.stringMatching(/did:key:honest/) as string },
  ]);
  // A handful tells nothing.
  expect(honestyOf(rows, [{ rows: vouched(other).rows.slice(0, 20) }])).toMatchObject({ state: 'honest' });
  // Where the embedder is here, comparing with it says more, and a stranger's canaries nothing.
  const tried = rowsOf(
    (i) => model(meanings[i]!),
    (i) => ({ own: model(meanings[i]!) }),
  );
  expect(honestyOf(tried, [vouched(other)])).toMatchObject({ state: 'honest' });
});
