import { afterEach, expect, test } from '@jest/globals';
import { meetingOf } from '../../src/sync/index.js';
import { makeBlock, World } from '../../src/testing/index.js';

const open: World[] = [];
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

function worldOf(seed: number): World {
  const world = new World(seed);
  open.push(world);
  return world;
}

test('slow-loris: those who never say a word keep nobody out, and are left', async () => {
  const world = worldOf(70);
  const victim = await world.add([], { limits: { arrivalsPerSecond: 500, arrivalsBurst: 500 } });
  for (let n = 0; n < 20; n++) await victim.publish(makeBlock(n));
  // As many as there are places, from two networks; what they would say has not come yet, and never does.
  for (let n = 0; n < 150; n++) {
    await world.loopback.network(`ws://12.0.${n % 2}.${n}`).dial(victim.address);
    await world.clock.advance(10);
  }
  const honest = await world.add([0]);
  await world.until(() => honest.store.blocks().length === 20, 5_000);
  await world.clock.advance(15_000);
  expect(victim.peers.status().map(({ state, proven }) => [state, proven])).toEqual([['connected', true]]);
});

test('eclipse: one network that offers itself at every door gets one of the places dialled, and none that are kept for known ones', async () => {
  const world = worldOf(71);
  const at = (address: string) => ({
    address,
    meeting: meetingOf({}),
    limits: { meetMs: 1_000, exchangeMs: 5_000, arrivalsPerSecond: 500, arrivalsBurst: 500 },
    rules: { ownAddresses: [address] },
  });
  const [HONEST, BAD] = [4, 9];
  for (let n = 0; n < HONEST; n++) await world.add(n === 0 ? [] : [0], at(`ws://11.0.${n}.1/v2/peer`));
  // They keep nothing, pass nothing on, and tell of each other.
  for (let n = 0; n < BAD; n++)
    await world.add(n === 0 ? [] : [HONEST], { ...at(`ws://12.0.0.${n + 1}/v2/peer`), refuse: () => true });
  for (let n = 1; n < HONEST; n++) await world.nodes[0]!.peers.add(`ws://11.0.${n}.1/v2/peer`);
  for (let n = 1; n < BAD; n++) await world.nodes[HONEST]!.peers.add(`ws://12.0.0.${n + 1}/v2/peer`);
  await world.clock.advance(10_000);
  const victim = await world.add([0, HONEST], at('ws://13.0.0.1/v2/peer'));
  for (let n = 0; n < 120; n++) await world.stranger(`12.0.0.${100 + n}`, victim, 500 + n);
  await world.clock.advance(90_000);
  const dialled = victim.peers
    .status()
    .filter(({ direction, state }) => direction === 'out' && state === 'connected')
    .map(({ address }) => address);
  expect(dialled.filter((address) => address.includes('//12.0.0.'))).toHaveLength(1);
  expect(dialled.filter((address) => address.includes('//11.0.'))).toHaveLength(HONEST);
  expect(victim.peers.status().filter(({ direction }) => direction === 'in').length).toBeLessThanOrEqual(128 - 32);
  // Whom it knew from the beginning is gone; what the others publish still comes.
  world.loopback.cut(victim.address, world.nodes[0]!.address);
  const block = makeBlock(1);
  await world.nodes[HONEST - 1]!.publish(block);
  await world.until(() => victim.store.blocks().length === 1, 10_000);
});
