/**
 * What a home space costs: `node bench/across/home.mjs [blocks]`. Blocks of another model with texts of about 60 characters, then as many whose author is in the home space: texts embedded a second
 * (worker, one thread), CPU, bytes on disk and in memory for each. Writes `results/home.jsonl`.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testSpace, unsignedBlock } from '@cosmicembeddings/sdk/testing';
import { openHome } from '../../node/dist/index/home/index.js';
import { openSqlite } from '../../node/dist/store/sqlite/index.js';
import { english } from '../search-quality/vectors.mjs';
import { appendLines, random } from '../record.mjs';

const count = Number(process.argv[2] ?? 10_000);
const next = random(5);
const words =
  'kiln heron violin glacier bakery comet orchard ferry loom harbour winter engine river market letter stone'.split(
    ' ',
  );
const textOf = (i) => `${i}: ${Array.from({ length: 9 }, () => words[Math.floor(next() * words.length)]).join(' ')}`;
const sizeOf = (path) =>
  readdirSync(path, { recursive: true }).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
const foreign = testSpace('another/model', 8, { pooling: 'mean' });
const config = { type: 'builtin', name: 'english-1' };

const lines = [];
for (const [what, space] of [
  ['of another model', foreign],
  ['in the home space already', english.space],
]) {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-home-'));
  const sqlite = await openSqlite({ folder, network: 'dev', node: 'did:key:bench' });
  for (let from = 0; from < count; from += 500) {
    const blocks = [];
    for (let i = from; i < Math.min(count, from + 500); i++) {
      const text = textOf(i);
      const [vector] =
        space === foreign
          ? [Float32Array.from({ length: 8 }, () => next() - 0.5)]
          : (await english.embed([text], { role: 'passage' })).vectors;
      blocks.push(
        unsignedBlock({ number: i, space, rows: [{ vector, text, origin: 'bench' }], author: `did:key:z6Mk${i % 50}` }),
      );
    }
    await sqlite.store.put(blocks.map((block) => ({ block, firstSeenMs: block.timeMs })));
  }
  const { seq } = await sqlite.store.head();
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
  const home = await openHome({
    folder,
    engine: 'auto',
    storeEngine: sqlite.engine,
    embedders: [{ config, embedder: english }],
  });
  const openedMs = performance.now();
  await home.vectors.waitFor(seq);
  const takenMs = performance.now() - openedMs;
  const used = process.cpuUsage(cpu);
  await home.vectors.save();
  const { spaces } = await home.vectors.status();
  const [space1] = Object.values(spaces);
  const rows = space1?.rows ?? 0;
  lines.push({
    what,
    blocks: count,
    rows,
    perSecond: Math.round((1000 * count) / takenMs),
    cpuMicrosecondsABlock: Math.round((used.user + used.system) / count),
    diskBytesAText: rows === 0 ? 0 : Math.round(sizeOf(join(folder, 'home')) / rows),
    memoryBytesAText: rows === 0 ? 0 : Math.round(space1.residentBytes / rows),
    startMs: Math.round(openedMs - startedMs),
  });
  console.log(lines.at(-1));
  await home.close();
  await sqlite.close();
  rmSync(folder, { recursive: true, force: true });
}
appendLines(import.meta.url, 'home', lines);
process.exit();
