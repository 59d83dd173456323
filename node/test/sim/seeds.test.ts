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
  // What holds a flood of receipts is a quota, which these worlds have not.
  const names = Object.keys(hostiles).filter((name) => name !== 'false witness');
  const nodes = 3 + Math.floor(random() * 3);
  const plan: Plan = {
    seed,
    nodes,
    blocks: 10 + Math.floor(random() * 10),
    hostile: random() < 0.5 ? [] : [names[Math.floor(random() * names.length)]!],
    faults: true,
    stormMs: 10_000,
  };
  if (random() < 0.5) return plan;
  // Some keep but one or two of three topics.
  const topics = ['tea', 'milk', 'rum'];
  const subscriptions: Record<number, { tagsAny: string[] }[]> = {};
  for (let n = 1; n < nodes; n++)
    if (random() < 0.6) subscriptions[n] = [{ tagsAny: topics.filter(() => random() < 0.5) }];
  return { ...plan, topics, subscriptions };
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
