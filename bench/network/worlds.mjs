// A world of 1,000 simulated nodes that loses frames, cuts, crashes and has bad peers: do all agree, how long does it take, what does it cost?
// Usage: node bench/network/worlds.mjs [--nodes 1000] [--seed 1] [--no-record]
import { parseArgs } from 'node:util';
import { simulate } from '@cosmicembeddings/node/testing';
import { record } from '../record.mjs';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
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
const before = process.cpuUsage();
const outcome = await simulate(plan);
const { user, system } = process.cpuUsage(before);
const result = {
  nodes: plan.nodes,
  cpuSeconds: Math.round((user + system) / 1e5) / 10,
  rssMB: Math.round(process.memoryUsage.rss() / 1e6),
  ...outcome,
};
if (values['no-record'] === true) console.log(JSON.stringify(result, null, 1));
else record(import.meta.url, 'worlds', result);
if (outcome.violations.length > 0) process.exitCode = 1;
