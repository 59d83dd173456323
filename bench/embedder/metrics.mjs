/** Ranks with ties averaged, from 1. */
function ranksOf(values) {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let at = 0; at < order.length;) {
    let end = at;
    while (end < order.length && values[order[end]] === values[order[at]]) end++;
    for (let i = at; i < end; i++) ranks[order[i]] = (at + end + 1) / 2;
    at = end;
  }
  return ranks;
}

/** Spearman's rank correlation of two lists of numbers. */
export function spearman(a, b) {
  const x = ranksOf(a);
  const y = ranksOf(b);
  const mean = (a.length + 1) / 2;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) ** 2;
    yy += (y[i] - mean) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

/** nDCG@10 with gains of one for every relevant document. `scores`: of all documents, for one query. */
export function ndcg10(scores, ids, relevant) {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
  let gain = 0;
  let ideal = 0;
  for (let rank = 0; rank < 10; rank++) {
    const discount = 1 / Math.log2(rank + 2);
    if (relevant.has(ids[order[rank]])) gain += discount;
    if (rank < relevant.size) ideal += discount;
  }
  return gain / ideal;
}
