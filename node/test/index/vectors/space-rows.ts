import type { RowIndex } from '@cosmicembeddings/sdk/memory';
import type { SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import type { ChosenEngine } from '../../../src/index/vectors/graph.js';
import { SpaceIndex } from '../../../src/index/vectors/space-index.js';

export interface SpaceRowsOptions {
  readonly folder: string;
  readonly engine: ChosenEngine;
  readonly graphMin?: number;
}

/** One space's files as a node's worker drives them, for `indexSuite`: without worker, follower or guard. One owner at a time. */
export function openSpaceRows(space: SpaceDescriptor, options: SpaceRowsOptions): RowIndex {
  const { folder, engine, graphMin = 2048 } = options;
  const index = SpaceIndex.open(space, {
    folder,
    engine,
    graphMin,
    budget: { maxBytes: Infinity, used: 0 },
    guard: false,
    seed: 0,
  });
  return {
    space,
    upsert: async (rows, upTo) => {
      for (const { label, vector } of rows) index.append(label, vector);
      while (index.hasWork) index.work(256);
      index.position = upTo;
    },
    remove: async (labels, upTo) => {
      index.remove(labels, 0);
      index.position = upTo;
    },
    search: async (query, k, allow) =>
      index.search(query, k, allow === undefined ? {} : { allow }).rows.map(({ label, score }) => ({ label, score })),
    position: async () => index.savedPosition,
    save: () => index.save({ graph: true }),
    close: () => index.close(),
  };
}
