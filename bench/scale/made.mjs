/** Makes what is missing of (data, seed) up to a number of rows, on all cores, and reads it again. */
import { existsSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CHUNK, chunkFile, folderOf } from './layout.mjs';
import { dot, mergeBest, recallOf } from './truth.mjs';
import { DIMS, QUERIES, rowsOf } from './vectors.mjs';

const ROW_BYTES = DIMS * 4;

/** Chunks `from` to `to` (not included) with `rows` rows a block. Answers the seconds it took. */
export async function makeChunks({ data, seed, from = 0, to, rows = 1 }) {
  const folder = folderOf(data, seed);
  mkdirSync(folder, { recursive: true });
  const what = rows === 1 ? 'blocks' : `blocks${rows}`;
  const missing = [];
  for (let chunk = from; chunk < to; chunk++)
    if (!existsSync(chunkFile(folder, what, chunk))) missing.push({ chunk, rows });
  const started = performance.now();
  const total = missing.length;
  if (total > 0) console.error(`making ${total} chunks of ${CHUNK} rows, ${rows} a block (${data}, seed ${seed})`);
  await Promise.all(
    Array.from({ length: Math.min(total, availableParallelism()) }, () => {
      const worker = new Worker(new URL('./chunk.mjs', import.meta.url), { workerData: { folder, data, seed } });
      return new Promise((resolve, reject) => {
        const next = () => {
          const job = missing.shift();
          if (job !== undefined) worker.postMessage(job);
          else worker.terminate().then(resolve, reject);
        };
        worker.on('message', next);
        worker.on('error', reject);
        next();
      });
    }),
  );
  return (performance.now() - started) / 1000;
}

export const blockFiles = ({ data, seed, from = 0, to, rows = 1 }) =>
  Array.from({ length: to - from }, (_, i) =>
    chunkFile(folderOf(data, seed), rows === 1 ? 'blocks' : `blocks${rows}`, from + i),
  );

/** The exact best of the first `rows` rows, for each question: `{all, rare}`. */
export function truthOf({ data, seed, rows }) {
  const parts = Array.from({ length: rows / CHUNK }, (_, chunk) =>
    JSON.parse(readFileSync(chunkFile(folderOf(data, seed), 'truth', chunk), 'utf8')),
  );
  return { all: mergeBest(parts.map((part) => part.all)), rare: mergeBest(parts.map((part) => part.rare)) };
}

/** The first `rows` rows in one array: for the peers, which are measured on few. */
export function readVectors({ data, seed, rows }) {
  const flat = new Float32Array(rows * DIMS);
  for (let at = 0; at < rows; at += CHUNK) {
    const file = readFileSync(chunkFile(folderOf(data, seed), 'vectors', at / CHUNK));
    const part = new Float32Array(file.buffer, file.byteOffset, file.length / 4);
    flat.set(part.subarray(0, (rows - at) * DIMS), at * DIMS);
  }
  return flat;
}

/** Reads single rows. */
export function rowReader({ data, seed }) {
  const open = new Map();
  const row = Buffer.alloc(ROW_BYTES);
  return (number) => {
    const chunk = Math.floor(number / CHUNK);
    if (!open.has(chunk)) open.set(chunk, openSync(chunkFile(folderOf(data, seed), 'vectors', chunk)));
    readSync(open.get(chunk), row, 0, ROW_BYTES, (number % CHUNK) * ROW_BYTES);
    return new Float32Array(row.buffer.slice(row.byteOffset, row.byteOffset + ROW_BYTES));
  };
}

/** Recall of answers to the first questions, of which each names its `rows`. */
export function recallIn(answers, truth, made) {
  const next = rowsOf(made.data, made.seed, QUERIES);
  const questions = answers.map(next);
  const row = rowReader(made);
  const found = answers.map((answer) => answer.rows);
  const recall = recallOf(truth.slice(0, answers.length), found, (q, number) => dot(row(number), 0, questions[q], 0));
  return Number(recall.toFixed(4));
}
