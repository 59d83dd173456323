// A world of 1,000 simulated nodes that loses frames, cuts, crashes and has bad peers: do all agree, how long does it take, what does it cost?
// With `--parts .5` half of the nodes keep but one or two of four topics, and a quarter of the blocks are of one that none of them keeps.
// Usage: node bench/network/worlds.mjs [--nodes 1000] [--seed 1] [--parts 0] [--no-record]
import { parseArgs } from 'node:util';
import { numbersOf, simulate } from '@cosmicembeddings/node/testing';
import { record } from '../record.mjs';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    parts: { type: 'string', default: '0' },
    'no-record': { type: 'boolean' },
  },
});
const plan = {
  ...{
    seed: Number(values.seed),
    nodes: Number(values.nodes),
    blocks: 30,
    bodyBytes: 2000,
    faults: false,
    dials: 4,
    latencyMs: [10, 60],
  },
  ...{
    loss: 0.002,
    cuts: 0.2,
    crashes: 0.1,
    restarts: 0.1,
    hostile: ['forger', 'withholder'],
    stormMs: 20_000,
    healMs: 180_000,
  },
};
const parts = Number(values.parts);
if (parts > 0) {
  const random = numbersOf(plan.seed);
  plan.topics = ['tea', 'milk', 'rum', 'rye'];
  plan.subscriptions = {};
  for (let n = 1; n < plan.nodes; n++) {
    const tagsAny = plan.topics.slice(0, 3).filter(() => random() < 0.5);
    if (random() < parts) plan.subscriptions[n] = [{ tagsAny }];
  }
}
const before = process.cpuUsage();
const outcome = await simulate(plan);
const { user, system } = process.cpuUsage(before);
const result = {
  nodes: plan.nodes,
  ...(parts > 0 ? { keepingParts: Object.keys(plan.subscriptions).length } : {}),
  cpuSeconds: Math.round((user + system) / 1e5) / 10,
  rssMB: Math.round(process.memoryUsage.rss() / 1e6),
  ...outcome,
};
if (values['no-record'] === true) console.log(JSON.stringify(result, null, 1));
else record(import.meta.url, parts > 0 ? 'parts' : 'worlds', result);
if (outcome.violations.length > 0) process.exitCode = 1;
