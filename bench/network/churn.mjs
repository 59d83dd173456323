// 24 simulated hours in which nodes go and come and bad peers call: does memory grow? Blocks are published in the first hour alone, so that what grows
// afterwards is not what is kept. Goal: no growth of the heap after warm-up (4 hours).
// Usage: node --expose-gc bench/network/churn.mjs [--hours 24] [--nodes 12] [--no-record]
import { parseArgs } from 'node:util';
import { simulate, simulatedLimits } from '@cosmicembeddings/node/testing';
import { record } from '../record.mjs';

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '24' },
    nodes: { type: 'string', default: '12' },
    'no-record': { type: 'boolean' },
  },
});
if (globalThis.gc === undefined) throw new Error('start it with node --expose-gc');
const HOUR_MS = 3_600_000;
const hours = Number(values.hours);
const samples = [];
let startMs;
let stormMs = HOUR_MS;
const outcome = await simulate(
  {
    ...{
      seed: 1,
      nodes: Number(values.nodes),
      blocks: 200,
      bodyBytes: 1000,
      faults: false,
      dials: 3,
      latencyMs: [10, 60],
    },
    ...{ hostile: ['forger'], churn: { upMs: 20 * 60_000, downMs: 2 * 60_000 }, limits: simulatedLimits.real },
    ...{ stormMs: hours * HOUR_MS, publishMs: stormMs },
  },
  {
    onStep: (world) => {
      startMs ??= world.clock.now();
      if (world.clock.now() - startMs < (samples.length + 1) * HOUR_MS) return;
      globalThis.gc();
      samples.push(Math.round(process.memoryUsage().heapUsed / 1e4) / 100);
      console.error(`hour ${samples.length}: ${samples.at(-1)} MB`);
    },
  },
);
const warm = samples.slice(4);
const half = Math.floor(warm.length / 2);
const mean = (list) => Math.round((list.reduce((sum, x) => sum + x, 0) / list.length) * 100) / 100;
const { spreadMs: _, ...rest } = outcome;
const result = {
  hours,
  heapMB: samples,
  firstHalfMB: mean(warm.slice(0, half)),
  secondHalfMB: mean(warm.slice(half)),
  ...rest,
};
if (values['no-record'] === true) console.log(JSON.stringify(result, null, 1));
else record(import.meta.url, 'churn', result);
