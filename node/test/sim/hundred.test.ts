import { expect, test } from '@jest/globals';
import { simulate } from '../../src/testing/index.js';

/** Replay: COSMIC_SEED=7 npm run jest -- node/test/sim/hundred */
const seed = Number(process.env['COSMIC_SEED'] ?? 1);

test('a hundred nodes agree after loss, cuts, crashes and bad peers', async () => {
  const outcome = await simulate({
    ...{ seed, nodes: 100, blocks: 30, faults: false, dials: 3, latencyMs: [10, 60], loss: 0.005 },
    ...{ cuts: 0.1, crashes: 0.07, restarts: 0.05, hostile: ['forger', 'withholder'], stormMs: 15_000 },
  });
  expect(outcome).toMatchObject({ converged: true, violations: [] });
  expect(outcome.published).toBeGreaterThan(25);
}, 240_000);
