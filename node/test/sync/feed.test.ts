import { afterEach, describe, expect, test } from '@jest/globals';
import { Bootstrap } from '../../src/sync/bootstrap.js';
import type { FeedFile, FeedPlace } from '../../src/sync/index.js';
import { makeBlock, World, type NodeOptions } from '../../src/testing/index.js';

const BLOCKS = Array.from({ length: 900 }, (_, n) => makeBlock(n, { bodyBytes: n % 300 === 7 ? 400_000 : 500 }));
const limits = { feedMin: 100 };
let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** One node with all blocks, on a line that takes a while. */
async function full(seed: number, delayMs = 5): Promise<World> {
  world = new World(seed, { passage: () => ({ copies: 1, delayMs }) });
  await world.add();
  for (const block of BLOCKS) await world.nodes[0]!.publish(block);
  return world;
}

function keeping(): FeedFile & { place: FeedPlace | undefined; saves: number } {
  const file = {
    place: undefined as FeedPlace | undefined,
    saves: 0,
    load: async () => file.place,
    save: async (place: FeedPlace | undefined) => {
      file.place = place;
      file.saves += 1;
    },
  };
  return file;
}

const verdicts = (n: number) => Object.fromEntries(world!.nodes[n]!.verdicts);

describe('a node that has nothing', () => {
  test('takes all in bulk, each block once, and compares for the rest', async () => {
    const { nodes } = await full(1);
    const feedFile = keeping();
    await world!.add([0], { limits, feedFile });
    await world!.until(() => world!.nodes[1]!.store.blocks().length === BLOCKS.length, 20_000, 50);
    await world!.until(() => nodes[1]!.peers.status()[0]!.reconciledMs !== undefined, 20_000);
    expect(verdicts(1)).toEqual({ stored: BLOCKS.length });
    // In the other's order: nothing of it was asked for by its id.
    expect(nodes[1]!.store.blocks().map(({ id }) => id)).toEqual(nodes[0]!.store.blocks().map(({ id }) => id));
    expect(feedFile.saves).toBeGreaterThan(1);
    expect(feedFile.place).toBeUndefined();
  });

  test('asks no other for it meanwhile, and finds what only that one has', async () => {
    await full(2, 20);
    await world!.add([], {});
    for (const block of BLOCKS.slice(0, 500)) await world!.nodes[1]!.publish(block);
    const own = makeBlock(5000);
    await world!.nodes[1]!.publish(own);
    await world!.add([0, 1], { limits });
    await world!.until(() => world!.nodes[2]!.store.blocks().length === BLOCKS.length + 1, 30_000, 50);
    expect(verdicts(2)).toEqual({ stored: BLOCKS.length + 1 });
  });

  test('gets what is published while it is fed', async () => {
    await full(3, 20);
    await world!.add([0], { limits });
    await world!.until(() => world!.nodes[1]!.store.blocks().length > 100, 20_000, 1);
    expect(world!.nodes[1]!.store.blocks().length).toBeLessThan(BLOCKS.length);
    for (let n = 0; n < 50; n++) await world!.nodes[0]!.publish(makeBlock(6000 + n));
    await world!.until(() => world!.nodes[1]!.store.blocks().length === BLOCKS.length + 50, 30_000, 50);
    expect(verdicts(1)).toEqual({ stored: BLOCKS.length + 50 });
  });

  test('goes on where it was when it crashed', async () => {
    await full(4, 30);
    const options: NodeOptions = { limits, feedFile: keeping() };
    await world!.add([0], options);
    await world!.until(() => world!.nodes[1]!.store.blocks().length > 200, 30_000, 20);
    await world!.crash(1, [0], options, 1_000);
    const durable = world!.nodes[1]!.store.blocks().length;
    expect(durable).toBeLessThan(BLOCKS.length);
    await world!.until(() => world!.nodes[1]!.store.blocks().length === BLOCKS.length, 60_000, 50);
    const { stored, known = 0 } = verdicts(1) as { stored: number; known?: number };
    expect(stored).toBe(BLOCKS.length);
    // No more than was under way and not marked yet.
    expect(known).toBeLessThan(durable);
  });
});

describe('a place that leads nowhere', () => {
  const places: [string, (epoch: string) => FeedPlace['upTo']][] = [
    ['of another life of the store', () => ({ epoch: 'before the backup', seq: 10 })],
    ['of the future', (epoch) => ({ epoch, seq: 10_000 })],
  ];
  test.each(places)('%s: it is told so, nothing is given from elsewhere, the sets are compared', async (_, upTo) => {
    await full(5);
    const feedFile = keeping();
    feedFile.place = { peer: world!.nodes[0]!.did, upTo: upTo('epoch-0') };
    await world!.add([], { limits });
    for (const block of BLOCKS.slice(100)) await world!.nodes[1]!.publish(block);
    const closing = world!.nodes[1]!.peers.close();
    await world!.clock.advance(3_000);
    await closing;
    world!.nodes[1]!.peers = world!.peersOf(1, [0], { limits, feedFile });
    await world!.nodes[1]!.peers.start();
    await world!.until(() => world!.nodes[1]!.store.blocks().length === BLOCKS.length, 20_000);
    expect(verdicts(1)).toEqual({ stored: 100 });
    await world!.until(() => feedFile.place === undefined, 5_000);
  });
});

test('a feed that stands still ends the connection and leaves the others free', async () => {
  await full(6);
  await world!.add();
  for (const block of BLOCKS) await world!.nodes[1]!.publish(block);
  const { store } = world!.nodes[0]!;
  const tail = store.tail.bind(store);
  let goOn: (() => void) | undefined;
  store.tail = async (cursor, max, wants) => {
    if (wants === undefined) await new Promise<void>((resolve) => (goOn = resolve));
    return tail(cursor, max, wants);
  };
  await world!.add([0], { limits });
  await world!.clock.advance(1_000);
  await world!.nodes[2]!.peers.add(world!.nodes[1]!.address);
  await world!.until(() => world!.nodes[2]!.store.blocks().length === BLOCKS.length, 120_000);
  expect(goOn).toBeDefined();
  goOn!();
});

test('peers that take turns at promising much and giving little hold back comparing with others once, not for ever', () => {
  const bootstrap = new Bootstrap({ feedMin: 100, feedMs: 600_000 }, undefined, () => undefined);
  const much = { theirs: 1_000_000, ours: 0 };
  expect(bootstrap.begin('line 1', 'liar 1', much, 0)).toEqual({});
  expect(bootstrap.holdsBack('honest', 500_000)).toBe(true);
  bootstrap.end('line 1', false);
  expect(bootstrap.begin('line 2', 'liar 2', much, 550_000)).toEqual({});
  expect(bootstrap.holdsBack('honest', 599_000)).toBe(true);
  expect(bootstrap.holdsBack('honest', 601_000)).toBe(false);
  bootstrap.end('line 2', true);
  expect(bootstrap.begin('line 3', 'liar 3', much, 700_000)).toEqual({});
  expect(bootstrap.holdsBack('honest', 700_001)).toBe(false);
});
