/** Rows of real models, from `../shared/data` beside the checkout: there are few, so more of them are these with a little noise. */
import { join } from 'node:path';
import { readNpy, shared } from '../search-quality/collections.mjs';

/** Length of the noise beside a row's 1: far enough to be another row, near enough to be of its kind. */
const NOISE = 0.3;

const sources = {
  /** MiniLM's vectors of the NPL collection: its 47 questions, and the documents after the first 10,000, are asked. */
  npl: {
    dims: 384,
    files: ['embeddings/two-models/npl_docs.minilm.f16.npy'],
    asked: ['embeddings/two-models/npl_queries.minilm.f16.npy'],
  },
  /** GloVe's vectors of the words of tweets, common ones first: the 1,925 after the first 10,000 are asked. */
  glove: { dims: 25, files: ['wordvec/glove_twitter_25d.npy'], asked: [] },
};
export const REAL = Object.keys(sources);
export const dimsOf = (data) => sources[data].dims;

const read = (names) => names.flatMap((name) => readNpy(join(shared, name)));

/** The first `count` rows are the model's own. Questions are asked once each, real ones first. */
export function realRows(data, unit, count) {
  const rows = read(sources[data].files).map((row) => unit(Float32Array.from(row)));
  const base = rows.slice(0, count);
  const questions = [...read(sources[data].asked).map((row) => unit(Float32Array.from(row))), ...rows.slice(count)];
  const beside = (row, normal) => unit(row.map((x) => x + (NOISE / Math.sqrt(row.length)) * normal()));
  return {
    row: (number, normal) => (number < base.length ? base[number] : beside(base[number % base.length], normal)),
    question: (number, normal) => questions[number] ?? beside(base[(number * 7) % base.length], normal),
  };
}
