/** Rows that are made to be found by everybody. Each attack knows the honest rows, not the queries, unless it says so. */

export function unit(vector) {
  let squares = 0;
  for (const x of vector) squares += x * x;
  const factor = 1 / Math.sqrt(squares);
  return Float32Array.from(vector, (x) => x * factor);
}

export function meanOf(rows) {
  const sum = new Float64Array(rows[0].length);
  for (const row of rows) for (let i = 0; i < sum.length; i++) sum[i] += row[i];
  return unit(sum);
}

export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const mix = (a, b, t) => unit(Float32Array.from(a, (x, i) => (1 - t) * x + t * b[i]));

/** Means of `k` clusters by a few rounds of spherical k-means from every n-th row. */
function clusterMeans(rows, k) {
  let centres = Array.from({ length: k }, (_, i) => rows[Math.floor((i * rows.length) / k)]);
  for (let round = 0; round < 6; round++) {
    const members = centres.map(() => []);
    for (const row of rows) {
      let [best, at] = [-Infinity, 0];
      centres.forEach((centre, i) => {
        const score = dot(centre, row);
        if (score > best) [best, at] = [score, i];
      });
      members[at].push(row);
    }
    centres = members.map((own, i) => (own.length === 0 ? centres[i] : meanOf(own)));
  }
  return centres;
}

/** Small noise, so that ten thousand rows are not one. */
function jitter(rows, count, random, size) {
  return Array.from({ length: count }, (_, i) =>
    count <= rows.length && size === 0 ? rows[i] : unit(rows[i % rows.length].map((x) => x + size * (random() - 0.5))),
  );
}

/** The row on the way from `row` to `target` whose mean cosine to the corpus is `hubness`. */
function upTo(row, target, centre, hubness) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 20; i++) {
    const t = (low + high) / 2;
    if (dot(mix(row, target, t), centre) < hubness) low = t;
    else high = t;
  }
  return mix(row, target, low);
}

export const attacks = {
  'mean direction, copied': ({ rows, count, random }) => jitter([meanOf(rows)], count, random, 0.002),
  'means of ten clusters': ({ rows, count, random }) =>
    jitter(clusterMeans(rows, 10), count, random, count === 10 ? 0 : 0.01),
  'means of fifty clusters': ({ rows, count, random }) =>
    jitter(clusterMeans(rows, 50), Math.max(count, 50), random, count <= 50 ? 0 : 0.01),
  'half mean, half a real row': ({ rows, count, random }) => {
    const mean = meanOf(rows);
    return Array.from({ length: count }, () =>
      unit(Float32Array.from(rows[Math.floor(random() * rows.length)], (x, i) => x + mean[i])),
    );
  },
  'mean of all queries, copied (knows the queries)': ({ queries, count, random }) =>
    jitter([meanOf(queries)], count, random, 0.002),
  'adaptive: towards the mean, just below the 97th percentile': ({ rows, count, random }) =>
    adaptive(rows, meanOf(rows), count, random),
  'adaptive: towards the queries’ mean, just below the 97th percentile': ({ rows, queries, count, random }) =>
    adaptive(rows, meanOf(queries), count, random),
};

function adaptive(rows, target, count, random) {
  const centre = new Float64Array(rows[0].length);
  for (const row of rows) for (let i = 0; i < centre.length; i++) centre[i] += row[i] / rows.length;
  const hubs = rows.map((row) => dot(row, centre)).sort((a, b) => a - b);
  const limit = hubs[Math.floor(hubs.length * 0.97)];
  return Array.from({ length: count }, () => upTo(rows[Math.floor(random() * rows.length)], target, centre, limit));
}
