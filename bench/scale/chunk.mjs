/**
 * One chunk of 10,000 rows: vectors, signed one-row blocks, the exact best of the chunk for each question. Runs in a worker
 * (run by made.mjs); the files are complete once they have their names.
 */
import { createHash, randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { corePlugins, createBlock, createRegistry, packRows } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { fastSigner } from '../accept/blocks.mjs';
import { CHUNK, chunkFile, isNeighbour, isRare, QUESTIONS, spaceAt, START_MS } from './layout.mjs';
import { bestOf } from './truth.mjs';
import { textsOf } from './texts.mjs';
import { DIMS, QUERIES, rowsOf } from './vectors.mjs';

const { folder, data, seed } = workerData;
const author = {
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
  salt: () => new Uint8Array(randomBytes(16)),
};
const signers = ['a', 'b'].map((name) => fastSigner(createHash('sha256').update(`author ${name} ${seed}`).digest()));
const question = rowsOf(data, seed, QUERIES);
const questions = new Float32Array(QUESTIONS * DIMS);
for (let q = 0; q < QUESTIONS; q++) questions.set(question(), q * DIMS);

function blockOf(rows, first, nextText) {
  const texts = rows.map(nextText);
  return createBlock(
    {
      kind: 'embedding/1',
      timeMs: START_MS + first * 1000,
      place: { lat: 40_416_800, lon: -3_703_800, elevation: 650_000 },
      tags: [isRare(first) ? 'rare' : 'common'],
      fields: {
        space: spaceAt(first),
        embedding: { ...packRows(rows, 'f32') },
        input_type: 'text',
        input_reference: texts.map((text, i) => ({
          hash: new Uint8Array(createHash('sha256').update(text).digest()),
          origin: `doc-${first + i}`,
        })),
        texts,
      },
    },
    { ...author, signer: signers[first % 2] },
  );
}

function write(name, content) {
  writeFileSync(`${name}.part`, content);
  renameSync(`${name}.part`, name);
}

async function make({ chunk, rows }) {
  const next = rowsOf(data, seed, chunk);
  const nextText = textsOf(seed, chunk);
  const vectors = Array.from({ length: CHUNK }, next);
  const wires = [];
  for (let i = 0; i < CHUNK; i += rows) {
    const own = vectors.slice(i, i + rows);
    wires.push((await blockOf(own, chunk * CHUNK + i, nextText)).wire);
  }
  if (rows === 1) {
    const flat = new Float32Array(CHUNK * DIMS);
    vectors.forEach((row, i) => flat.set(row, i * DIMS));
    write(chunkFile(folder, 'vectors', chunk), flat);
    const first = chunk * CHUNK;
    write(
      chunkFile(folder, 'truth', chunk),
      JSON.stringify({
        all: bestOf(flat, questions, first, isNeighbour),
        rare: bestOf(flat, questions, first, (row, q) => isNeighbour(row, q) && isRare(row)),
      }),
    );
  }
  // Last, because its presence says that the others are there.
  write(chunkFile(folder, rows === 1 ? 'blocks' : `blocks${rows}`, chunk), Buffer.concat(wires));
}

parentPort.on('message', async (job) => {
  await make(job);
  parentPort.postMessage(job.chunk);
});
