/**
 * What the store alone does, through its writer worker, every put durable: node bench/store/store.mjs [blocks] [engine]
 * Appends to results/store.jsonl. Blocks of about 2 kB with one row and a text; the text index follows in its own thread.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../node/dist/store/sqlite/index.js';
import { record } from '../accept/record.mjs';
import { blockOf } from '../worst-day/blocks.mjs';

const count = Number(process.argv[2] ?? 50_000);
const engine = process.argv[3] ?? 'auto';
const BATCH = 512;
const GETS = 20_000;
const SINGLES = 1000;
const folder = mkdtempSync(join(tmpdir(), 'cosmic-bench-store-'));
const seconds = (since) => (performance.now() - since) / 1000;
const arrival = (number) => ({ block: blockOf(number, { dims: 384, textBytes: 200 }), firstSeenMs: number });
const bytesOf = (name) =>
  readdirSync(folder)
    .filter((file) => file.startsWith(name))
    .reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);

try {
  const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zBench', engine });
  const blocks = Array.from({ length: count + SINGLES * 11 }, (_, i) => arrival(i));
  const blockBytes = blocks[0].block.envelope.length + blocks[0].block.body.length;

  const cpu = process.cpuUsage();
  let since = performance.now();
  const underWay = [];
  for (let at = 0; at < count; at += BATCH) {
    underWay.push(parts.store.put(blocks.slice(at, Math.min(count, at + BATCH))));
    if (underWay.length > 3) await underWay.shift();
  }
  await Promise.all(underWay);
  const batched = count / seconds(since);
  const used = process.cpuUsage(cpu);

  parts.text.notify(await parts.store.head());
  since = performance.now();
  await parts.text.catchUp(Date.now() + 600_000);
  const textSeconds = seconds(since);

  since = performance.now();
  for (let i = 0; i < SINGLES; i++) await parts.store.put([blocks[count + i]]);
  const singles = SINGLES / seconds(since);

  since = performance.now();
  await Promise.all(Array.from({ length: SINGLES * 10 }, (_, i) => parts.store.put([blocks[count + SINGLES + i]])));
  const joined = (SINGLES * 10) / seconds(since);

  since = performance.now();
  for (let i = 0; i < GETS; i++) await parts.store.get([blocks[(i * 7919) % count].block.id]);
  const gets = GETS / seconds(since);

  since = performance.now();
  const { epoch } = await parts.store.head();
  let seq = 0;
  for (let tail; (tail = await parts.store.tail({ epoch, seq }, 500)).items.length > 0;) seq = tail.upTo.seq;
  const tail = seq / seconds(since);

  const timed = async (work) => {
    since = performance.now();
    await work();
    return Math.round(seconds(since) * 1e5) / 100;
  };
  const labels = {
    firstMs: await timed(() => parts.catalogue.labels({ hasRows: true })),
    againMs: await timed(() => parts.catalogue.labels({ hasRows: true })),
    tagMs: await timed(() => parts.catalogue.labels({ tagsAny: ['tag-10'] })),
  };
  const total = count + SINGLES * 11;
  await parts.close();
  record('../store/results/store.jsonl', {
    what: 'store alone',
    engine: parts.engine,
    blocks: count,
    blockBytes,
    batch: BATCH,
    batchedPutsPerSecond: Math.round(batched),
    cpuMicrosecondsPerPut: Math.round((used.user + used.system) / count),
    singlePutsPerSecond: Math.round(singles),
    joinedSinglePutsPerSecond: Math.round(joined),
    getsPerSecond: Math.round(gets),
    tailPerSecond: Math.round(tail),
    textIndexSecondsBehind: Math.round(textSeconds * 100) / 100,
    labels,
    storeBytesPerBlock: Math.round(bytesOf('store') / total),
    textBytesPerBlock: Math.round(bytesOf('text') / total),
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
