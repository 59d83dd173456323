import { describe, expect, test } from '@jest/globals';
import type { Passage } from '@cosmicembeddings/sdk/memory';
import { makeBlock, numbersOf, World } from '../../src/testing/index.js';

const NODES = 20;
const BLOCKS = Array.from({ length: 120 }, (_, n) => makeBlock(n, { bodyBytes: n % 10 === 0 ? 20_000 : 200 }));
/** Replay one: COSMIC_SEED=7 npm run jest -- node/test/sync/simulation */
const SEEDS = process.env['COSMIC_SEED'] === undefined ? [1, 2, 3] : [Number(process.env['COSMIC_SEED'])];

type Shape = 'line' | 'ring' | 'random';

function linksOf(shape: Shape, random: () => number): number[][] {
  return Array.from({ length: NODES }, (_, n) => {
    if (shape === 'random') return n === 0 ? [] : [...new Set([Math.floor(random() * n), Math.floor(random() * n)])];
    if (n === 0) return shape === 'ring' ? [NODES - 1] : [];
    return [n - 1];
  });
}

const limits = {
  reconcileMs: 30_000,
  wantMs: 5_000,
  backoffMaxMs: 10_000,
  timing: { answerMs: 10_000, silentMs: 30_000, idleMs: 10_000 },
};

async function simulate(seed: number, shape: Shape, lossy: boolean): Promise<{ world: World; tookMs: number }> {
  const random = numbersOf(seed * 1000 + shape.length);
  let calm = false;
  const passage = (): Passage => ({
    copies: !lossy || calm ? 1 : random() < 0.02 ? 0 : random() < 0.02 ? 2 : 1,
    delayMs: 5 + Math.floor(random() * 60),
  });
  const world = new World(seed, { passage });
  const links = linksOf(shape, random);
  for (let n = 0; n < NODES; n++) await world.add(links[n], { limits });
  let published = 0;
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 10; i++) await world.nodes[Math.floor(random() * NODES)]!.publish(BLOCKS[published++]!);
    await world.clock.advance(500 + random() * 2_000);
    const one = 1 + Math.floor(random() * (NODES - 1));
    const [a, b] = [one, links[one]![0] ?? 0].map((n) => world.nodes[n]!.address) as [string, string];
    if (round % 3 !== 2) world.loopback.cut(a, b);
    if (round % 4 === 1) {
      const n = Math.floor(random() * NODES);
      await world.restart(n, links[n]!, { limits }, random() * 5_000);
    }
  }
  for (const x of world.nodes) for (const y of world.nodes) world.loopback.heal(x.address, y.address);
  calm = true;
  const tookMs = await world.until(() => world.converged(BLOCKS.length), 180_000, 500);
  return { world, tookMs };
}

describe.each(['line', 'ring', 'random'] as const)('twenty nodes in a %s', (shape) => {
  test.each(SEEDS)(
    'seed %i: lost and repeated frames, cuts and restarts, then all have all',
    async (seed) => {
      const { world } = await simulate(seed, shape, true);
      const ids = world.nodes[0]!.ids();
      for (const node of world.nodes) {
        expect(node.ids()).toEqual(ids);
        const { seq, count } = await node.store.head();
        expect({ seq, count }).toEqual({ seq: BLOCKS.length, count: BLOCKS.length });
      }
      await world.close();
    },
    60_000,
  );
});

test('without loss, nobody is sent a block twice in a line, and the bytes stay near what is needed', async () => {
  const world = new World(42, { passage: () => ({ copies: 1, delayMs: 20 }) });
  for (let n = 0; n < 5; n++) await world.add(n === 0 ? [] : [n - 1]);
  await world.clock.advance(3_000);
  const quietBytes = world.bytes;
  for (const block of BLOCKS) await world.nodes[2]!.publish(block);
  await world.until(() => world.converged(BLOCKS.length), 10_000, 50);
  for (const node of world.nodes) expect([...node.verdicts.keys()].filter((name) => name !== 'stored')).toEqual([]);
  const needed = BLOCKS.reduce((sum, block) => sum + block.length, 0) * 4;
  expect((world.bytes - quietBytes) / needed).toBeLessThan(1.3);
  await world.close();
});
