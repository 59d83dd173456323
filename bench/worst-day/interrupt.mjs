/**
 * Ctrl-C and SIGTERM at random moments of everything that can be run: node bench/worst-day/interrupt.mjs [times=8] [seed] [blocks=3000]
 * A node ends with status 0 within its bound, a second signal ends it at once; an upkeep command ends by the signal. The
 * same command run again works, acknowledged blocks are there, nothing half-written is left. Exit status 1 when broken.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { conclude } from './conclude.mjs';
import { randomOf } from './blocks.mjs';
import { Lane, Stream } from './http-load.mjs';
import { allIds, ask, followed, run, search, start } from './live-node.mjs';
import { headOf, makeWires } from './wires.mjs';

const [times = 8, seed = Date.now() % 1_000_000, count = 3000] = process.argv.slice(2).map(Number);
const random = randomOf(seed);
const home = mkdtempSync(join(tmpdir(), 'cosmic-interrupt-'));
const folder = join(home, 'data');
const acknowledged = new Set();
const broken = [];
const outcomes = {};
let slowestStopMs = 0;
const STOP_BOUND_MS = 15_000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const signalOf = (turn) => (turn % 2 === 0 ? 'SIGINT' : 'SIGTERM');

function note(what, ended) {
  const how = ended.code === null ? ended.signal : `status ${ended.code}`;
  outcomes[what] ??= {};
  outcomes[what][how] = (outcomes[what][how] ?? 0) + 1;
}

async function each(what, work) {
  for (let turn = 0; turn < times; turn++)
    try {
      await work(turn);
    } catch (error) {
      broken.push(`${what}, turn ${turn}: ${error.message}`);
    }
  console.error(`${what}: ${JSON.stringify(outcomes[what])}`);
}

function demand(holds, what) {
  if (!holds) throw new Error(what);
}

/** Signals a node that listens; answers how it ended, which must be in order and in time. */
async function stopNode(what, node, signal) {
  const began = performance.now();
  node.kill(signal);
  const ended = await node.ended;
  const tookMs = performance.now() - began;
  slowestStopMs = Math.max(slowestStopMs, tookMs);
  note(what, ended);
  demand(ended.code === 0, `exit ${ended.code ?? ended.signal}: ${ended.err.slice(-500)}`);
  demand(tookMs < STOP_BOUND_MS, `it took ${Math.round(tookMs)} ms to stop`);
}

/** The folder opens, and what was acknowledged is there. */
async function demandWhole(data = folder) {
  const node = await start(data);
  const kept = await allIds(node.url);
  const lost = [...acknowledged].filter((id) => !kept.has(id)).length;
  await node.stop();
  demand(lost === 0, `${lost} acknowledged blocks are gone`);
}

/** Interrupts a command at a random point of its usual time; or as soon as this file is there, half-written. */
async function interrupted(what, args, signal, normalMs, half) {
  const command = run(args);
  let ended = false;
  void command.ended.then(() => (ended = true));
  if (half === undefined) await Promise.race([pause(random() * normalMs), command.ended]);
  else while (!ended && !existsSync(half)) await turnOfLoop();
  command.kill(signal);
  const { code, signal: by, err } = await command.ended;
  note(what, { code, signal: by });
  demand(code === 0 || by === signal || code === 130, `exit ${code}: ${err}`);
}

async function timed(args) {
  const began = performance.now();
  const { code, err } = await run(args).ended;
  demand(code === 0, `${args[0]}: exit ${code}: ${err}`);
  return performance.now() - began;
}

// A folder with blocks in it.
const blocks = await makeWires(count, { seed });
let at = 0;
let startMs = performance.now();
const first = await start(folder);
startMs = performance.now() - startMs;
await new Promise((resolve) => {
  const half = Math.floor(count / 2);
  new Stream(first.port, {
    take: () => (at < half ? blocks[at++].wire : undefined),
    onVerdict: (number, status) => status === 'stored' && acknowledged.add(blocks[number].id),
    onEnd: resolve,
  });
});
await followed(first.url);
await first.stop();

await each('start', async (turn) => {
  const node = run(['start', '--data', folder, '--port', '0', '--log', 'warn']);
  await Promise.race([pause(random() * startMs * 1.2), node.ended]);
  node.kill(signalOf(turn));
  const ended = await node.ended;
  note('start', ended);
  demand(ended.code === 0 || ended.signal === signalOf(turn), `exit ${ended.code}: ${ended.err}`);
  if (turn === times - 1) await demandWhole();
});

