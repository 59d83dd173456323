/**
 * The wall clock of a node jumps forward a year and back a day while it accepts, follows, searches and has a peer:
 * node bench/worst-day/clock.mjs [rounds=3] [alone]. Nothing may hang, nothing acknowledged be lost; what is early is `later` and
 * accepted when its time has come, what is too old is refused by its rule. Exit status 1 when a promise is broken.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { conclude } from './conclude.mjs';
import { allIds, ask, followed, publish, run, search, start, until } from './live-node.mjs';
import { blockMaker } from './wires.mjs';

const rounds = Number(process.argv[2] ?? 3);
/** Without a peer, which takes its time to come back after a jump. */
const alone = process.argv[3] === 'alone';
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const home = mkdtempSync(join(tmpdir(), 'cosmic-clock-'));
const shiftFile = join(home, 'shift');
const folder = join(home, 'data');
mkdirSync(folder);
writeFileSync(join(folder, 'config.json'), JSON.stringify({ policy: { maxAgeMs: 30 * DAY_MS } }));
const preload = pathToFileURL(join(import.meta.dirname, 'clock-shift.mjs')).href;
const shifted = { flags: ['--import', preload], env: { CLOCK_SHIFT_FILE: shiftFile } };
const checks = [];
const broken = [];
let shiftMs = 0;

function demand(holds, what) {
  if (!holds) throw new Error(what);
}

/** Sets the clock and waits until the node's log-free face shows it: the time of its problem answers is not enough, so twice the look. */
async function setClock(ms) {
  shiftMs = ms;
  writeFileSync(shiftFile, String(ms));
  await new Promise((resolve) => setTimeout(resolve, 150));
}

const makers = new Map();
let made = 0;
async function blockAt(timeMs, dims = 32) {
  if (!makers.has(dims)) makers.set(dims, blockMaker({ seed: 100 + dims, dims }));
  made += 1;
  return makers.get(dims)({ timeMs: timeMs + (made % 1000) });
}
const nodeNow = () => Date.now() + shiftMs;

const acknowledged = new Set();
async function give(url, block, expected = 201) {
  const answer = await publish(url, block.wire);
  demand(answer.status === expected, `expected ${expected}, got ${answer.status} ${answer.text.slice(0, 300)}`);
  if (expected === 201) acknowledged.add(block.id);
  return answer;
}

/** Followers come to the head, the words and the vectors of the last block are found, in a bounded time. */
async function demandFound(url, block, what) {
  await followed(url, 20_000).catch((error) => demand(false, `${what}: ${error.message}`));
  const words = await search(url, { text: block.word, mode: 'words', k: 3 });
  demand(words.body?.hits?.[0]?.id === block.id, `${what}: not found by words: ${words.text.slice(0, 200)}`);
  const near = await search(url, { like: { id: block.id }, mode: 'vectors', k: 3 });
  demand(near.status === 200, `${what}: near: ${near.status}`);
}

async function check(name, work) {
  const began = performance.now();
  await work();
  checks.push({ name, ms: Math.round(performance.now() - began) });
  console.error(`${name}: holds`);
}

try {
  await setClock(0);
  const node = await start(folder, shifted);
  const other = await start(join(home, 'other'), { args: ['--peer', node.url] });
  const passedOn = (block, what) =>
    alone ||
    until(
      async () => (await ask(`${other.url}/v2/blocks/${block.id}`)).status === 200,
      `${what}: the peer has the block`,
      60_000,
    );
  const first = await blockAt(Date.now() - 1000);
  await give(node.url, first);
  await demandFound(node.url, first, 'at first');
  await passedOn(first, 'at first');

  for (let round = 0; round < rounds; round++) {
    let early;
    await check(`back a day (${round})`, async () => {
      // In the midst of publishing.
      const under = Promise.all(
        Array.from({ length: 50 }, async () => {
          const block = await blockAt(Date.now() - 2 * DAY_MS);
          return give(node.url, block);
        }),
      );
      await setClock(-DAY_MS);
      await under;
      early = await blockAt(Date.now() - 60_000);
      const answer = await give(node.url, early, 425);
      const retryAfter = Number(answer.headers.get('retry-after'));
      demand(retryAfter > 3600 && retryAfter <= 86_400, `Retry-After ${retryAfter}`);
      const block = await blockAt(nodeNow() - 1000);
      await give(node.url, block);
      await demandFound(node.url, block, 'back a day');
      await passedOn(block, 'back a day');
    });
    await check(`a new space after the jump (${round})`, async () => {
      const block = await blockAt(nodeNow() - 1000, 33 + round);
      await give(node.url, block);
      await demandFound(node.url, block, 'new space');
      const { body } = await search(node.url, { like: { id: first.id }, mode: 'vectors', k: 3 });
      demand(body.hits.length > 0, 'nothing near');
    });
    await check(`and forth again (${round})`, async () => {
      await setClock(0);
      await give(node.url, early);
      await demandFound(node.url, early, 'forth again');
      await passedOn(early, 'forth again');
    });
    await check(`forward a year (${round})`, async () => {
      const present = await blockAt(Date.now() - 1000);
      const under = Promise.all(
        Array.from({ length: 50 }, async () => give(node.url, await blockAt(Date.now() - 2 * DAY_MS)).catch((e) => e)),
      );
      await setClock(YEAR_MS);
      // Before the jump they are accepted, after it refused by their age: nothing in between.
      for (const one of await under)
        demand(!(one instanceof Error) || /policy\.refused/.test(one.message), `in between: ${one.message}`);
      const refused = await give(node.url, present, 403);
      demand(/age/i.test(refused.text), `the refusal does not name the rule: ${refused.text}`);
      const block = await blockAt(nodeNow() - 1000);
      await give(node.url, block);
      await demandFound(node.url, block, 'forward a year');
      await setClock(0);
      // Of a wrong clock nothing stays behind: what was refused as too old is taken now.
      await give(node.url, present);
      await demandFound(node.url, present, 'the present again');
      await passedOn(present, 'the present again');
    });
  }
  await check('killed and started under another time', async () => {
    await setClock(-DAY_MS);
    node.kill('SIGKILL');
    await node.ended;
    const again = await start(folder, shifted);
    const block = await blockAt(nodeNow() - 1000);
    await give(again.url, block);
    await demandFound(again.url, block, 'started a day ago');
    const kept = await allIds(again.url);
    const lost = [...acknowledged].filter((id) => !kept.has(id)).length;
    demand(lost === 0, `${lost} acknowledged blocks are gone`);
    const ended = await again.stop();
    demand(ended.code === 0, `stopping: exit ${ended.code}: ${ended.err}`);
  });
  await other.stop();
  const sound = await run(['fsck', '--data', folder]).ended;
  demand(sound.code === 0, `fsck: ${sound.out}${sound.err}`);
} catch (error) {
  broken.push(error.message);
}
rmSync(home, { recursive: true, force: true });
conclude(
  'clock',
  {
    what: 'jumps of the wall clock',
    rounds,
    n: acknowledged.size,
    dims: 32,
    checks,
  },
  broken,
);
