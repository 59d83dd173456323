/**
 * What a search costs each thread of a node: the store is built once and kept, the same questions are asked as in bench/scale
 * (that bench's rows, blocks and truths). By vector, k = 10: 20 clients, one client, one client with a tag that 1 % carries; by words and vector
 * (`hybrid`): the first question, which loads the words, and 20 clients.
 * Usage: node bench/search/cost.mjs STORE [--rows 100000] [--seconds 5] [--only many,one,filtered,hybrid] [--node path/to/bin.js]
 * `--node` measures another build. CPU is read from /proc (Linux), to a hundredth of a second.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { record } from '../accept/record.mjs';
import { runClient } from '../scale/client.mjs';
import { CHUNK, QUESTIONS } from '../scale/layout.mjs';
import { blockFiles, makeChunks, recallIn, truthOf } from '../scale/made.mjs';
import { killNodes, startOn, untilAtRest } from '../scale/running.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'many,one,filtered,hybrid' },
    node: { type: 'string' },
  },
});
const [folder] = positionals;
if (folder === undefined) {
  console.error('name a folder for the store');
  process.exit(2);
}
if (values.node !== undefined) process.env.BENCH_NODE_BIN = values.node;
const rows = Number(values.rows);
const limitSeconds = Number(values.seconds);
const made = { data: 'clustered', seed: 1 };
const WARM = 500;

const isBuilt = existsSync(folder) && readdirSync(folder).length > 0;
await makeChunks({ ...made, to: rows / CHUNK });
const node = await startOn(folder);
process.once('exit', killNodes);
const started = performance.now();
if (!isBuilt)
  await runClient('./feed.mjs', { url: node.url, files: blockFiles({ ...made, to: rows / CHUNK }), window: CHUNK });
const { atRestSeconds } = await untilAtRest(node, started);
console.error(`at rest after ${atRestSeconds.toFixed(1)} s`);

/** CPU ms of each thread so far, by thread id; the first is the main thread. */
function threads() {
  return new Map(
    readdirSync(`/proc/${node.pid}/task`).map((id) => {
      const [utime, stime] = readFileSync(`/proc/${node.pid}/task/${id}/stat`, 'utf8')
        .split(') ')[1]
        .split(' ')
        .slice(11, 13)
        .map(Number);
      return [Number(id), (utime + stime) * 10];
    }),
  );
}

async function ask(what, job, truth) {
  let before;
  const at = { port: Number(new URL(node.url).port) };
  const told = { peer: 'own', at, ...made, keep: 0, limitSeconds, ...job };
  const { answers, ...figures } = await runClient('../scale/ask.mjs', told, () => (before = threads()));
  const spent = [...threads()].map(([id, ms]) => [id, (ms - (before.get(id) ?? 0)) / figures.questions]);
  const round = (x) => Number(x.toFixed(3));
  const [[, main], ...others] = spent;
  others.sort(([, a], [, b]) => b - a);
  return {
    what,
    rows,
    ...figures,
    cpuMs: round(spent.reduce((sum, [, ms]) => sum + ms, 0)),
    // The busiest beside the main one while vectors are looked for is the index worker.
    mainMs: round(main),
    indexMs: round(others[0][1]),
    restMs: round(others.slice(1).reduce((sum, [, ms]) => sum + ms, 0)),
    rest: others
      .slice(1)
      .map(([id, ms]) => `${id - node.pid}:${round(ms)}`)
      .filter((x) => !x.endsWith(':0'))
      .join(' '),
    ...(job.keep > 0 ? { recallAt10: recallIn(answers, truth, made) } : {}),
  };
}

const only = new Set(values.only.split(','));
const build = values.node === undefined ? {} : { build: values.node };
const report = (figures) => record(new URL('results/cost.jsonl', import.meta.url).href, { ...build, ...figures });
const truth = truthOf({ ...made, rows });
await ask('warm', { skip: QUESTIONS, count: WARM, clients: 20 });
if (only.has('many')) report(await ask('many', { skip: 0, count: 12_000, clients: 20, keep: QUESTIONS }, truth.all));
if (only.has('one')) report(await ask('one', { skip: 12_000, count: 4_000, clients: 1 }));
if (only.has('filtered')) {
  await ask('warm', { skip: QUESTIONS, count: 50, clients: 1, filtered: true });
  report(await ask('filtered', { skip: 0, count: 4_000, clients: 1, filtered: true, keep: QUESTIONS }, truth.rare));
}
if (only.has('hybrid')) {
  report(await ask('hybrid, the first', { skip: 0, count: 1, clients: 1, hybrid: true }));
  await ask('warm', { skip: QUESTIONS, count: WARM, clients: 20, hybrid: true });
  report(await ask('hybrid', { skip: 0, count: 8_000, clients: 20, hybrid: true }));
}
await node.stop();
process.exit();
