import { describe, expect, test } from '@jest/globals';
import { makeBlock, World } from './world.ts';

const BLOCKS = Array.from({ length: 40 }, (_, n) => makeBlock(n));

describe('peers', () => {
  test('a block published at one end of a line reaches the other end, once', async () => {
    const world = new World(1);
    for (const links of [[], [0], [1]]) await world.add(links);
    await world.clock.advance(2_000);
    await world.nodes[0]!.publish(BLOCKS[0]!);
    await world.until(() => world.converged(1), 3_000, 10);
    expect([...world.nodes[2]!.verdicts]).toEqual([['stored', 1]]);
    expect([...world.nodes[1]!.verdicts]).toEqual([['stored', 1]]);
    expect(world.nodes[2]!.peers.status()).toMatchObject([{ state: 'connected', direction: 'out', received: 1, sent: 0, node: world.nodes[1]!.did }]);
    await world.close();
  });

  test('what was published before anybody met is found by reconciliation, both ways', async () => {
    const world = new World(2);
    await world.add();
    for (const block of BLOCKS.slice(0, 20)) await world.nodes[0]!.publish(block);
    await world.add();
    for (const block of BLOCKS.slice(15, 40)) await world.nodes[1]!.publish(block);
    await world.nodes[1]!.peers.add('http://node0');
    await world.until(() => world.converged(40), 10_000);
    expect(world.nodes[0]!.ids()).toEqual(world.nodes[1]!.ids());
    expect([...world.nodes[0]!.verdicts]).toEqual([['stored', 20]]);
    await world.close();
  });

  test('a node that was away catches up, and what it took in meanwhile gets out', async () => {
    const world = new World(3);
    for (const links of [[], [0], [1]]) await world.add(links);
    await world.clock.advance(2_000);
    const closing = world.nodes[1]!.peers.close();
    await world.clock.advance(3_000);
    await closing;
    for (const block of BLOCKS.slice(0, 10)) await world.nodes[0]!.publish(block);
    for (const block of BLOCKS.slice(10, 20)) await world.nodes[2]!.publish(block);
    await world.clock.advance(60_000);
    world.nodes[1]!.peers = world.peersOf(1, [0]);
    await world.nodes[1]!.peers.start();
    await world.until(() => world.converged(20), 120_000);
    await world.close();
  });
});
