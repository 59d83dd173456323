/**
 * All figures at scale, through a real node process, with peers beside it: see bench/README.md.
 * Usage: node bench/scale/run.mjs [--rows 10000,100000,1000000] [--seed 1] [--data clustered|uniform|heavy]
 *                                 [--only accept,search,restart,wide,peers] [--peer-rows 100000] [--keep]
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { record } from '../accept/record.mjs';
import { CHUNK, folderOf } from './layout.mjs';
import { measureOwn } from './own.mjs';
import { measurePeers } from './peers.mjs';
import { plot } from './plot.mjs';
import { killNodes } from './running.mjs';
import { DATA } from './vectors.mjs';

const STAGES = ['accept', 'search', 'restart', 'wide', 'peers'];
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000,100000,1000000' },
    seed: { type: 'string', default: '1' },
    data: { type: 'string', default: 'clustered' },
    only: { type: 'string', default: STAGES.join(',') },
    'peer-rows': { type: 'string', default: '100000' },
    keep: { type: 'boolean', default: false },
  },
});
const sizes = values.rows.split(',').map(Number);
const stages = new Set(values.only.split(','));
const seed = Number(values.seed);
const { data } = values;
const fault = sizes.some((rows) => !(rows > 0) || rows % CHUNK !== 0)
  ? `--rows: multiples of ${CHUNK}`
  : !DATA.includes(data)
    ? `--data: one of ${DATA.join(', ')}`
    : [...stages].some((stage) => !STAGES.includes(stage))
      ? `--only: of ${STAGES.join(', ')}`
      : !Number.isInteger(seed)
        ? '--seed: a whole number'
        : undefined;
if (fault !== undefined) {
  console.error(fault);
  process.exit(2);
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    killNodes();
    process.exit(130);
  });

const run = new Date().toISOString();
const started = performance.now();
const results = new URL('results/scale.jsonl', import.meta.url).href;
const reportAt = (rows) => (what, figures) => record(results, { run, what, data, seed, rows, dims: 384, ...figures });

try {
  if ([...stages].some((stage) => stage !== 'peers'))
    for (const rows of sizes) {
      const sizeStarted = performance.now();
      await measureOwn({ data, seed, rows, stages }, reportAt(rows));
      console.error(`${rows} rows took ${((performance.now() - sizeStarted) / 1000).toFixed(0)} s`);
    }
  if (stages.has('peers')) {
    const rows = Number(values['peer-rows']);
    await measurePeers({ data, seed, rows }, reportAt(rows));
  }
} finally {
  if (!values.keep) rmSync(folderOf(data, seed), { recursive: true, force: true });
}
console.error(`plotted: ${plot()}`);
console.error(`all took ${((performance.now() - started) / 60_000).toFixed(1)} min`);
process.exit();
