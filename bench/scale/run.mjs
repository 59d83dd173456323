/**
 * All figures at scale, through a real node process, with peers beside it: see bench/README.md.
 * Usage: node bench/scale/run.mjs [--rows 10000,100000,1000000] [--seed 1] [--data clustered|uniform|heavy|npl|glove] [--dims 384]
 *                                 [--spaces 1] [--only STAGE,…] [--peer-rows 100000] [--strfry PATH] [--keep]
 * Stages: accept, search, restart, wide (our node at each of `--rows`); parts, peers, chroma, pgvector, strfry (at `--peer-rows`).
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';

const OWN = ['accept', 'search', 'restart', 'wide'];
const BESIDE = ['parts', 'peers', 'chroma', 'pgvector', 'strfry'];
const STAGES = [...OWN, ...BESIDE];
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000,100000,1000000' },
    seed: { type: 'string', default: '1' },
    data: { type: 'string', default: 'clustered' },
    dims: { type: 'string' },
    spaces: { type: 'string', default: '1' },
    only: { type: 'string', default: STAGES.join(',') },
    'peer-rows': { type: 'string', default: '100000' },
    strfry: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const { data } = values;
const { dimsOf, REAL } = await import('./real.mjs');
// All processes of the bench read these.
process.env.BENCH_DIMS = String(REAL.includes(data) ? dimsOf(data) : (values.dims ?? 384));
process.env.BENCH_SPACES = values.spaces;
const sizes = values.rows.split(',').map(Number);
const stages = new Set(values.only.split(','));
const seed = Number(values.seed);
const { CHUNK, DIMS, folderOf } = await import('./layout.mjs');
const { DATA } = await import('./vectors.mjs');
const beside = Number(values['peer-rows']);
const fault = [...sizes, beside].some((rows) => !(rows > 0) || rows % CHUNK !== 0)
  ? `--rows, --peer-rows: multiples of ${CHUNK}`
  : !DATA.includes(data)
    ? `--data: one of ${DATA.join(', ')}`
    : [...stages].some((stage) => !STAGES.includes(stage))
      ? `--only: of ${STAGES.join(', ')}`
      : !Number.isInteger(seed)
        ? '--seed: a whole number'
        : ![Number(values.spaces), DIMS].every((n) => Number.isInteger(n) && n > 0)
          ? '--dims, --spaces: whole numbers from 1 on'
          : values.spaces !== '1' && [...stages].some((stage) => !['accept', 'search', 'restart'].includes(stage))
            ? '--spaces: with --only accept,search,restart'
            : undefined;
if (fault !== undefined) {
  console.error(fault);
  process.exit(2);
}

const { record } = await import('../accept/record.mjs');
const { runClient } = await import('./client.mjs');
const { makeChunks } = await import('./made.mjs');
const { measureOwn } = await import('./own.mjs');
const { measurePeers } = await import('./peers.mjs');
const { plot } = await import('./plot.mjs');
const { killNodes } = await import('./running.mjs');
const { killPeers, measureServers, SERVERS } = await import('./wire/measure.mjs');
const { measureStrfry } = await import('./wire/strfry.mjs');

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    killNodes();
    killPeers();
    process.exit(130);
  });

const run = new Date().toISOString();
const started = performance.now();
const results = new URL('results/scale.jsonl', import.meta.url).href;
const shape = { dims: DIMS, ...(values.spaces === '1' ? {} : { spaces: Number(values.spaces) }) };
const reportAt = (rows) => (what, figures) => record(results, { run, what, data, seed, rows, ...shape, ...figures });
const timed = async (name, work) => {
  const since = performance.now();
  await work();
  console.error(`${name} took ${((performance.now() - since) / 1000).toFixed(0)} s`);
};

try {
  if (OWN.some((stage) => stages.has(stage)))
    for (const rows of sizes)
      await timed(`${rows} rows`, () => measureOwn({ data, seed, rows, stages }, reportAt(rows)));
  const made = { data, seed, rows: beside };
  const report = reportAt(beside);
  if (stages.has('parts'))
    await timed('parts', async () => {
      await makeChunks({ data, seed, to: beside / CHUNK });
      report('parts', await runClient('./parts.mjs', made));
    });
  const servers = Object.keys(SERVERS).filter((name) => stages.has(name));
  await measureServers({ ...made, servers }, report);
  if (stages.has('strfry')) await timed('strfry', () => measureStrfry({ binary: values.strfry, seed }, report));
  if (stages.has('peers')) await measurePeers(made, report);
} finally {
  killPeers();
  if (!values.keep) rmSync(folderOf(data, seed), { recursive: true, force: true });
}
console.error(`plotted: ${plot()}`);
console.error(`all took ${((performance.now() - started) / 60_000).toFixed(1)} min`);
process.exit();
