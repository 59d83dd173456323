import { expect, test } from '@jest/globals';
import type { StoredBlock } from '@cosmicembeddings/sdk';
import { createManualClock } from '@cosmicembeddings/sdk/memory';
import type { Coverage } from '@cosmicembeddings/sdk/filter';
import { makeBlock, World } from '../../src/testing/index.js';
import { coveredOf, Parts } from '../../src/sync/coverage/parts.js';
import { Reputation } from '../../src/sync/reputation.js';

const tagged = (tag: string): NonNullable<Coverage> => [{ tagsAny: [tag] }];
const nothing = {
  tail: async () => ({ items: [], upTo: { epoch: '', seq: 0 } }),
  items: async () => [],
} as unknown as ConstructorParameters<typeof Parts>[0];
const going = new AbortController().signal;

/** As many stored blocks as are asked for, at once, as a store does that reads within the call. */
async function storeOf(count: number): Promise<ConstructorParameters<typeof Parts>[0]> {
  const world = new World(1);
  await world.add([]);
  const node = world.nodes[0]!;
  await node.publish(makeBlock(1, { tags: ['tea'] }));
  const [block] = node.store.blocks();
  await world.close();
  return {
    items: async () => [],
    tail: async ({ seq }: { seq: number }, max: number) => {
      const size = Math.min(max, count - seq);
      return {
        items: Array.from({ length: size }, () => ({ type: 'put', block })),
        upTo: { epoch: '', seq: seq + size },
      };
    },
  } as unknown as ConstructorParameters<typeof Parts>[0];
}

test('coverages of peers that have left take no place from those that come', async () => {
  const parts = new Parts(nothing, undefined, going);
  for (let n = 0; n < 8; n++) await parts.join(tagged(`t${n}`), () => undefined);
  expect(parts.size).toBe(8);
  for (let n = 0; n < 8; n++) parts.leave(tagged(`t${n}`));
  expect(parts.size).toBe(0);
});

test('reading for a coverage by place lets everything else go on', async () => {
  const places = [{ places: [{ south: 0, north: 1, west: 0, east: 1 }] }];
  const parts = new Parts(await storeOf(160), undefined, going);
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await parts.join(places, () => undefined);
  isOver = true;
  expect(turns).toBeGreaterThan(5);
});

test('nothing more is read for a peer that has left', async () => {
  const parts = new Parts(await storeOf(512 * 40), undefined, going);
  let read = 0;
  await expect(
    parts.join(tagged('x'), (entries) => {
      read += entries;
      parts.leave(tagged('x'));
    }),
  ).rejects.toThrow('nobody needs this part');
  expect(read).toBe(512);
});

test('a block whose body comes after its header is compared from then on', async () => {
  const parts = new Parts(nothing, undefined, going);
  const part = await parts.join(tagged('tea'), () => undefined);
  const item = { timeMs: 7, digest: new Uint8Array(32).fill(7) };
  const entry = { author: 'did:key:x', kind: 'embedding/1', refs: [], tags: [], links: [], rows: 0 };
  const bare = { entry, timeMs: 7 } as unknown as StoredBlock;
  const whole = { entry: { ...entry, tags: ['tea'], rows: 1 }, timeMs: 7 } as unknown as StoredBlock;
  const facts = (block: StoredBlock): ReturnType<typeof coveredOf> => ({ entry: block.entry, timeMs: block.timeMs });
  parts.note(facts(bare), item);
  expect(part.both().size).toBe(0);
  parts.complete(facts(whole), item);
  expect(part.both().size).toBe(1);
  parts.complete(facts(whole), item);
  expect(part.both().size).toBe(1);
});

test('an answer to abuse shortens no longer ban', () => {
  const clock = createManualClock({ startMs: 1_000 });
  const reputation = new Reputation(clock, -95);
  reputation.ban('x', 86_400_000, 'by the operator');
  reputation.banAtLeast('x', 60_000, 'a signal');
  expect(reputation.of('x')).toMatchObject({ bannedUntilMs: 86_401_000, why: 'by the operator' });
  reputation.banAtLeast('x', 2 * 86_400_000, 'a signal');
  expect(reputation.of('x')).toMatchObject({ bannedUntilMs: 1_000 + 2 * 86_400_000, why: 'a signal' });
});
