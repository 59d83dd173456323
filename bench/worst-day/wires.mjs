/** Many small signed blocks as they travel: real signatures, sky stamps and one row each, made at some thousands a second. */
import { createHash, randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { corePlugins, createBlock, createRegistry, packRows } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { benchSpace, fastSigner, randomOf } from '../accept/blocks.mjs';

/** Makes blocks one after another: `{id, wire, word}`; `word` stands in no other block's text. */
export function blockMaker({ seed = 1, dims = 64, textBytes = 60, startMs = Date.now() - 86_400_000 } = {}) {
  const author = {
    network: 'dev',
    registry: createRegistry(corePlugins),
    sky: createSky(),
    salt: () => new Uint8Array(randomBytes(16)),
    signer: fastSigner(createHash('sha256').update(`worst day ${seed}`).digest()),
  };
  const random = randomOf(seed);
  const space = { ...benchSpace, model: `bench/${dims}`, dims };
  let made = 0;
  return async ({ timeMs = startMs + made, tags = ['load'] } = {}) => {
    const number = made++;
    const word = `w${seed}x${number}`;
    const text = `block ${word} of the worst day `.padEnd(textBytes, 'and so on ').slice(0, textBytes);
    const { id, wire } = await createBlock(
      {
        kind: 'embedding/1',
        timeMs,
        tags,
        fields: {
          space,
          embedding: packRows([unitRow(random, dims)], 'f32'),
          input_type: 'text',
          input_reference: [
            { hash: new Uint8Array(createHash('sha256').update(text).digest()), origin: word.padEnd(20, '.') },
          ],
          texts: [text],
        },
      },
      author,
    );
    return { id, wire: Buffer.from(wire), word };
  };
}

export async function makeWires(count, options) {
  const next = blockMaker(options);
  const blocks = [];
  while (blocks.length < count) blocks.push(await next());
  return blocks;
}

/** The same on two threads, for hundreds of thousands: `{id, wire}`. */
export async function makeManyWires(count, { seed = 1, ...options } = {}) {
  const halves = [Math.ceil(count / 2), Math.floor(count / 2)].map(
    (part, i) =>
      new Promise((resolve, reject) => {
        const workerData = { count: part, options: { ...options, seed: seed + 1e6 * i } };
        const worker = new Worker(new URL('./wires-worker.mjs', import.meta.url), { workerData });
        worker.once('message', ({ bytes, ends, ids }) => {
          const whole = Buffer.from(bytes.buffer);
          resolve(ids.map((id, n) => ({ id, wire: whole.subarray(n === 0 ? 0 : ends[n - 1], ends[n]) })));
        });
        worker.once('error', reject);
      }),
  );
  return (await Promise.all(halves)).flat();
}

export function unitRow(random, dims) {
  const row = Float32Array.from({ length: dims }, () => random() - 0.5);
  const factor = 1 / Math.hypot(...row);
  return row.map((x) => x * factor);
}

/** The head of a request that publishes `length` bytes. */
export function headOf(length, path = '/v2/blocks') {
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/cbor-seq\r\ncontent-length: ${length}\r\n\r\n`;
}
