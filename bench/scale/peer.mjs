/** One peer in its own process, told `{peer, data, seed, rows, folder}`: keeps the rows, indexes them, is searched by one client. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CHUNK, chunkFile, folderOf, QUESTIONS } from './layout.mjs';
import { readVectors, truthOf } from './made.mjs';
import { dot, recallOf } from './truth.mjs';
import { DIMS, QUERIES, rowsOf } from './vectors.mjs';

const SEARCH_SECONDS = 4;

const sizeOf = (path) => {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : stat.size;
};

async function searchFigures(peer, flat, { data, seed, rows }) {
  const next = rowsOf(data, seed, QUERIES);
  const truth = truthOf({ data, seed, rows }).all;
  const questions = Array.from({ length: 4 * QUESTIONS }, next);
  for (const question of questions.slice(-10)) await peer.search(question, 10);
  const times = [];
  const found = [];
  const started = performance.now();
  for (const question of questions.slice(0, -10)) {
    const at = performance.now();
    if (found.length > 20 && at - started > SEARCH_SECONDS * 1000) break;
    found.push(await peer.search(question, 10));
    times.push(performance.now() - at);
  }
  const seconds = (performance.now() - started) / 1000;
  times.sort((a, b) => a - b);
  const over = Math.min(found.length, QUESTIONS);
  return {
    perSecond: Number((found.length / seconds).toPrecision(3)),
    p50Ms: Number(times[times.length >> 1].toFixed(3)),
    p99Ms: Number(times[Math.floor(times.length * 0.99)].toFixed(3)),
    recallAt10: Number(
      recallOf(truth.slice(0, over), found.slice(0, over), (q, row) => dot(flat, row * DIMS, questions[q], 0)).toFixed(
        4,
      ),
    ),
    recallOver: over,
  };
}

/** Rows by the second, of work that is awaited. */
async function rate(count, work) {
  const started = performance.now();
  await work();
  return Math.round((count * 1000) / (performance.now() - started));
}

async function measure({ peer: name, data, seed, rows, folder }) {
  const { open } = await import(`./peers/${name}.mjs`);
  const peer = await open({ folder, dims: DIMS });
  const { versions, settings, durable } = peer;
  if (peer.append !== undefined) {
    // A log takes the signed blocks themselves.
    const blocks = readFileSync(chunkFile(folderOf(data, seed), 'blocks', 0));
    const size = Math.floor(blocks.length / CHUNK);
    const wires = Array.from({ length: CHUNK }, (_, i) => blocks.subarray(i * size, (i + 1) * size));
    const figures = await peer.append(wires, rate);
    await peer.close();
    return {
      versions,
      settings,
      durable,
      ...figures,
      bytesPerBlock: Math.round(sizeOf(folder) / figures.blocks),
      blockBytes: size,
    };
  }
  const flat = readVectors({ data, seed, rows });
  const before = process.memoryUsage().rss;
  const ingestPerSecond = peer.ingest && (await rate(rows, () => peer.ingest(flat)));
  const indexPerSecond = peer.index && (await rate(rows, () => peer.index(flat)));
  const residentMb = Math.round((process.memoryUsage().rss - before) / 1e6);
  const search = await searchFigures(peer, flat, { data, seed, rows });
  await peer.close();
  return {
    versions,
    settings,
    durable,
    ingestPerSecond,
    indexPerSecond,
    residentMb,
    search,
    bytesPerVector: Math.round(sizeOf(folder) / rows),
  };
}

// Without its parent it has nobody to tell.
process.on('disconnect', () => process.exit());
process.on('message', async (job) => {
  try {
    process.send({ done: await measure(job) });
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
