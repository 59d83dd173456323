import { expect, test } from '@jest/globals';
import { hostiles, numbersOf, simulate, type Plan } from '../../src/testing/index.js';

/** Replay one: COSMIC_SEED=7 npm run jest -- node/test/sim/seeds */
const only = process.env['COSMIC_SEED'];
const SEEDS = only === undefined ? 200 : 1;
const FIRST = only === undefined ? 1 : Number(only);
const GROUP = 20;

/** A small world: some nodes, one or no bad peer, a network that loses, repeats, cuts and crashes. */
export function planOf(seed: number): Plan {
  const random = numbersOf(seed);
  const names = Object.keys(hostiles);
  return {
    seed,
    nodes: 3 + Math.floor(random() * 3),
    blocks: 10 + Math.floor(random() * 10),
    hostile: random() < 0.5 ? [] : [names[Math.floor(random() * names.length)]!],
    faults: true,
    stormMs: 10_000,
  };
}

const groups = Array.from({ length: Math.ceil(SEEDS / GROUP) }, (_, g) => FIRST + g * GROUP);

test.each(groups)(
  'small worlds from seed %i on',
  async (first) => {
    for (let seed = first; seed < Math.min(first + GROUP, FIRST + SEEDS); seed++) {
      const plan = planOf(seed);
      const { violations } = await simulate(plan);
      const replay = `COSMIC_SEED=${seed} npm run jest -- node/test/sim/seeds   (${JSON.stringify(plan)})`;
      expect(violations.length === 0 ? '' : `${violations.join('; ')}\nreplay: ${replay}`).toBe('');
    }
  },
  120_000,
);
