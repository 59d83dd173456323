// How fast and how dearly a block gets from one node to all: 50 simulated nodes, links of 50 ms, a node's own bounds and times. Every frame counts, hellos and
// comparisons too. Goals: p99 within 5 × the diameter in latency, bytes received / needed at most 1.3.
// Usage: node bench/network/propagation.mjs [--nodes 50] [--blocks 300] [--seed 1] [--no-record]
import { parseArgs } from 'node:util';
import { simulate, linksOf, numbersOf, simulatedLimits } from '@cosmicembeddings/node/testing';
import { record } from '../record.mjs';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '50' },
    blocks: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    'no-record': { type: 'boolean' },
  },
});
const LINK_MS = 50;
const plan = {
  ...{
    seed: Number(values.seed),
    nodes: Number(values.nodes),
    blocks: Number(values.blocks),
    bodyBytes: 2000,
    faults: false,
  },
  ...{ dials: 3, latencyMs: [LINK_MS, LINK_MS], hostile: [], limits: simulatedLimits.real, stormMs: 120_000 },
};
// The same draw as the simulation's own: links are its first numbers.
const links = linksOf(plan, numbersOf(plan.seed * 7919 + plan.nodes));
const outcome = await simulate(plan);
const diameterMs = diameter(links) * LINK_MS;
const ratio = Math.round((outcome.bytes / outcome.neededBytes) * 1000) / 1000;
const result = {
  ...{ nodes: plan.nodes, blocks: plan.blocks, diameterMs, ...outcome.spreadMs },
  ...{ p99OverDiameter: Math.round((outcome.spreadMs.p99 / diameterMs) * 100) / 100, bytesPerNeeded: ratio },
  ...{ frames: outcome.frames, bytes: outcome.bytes, violations: outcome.violations, trace: outcome.trace },
};
if (values['no-record'] === true) console.log(JSON.stringify(result, null, 1));
else record(import.meta.url, 'propagation', result);

function diameter(dials) {
  const near = dials.map(() => new Set());
  dials.forEach((mine, a) => mine.forEach((b) => (near[a].add(b), near[b].add(a))));
  let most = 0;
  for (let from = 0; from < near.length; from++) {
    const at = new Map([[from, 0]]);
    for (const one of at.keys()) for (const next of near[one]) if (!at.has(next)) at.set(next, at.get(one) + 1);
    most = Math.max(most, ...at.values());
  }
  return most;
}
