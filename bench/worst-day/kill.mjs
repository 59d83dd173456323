// Kills a writing process at random moments and checks the store each time: node bench/worst-day/kill.mjs [rounds] [seed] [engine]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSqlite } from '../../node/dist/store/sqlite/index.js';
import { blockOf, randomOf } from './blocks.mjs';

const rounds = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const engine = process.argv[4] ?? 'auto';
const random = randomOf(seed);
const folder = mkdtempSync(join(tmpdir(), 'cosmic-kill-'));
const put = new Set();
const erased = new Set();
const started = Date.now();
let verdict = 'no acknowledged block lost, no gap, no half block';
let count = 0;

/** One life of the writer: how many of its acknowledgements arrived before it was killed. */
function life(round) {
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('crash-writer.mjs', import.meta.url)),
      folder,
      String(round * 1_000_000),
      String(seed + round),
      engine,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const delayMs = random() * 300;
  return new Promise((resolve, reject) => {
    let text = '';
    let armed = false;
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (armed) return;
      armed = true;
      setTimeout(() => child.kill('SIGKILL'), delayMs);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== null) return reject(new Error(`the writer ended by itself with ${code}`));
      // The last line may be cut.
      const lines = text.split('\n').slice(0, -1);
      for (const line of lines) {
        const [what, number] = line.split(' ');
        if (what === 'put') put.add(Number(number));
        if (what === 'erase') erased.add(Number(number));
      }
      resolve(lines.length - 1);
    });
  });
}

const same = (a, b) => a !== null && Buffer.compare(a, b) === 0;

async function check() {
  const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zCrash', engine });
  try {
    const head = await parts.store.head();
    let seq = 0;
    let label = 0;
    const bodies = new Set();
    for (;;) {
      const { items } = await parts.store.tail({ epoch: head.epoch, seq }, 500);
      if (items.length === 0) break;
      for (const item of items) {
        if (item.seq !== ++seq) throw new Error(`sequence: ${item.seq} stands where ${seq} should`);
        if (item.type === 'erase') continue;
        const { block } = item;
        const wanted = blockOf(block.firstSeenMs);
        if (block.id !== wanted.id || block.firstLabel !== label++)
          throw new Error(`block ${block.seq}: wrong id or label`);
        if (!same(block.envelope, wanted.envelope) || (block.erased === undefined && !same(block.body, wanted.body)))
          throw new Error(`block ${block.seq}: its bytes are not what was put`);
        if (block.erased === undefined) bodies.add(block.firstSeenMs);
        else if (block.body !== null) throw new Error(`block ${block.seq}: erased and still there`);
        put.delete(block.firstSeenMs);
      }
    }
    if (put.size > 0) throw new Error(`${put.size} acknowledged blocks are gone, e.g. ${[...put][0]}`);
    for (const number of erased)
      if (bodies.has(number)) throw new Error(`the acknowledged erasure of ${number} is gone`);
    if (head.seq !== seq || head.labels !== label)
      throw new Error(`head says ${head.seq} and ${head.labels}, there are ${seq} and ${label}`);
    parts.text.notify(head);
    const position = await parts.text.catchUp(Date.now() + 60_000);
    if (position.seq !== head.seq) throw new Error(`text index stands at ${position.seq} of ${head.seq}`);
    for (const number of [...bodies].slice(-3))
      if ((await parts.text.search(`word${number}`, 2)).length !== 1)
        throw new Error(`text index lost block ${number}`);
    for (const number of [...erased].slice(-3))
      if ((await parts.text.search(`word${number}`, 2)).length !== 0)
        throw new Error(`text index still has erased block ${number}`);
    count = head.count;
  } finally {
    await parts.close();
  }
}

let lines = 0;
let round = 0;
try {
  for (round = 1; round <= rounds; round++) {
    lines += await life(round);
    await check();
  }
  round -= 1;
} catch (error) {
  verdict = `FAILED in round ${round}: ${error.stack ?? error}`;
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  JSON.stringify({
    rounds: round,
    seed,
    engine,
    blocks: count,
    acknowledgements: lines,
    seconds: Math.round((Date.now() - started) / 1000),
    verdict,
  }),
);
