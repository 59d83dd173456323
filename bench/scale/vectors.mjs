/**
 * Unit rows that any process can make again from (data, seed, stream): the structure (centres, projection) is the seed's,
 * each stream of rows has random numbers of its own, so that chunks can be made side by side and queries apart from both.
 */
import { CHUNK, DIMS } from './layout.mjs';
import { REAL, realRows } from './real.mjs';

export { DIMS };
/** Stream of the questions; rows have the streams 0, 1, 2 …, one for each chunk. */
export const QUERIES = 0x7fffffff;
const STRUCTURE = 0x7ffffffe;

const LATENT = 32;

/** sfc32 (Doty-Humphrey): 128 bits of state, so that streams of a billion numbers do not meet. */
export function randomOf(seed, stream) {
  let [a, b, c, counter] = [seed >>> 0, stream >>> 0, 0x9e3779b9, 1];
  const next = () => {
    const t = (((a + b) >>> 0) + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + t) >>> 0;
    return t / 4294967296;
  };
  for (let i = 0; i < 16; i++) next();
  return next;
}

/** Pairs of normal numbers by the polar method (Marsaglia 1964), one kept for the next call. */
function gaussianOf(random) {
  let spare;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * random() - 1;
      const y = 2 * random() - 1;
      const squares = x * x + y * y;
      if (squares >= 1 || squares === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(squares)) / squares);
      spare = y * factor;
      return x * factor;
    }
  };
}

function unit(row) {
  let squares = 0;
  for (let i = 0; i < row.length; i++) squares += row[i] * row[i];
  const factor = 1 / Math.sqrt(squares);
  for (let i = 0; i < row.length; i++) row[i] *= factor;
  return row;
}

/** Points of a latent space around centres, projected, with noise. `pick(random)` chooses the centre. */
function clusters({ centres, spread, noise, pick }, gaussian) {
  const projection = Float32Array.from({ length: LATENT * DIMS }, () => gaussian() / Math.sqrt(LATENT));
  const middles = Array.from({ length: centres }, () => Float32Array.from({ length: LATENT }, gaussian));
  return (random, normal) => {
    const middle = middles[pick(random)];
    const row = new Float32Array(DIMS);
    for (let l = 0; l < LATENT; l++) {
      const z = middle[l] + spread * normal();
      for (let d = 0, at = l * DIMS; d < DIMS; d++) row[d] += z * projection[at + d];
    }
    for (let d = 0; d < DIMS; d++) row[d] += noise * normal();
    return unit(row);
  };
}

const structures = {
  /** 200 centres in 32 dimensions, spread .6, projected to 384, noise .3: as the reference figures were taken. */
  clustered: (gaussian) =>
    clusters({ centres: 200, spread: 0.6, noise: 0.3, pick: (random) => Math.floor(random() * 200) }, gaussian),
  /** Evenly on the sphere: no row is near any other (tenth best cosine ≈ .22 of 100,000), the worst case of any graph. */
  uniform: () => (_, normal) => unit(Float32Array.from({ length: DIMS }, normal)),
  /**
   * Cluster sizes after Zipf (2,000 centres, the largest holds an eighth of all rows), and every fourth row is a
   * near-duplicate (cosine ≈ .9999) of one of the 64 before it: boilerplate, re-posts, one topic that everybody has.
   */
  heavy: (gaussian) => {
    const weights = Array.from({ length: 2000 }, (_, rank) => 1 / (rank + 1));
    let sum = 0;
    const upTo = weights.map((weight) => (sum += weight));
    const pick = (random) => {
      const at = random() * sum;
      let low = 0;
      let high = upTo.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (upTo[middle] < at) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    const fresh = clusters({ centres: 2000, spread: 0.6, noise: 0.3, pick }, gaussian);
    return (random, normal, before) => {
      if (before.length === 0 || random() >= 0.25) return fresh(random, normal);
      const row = Float32Array.from(before[Math.floor(random() * before.length)]);
      for (let d = 0; d < DIMS; d++) row[d] += 0.0007 * normal();
      return unit(row);
    };
  },
};

export const DATA = [...Object.keys(structures), ...REAL];

const made = new Map();

/** The rows of one stream, one a call. */
export function rowsOf(data, seed, stream) {
  const key = `${data} ${seed}`;
  const isReal = REAL.includes(data);
  if (!made.has(key))
    made.set(key, isReal ? realRows(data, unit, CHUNK) : structures[data](gaussianOf(randomOf(seed, STRUCTURE))));
  const next = made.get(key);
  const random = randomOf(seed, stream);
  const normal = gaussianOf(random);
  if (isReal) {
    let number = 0;
    return () => (stream === QUERIES ? next.question(number++, normal) : next.row(stream * CHUNK + number++, normal));
  }
  const before = [];
  return () => {
    const row = next(random, normal, before);
    before.push(row);
    if (before.length > 64) before.shift();
    return row;
  };
}
