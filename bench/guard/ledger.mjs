import { testSpace } from '@cosmicembeddings/sdk/testing';
import { SpaceIndex } from '../../node/dist/index/vectors/space-index.js';
import { chooseEngine } from '../../node/dist/index/vectors/choose-engine.js';

const engine = await chooseEngine('usearch');
export const engineName = engine.name;

/** An index of the node's own kind over honest rows, to which hostile ones can be added. */
export function openIndex(rows, { guard, authors, dims = rows[0].length, seed = 7 }) {
  const space = testSpace('bench', dims);
  const index = SpaceIndex.open(space, {
    engine,
    budget: { maxBytes: Infinity, used: 0 },
    graphMin: 1000,
    guard,
    seed,
  });
  add(index, rows, 0, (i) => i % authors);
  return index;
}

export function add(index, rows, firstLabel, authorOf) {
  rows.forEach((row, i) => {
    index.append(firstLabel + i, row.slice(), authorOf(i), 1_000_000);
    if (i % 64 === 63) while (index.tail > 64) index.work(64);
  });
  while (index.hasWork) index.work(256);
}