await each('import and search', async (turn) => {
  const node = await start(folder);
  const from = at;
  let stream;
  const done = new Promise((resolve) => {
    stream = new Stream(node.port, {
      take: () => (at < Math.min(count, from + 400) ? blocks[at++].wire : undefined),
      onVerdict: (number, status) => status === 'stored' && acknowledged.add(blocks[from + number].id),
      onEnd: resolve,
    });
  });
  const lane = new Lane(node.port, {
    onAnswer: (block, status) => {
      if (status === 201) acknowledged.add(block.id);
      if (lane.open && at < count) {
        const next = blocks[at++];
        lane.send(Buffer.from(headOf(next.wire.length)), next.wire, next);
      }
    },
  });
  lane.onAnswer(undefined, 0);
  void search(node.url, { text: 'worst day block', k: 10 });
  await pause(random() * 1200);
  await stopNode('import and search', node, signalOf(turn));
  stream.stop();
  lane.close();
  await done;
  await demandWhole();
});

await each('second signal', async () => {
  const node = await start(folder);
  void search(node.url, { text: 'worst day', k: 100 });
  node.kill('SIGINT');
  const began = performance.now();
  node.kill('SIGINT');
  const ended = await node.ended;
  note('second signal', ended);
  demand([0, 130].includes(ended.code), `exit ${ended.code ?? ended.signal}`);
  demand(performance.now() - began < 5_000, `it took ${Math.round(performance.now() - began)} ms`);
});

await each('index rebuild', async (turn) => {
  for (const name of ['index', 'views', 'text.sqlite', 'text.sqlite-wal', 'text.sqlite-shm'])
    rmSync(join(folder, name), { recursive: true, force: true });
  const node = await start(folder);
  await pause(random() * 500);
  await stopNode('index rebuild', node, signalOf(turn));
  if (turn === times - 1) {
    const again = await start(folder);
    const status = await followed(again.url);
    demand(status.counts.rows === status.head.count, `${status.counts.rows} rows of ${status.head.count} blocks`);
    await again.stop();
  }
});

const copy = join(home, 'backup');
let normalMs = await timed(['backup', copy, '--data', folder]);
await each('backup', async (turn) => {
  const target = join(home, `backup-${turn}`);
  const half = turn % 3 === 0 ? undefined : join(target, 'store.sqlite.part');
  await interrupted('backup', ['backup', target, '--data', folder], signalOf(turn), normalMs, half);
  if (!existsSync(join(target, 'backup.json'))) {
    const { code, err } = await run(['backup', target, '--data', folder]).ended;
    demand(code === 0, `again: exit ${code}: ${err}`);
  }
  // The file that the kernel's lock is on stays, empty: it locks nothing by being there.
  const expected = ['store.sqlite', 'backup.json', 'lock.sqlite'];
  const left = readdirSync(target).filter((name) => !expected.includes(name));
  demand(left.length === 0, `left behind: ${left}`);
  rmSync(target, { recursive: true });
});

normalMs = await timed(['restore', copy, '--data', join(home, 'restored')]);
await each('restore', async (turn) => {
  const target = join(home, `restored-${turn}`);
  const half = turn % 3 === 0 ? undefined : join(target, 'store.sqlite.part');
  await interrupted('restore', ['restore', copy, '--data', target], signalOf(turn), normalMs, half);
  if (!existsSync(join(target, 'store.sqlite'))) {
    const { code, err } = await run(['restore', copy, '--data', target]).ended;
    demand(code === 0, `again: exit ${code}: ${err}`);
  }
  if (turn === times - 1) await demandWhole(target);
  const left = readdirSync(target).filter((name) => name.includes('.part'));
  demand(left.length === 0, `left behind: ${left}`);
  rmSync(target, { recursive: true });
});

for (const what of ['vacuum', 'fsck']) {
  normalMs = await timed([what, '--data', folder]);
  await each(what, async (turn) => {
    await interrupted(what, [what, '--data', folder], signalOf(turn), normalMs);
    await timed([what, '--data', folder]);
  });
}

const victims = [...acknowledged];
normalMs = await timed(['erase', victims[0], '--data', folder]);
await each('erase', async (turn) => {
  const id = victims[turn + 1];
  await interrupted('erase', ['erase', id, '--data', folder], signalOf(turn), normalMs);
  await timed(['erase', id, '--data', folder]);
  const node = await start(folder);
  await followed(node.url);
  const { body } = await ask(`${node.url}/v2/blocks/${id}`, { headers: { accept: 'application/json' } });
  demand(body?.texts === undefined, 'the erased text is still answered');
  await node.stop();
});

const check = await run(['fsck', '--data', folder]).ended;
if (check.code !== 0) broken.push(`fsck: ${check.out}${check.err}`);
await demandWhole().catch((error) => broken.push(error.message));
const left = readdirSync(folder).filter((name) => /\.part|\.new|\.next|stale|^lock$/.test(name));
if (left.length > 0) broken.push(`left behind: ${left}`);
if (broken.length === 0) rmSync(home, { recursive: true, force: true });
conclude(
  'interrupt',
  {
    what: 'SIGINT and SIGTERM at random moments of everything',
    times,
    seed,
    n: acknowledged.size,
    dims: 64,
    outcomes,
    slowestStopMs: Math.round(slowestStopMs),
  },
  broken,
);
