import { expect, test } from '@jest/globals';
import type { Head } from '@cosmicembeddings/sdk';
import { Recent } from '../src/recent.js';
import { Gatherer } from '../src/search/gather.js';
import type { SearchParts } from '../src/search/parts.js';
import type { Plan } from '../src/search/plan.js';
import { SilentShare } from '../src/search/silent-share.js';

const head: Head = { epoch: 'epoch', seq: 1, count: 1, labels: 8 };

test('the oldest makes room, and what is set again is no longer the oldest', () => {
  const recent = new Recent<string, number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.set('a', 3);
  recent.set('c', 4);
  expect([recent.size, recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([2, 3, undefined, 4]);
  recent.clear();
  expect(recent.size).toBe(0);
});

/** How often each space was looked up. */
function lookUps(): {
  readonly asked: Map<string, number>;
  labels(filter: { readonly spaces?: readonly string[] }): Promise<Uint8Array>;
} {
  const asked = new Map<string, number>();
  return {
    asked,
    labels: async ({ spaces = [] }) => {
      for (const space of spaces) asked.set(space, (asked.get(space) ?? 0) + 1);
      return new Uint8Array([255]);
    },
  };
}

test('shares of silent rows are remembered of so many spaces', async () => {
  const { asked, labels } = lookUps();
  const silent = new SilentShare({ labels }, async (rows) => rows.map(() => true));
  for (let n = 0; n <= 1024; n++) await silent.of(`space ${n}`, head);
  await silent.of('space 1024', head);
  expect(asked.get('space 1024')).toBe(1);
  await silent.of('space 0', head);
  expect(asked.get('space 0')).toBe(2);
});

test('samples of rows are remembered of so many spaces', async () => {
  const { asked, labels } = lookUps();
  const parts = {
    catalogue: { labels, counts: async () => ({ blocks: 0, spaces: [] }) },
    vectors: { search: async () => ({ hits: [], indexedTo: { epoch: 'epoch', seq: 1 } }) },
    clock: { now: () => 0 },
  };
  const gatherer = new Gatherer(parts as unknown as SearchParts, async () => []);
  const look = (...spaces: readonly string[]): Promise<unknown> =>
    gatherer.gather(
      {
        mode: 'vectors',
        queries: new Map(spaces.map((space) => [space, new Float32Array(2)])),
        computed: false,
        weights: {},
      } as unknown as Plan,
      {},
      { ...head, labels: 8 },
      10,
    );
  // A short sample is drawn anew with each block: the head stands still.
  for (let n = 0; n < 64; n += 2) await look(`space ${n}`, `space ${n + 1}`);
  await look('space 0', 'space 63');
  expect([asked.get('space 0'), asked.get('space 63')]).toEqual([1, 1]);
  await look('space 64', 'space 65');
  await look('space 0', 'space 65');
  expect([asked.get('space 0'), asked.get('space 65')]).toEqual([2, 1]);
});
