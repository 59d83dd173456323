import { expect, test } from '@jest/globals';
import { createMemoryCatalogue, createMemoryStore } from '@cosmicembeddings/sdk/memory';
import { testBlock } from '@cosmicembeddings/sdk/testing';
import { createFacets, facetLimits } from '../../src/search/index.js';

async function counting(n: number, entryOf: (i: number) => Parameters<typeof testBlock>[1]) {
  const store = createMemoryStore();
  const blocks = Array.from({ length: n }, (_, i) => testBlock(i + 1, entryOf(i)));
  await store.put(blocks.map((block) => ({ block, firstSeenMs: block.timeMs })));
  const hidden = new Set<string>();
  const state = { nowMs: 0, turns: 0, everyTurnMs: 0 };
  const facets = createFacets({
    catalogue: createMemoryCatalogue(store),
    isHidden: (id) => hidden.has(id),
    settled: () => Promise.resolve(),
    clock: { now: () => state.nowMs },
    pause: () => {
      state.turns += 1;
      state.nowMs += state.everyTurnMs;
      return Promise.resolve();
    },
  });
  return { facets, blocks, hidden, state };
}

test('counts what passes the filter, the most frequent first, each tag of a block once', async () => {
  const { facets, blocks } = await counting(6, (i) => ({
    author: i < 4 ? 'did:key:zA' : 'did:key:zB',
    tags: i % 2 === 0 ? ['sea', 'sea', 'salt'] : ['salt'],
    languages: i === 0 ? ['en', 'de'] : [],
  }));
  const { kind, space } = blocks[0]!.entry;
  expect(await facets({}, 12)).toEqual({
    blocks: 6,
    whole: true,
    tags: [
      { value: 'salt', blocks: 6 },
      { value: 'sea', blocks: 3 },
    ],
    authors: [
      { value: 'did:key:zA', blocks: 4 },
      { value: 'did:key:zB', blocks: 2 },
    ],
    kinds: [{ value: kind, blocks: 6 }],
    languages: [
      { value: 'de', blocks: 1 },
      { value: 'en', blocks: 1 },
    ],
    spaces: [{ value: space, blocks: 6 }],
    of: { tags: 2, authors: 2, kinds: 1, languages: 2, spaces: 1 },
  });
  const narrowed = await facets({ tagsAll: ['sea'], authors: ['did:key:zB'] }, 1);
  expect([narrowed.blocks, narrowed.tags, narrowed.of.tags]).toEqual([1, [{ value: 'salt', blocks: 1 }], 2]);
});

test('what is hidden is not counted, unless it is asked for', async () => {
  const { facets, blocks, hidden } = await counting(3, () => ({ tags: ['sea'] }));
  hidden.add(blocks[1]!.id);
  expect((await facets({}, 12)).tags).toEqual([{ value: 'sea', blocks: 2 }]);
  expect((await facets({}, 12, 'show')).tags).toEqual([{ value: 'sea', blocks: 3 }]);
});

test('counting ends by number and by time, says so, and lets other work go by between its steps', async () => {
  const { facets, state } = await counting(facetLimits.blocks + facetLimits.step, () => ({ tags: ['sea'] }));
  const whole = await facets({}, 12);
  expect([whole.blocks, whole.whole, whole.tags]).toEqual([
    facetLimits.blocks,
    false,
    [{ value: 'sea', blocks: facetLimits.blocks }],
  ]);
  expect(state.turns).toBe(facetLimits.blocks / facetLimits.step);
  state.everyTurnMs = facetLimits.ms / 2;
  const cut = await facets({}, 12);
  expect([cut.blocks, cut.whole]).toEqual([2 * facetLimits.step, false]);
});
