import { afterEach, expect, test } from '@jest/globals';
import {
  corePlugins,
  createRegistry,
  decodeBody,
  didOf,
  openBlock,
  publicKeyOf,
  signerOfSeed,
  type BlockId,
} from '@cosmicembeddings/sdk';
import { createLexicalEmbedder, lexicalSpace } from '@cosmicembeddings/sdk/embedders';
import { createMemoryCatalogue, createMemoryStore } from '@cosmicembeddings/sdk/memory';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { unsignedBlock } from '@cosmicembeddings/sdk/testing';
import { startAttesting } from '../../src/operate/attest.js';

const seed = new Uint8Array(32).fill(5);
const did = didOf(publicKeyOf(seed));
const registry = createRegistry(corePlugins);
const embedder = createLexicalEmbedder();
let attesting: ReturnType<typeof startAttesting> | undefined;
afterEach(() => attesting?.close());

test('a node attests blocks of others in its spaces, each once, the true and the false, and leaves the rest alone', async () => {
  const store = createMemoryStore();
  const put = async (number: number, text: string | null, of: string, author?: string): Promise<BlockId> => {
    const [vector] = (await embedder.embed([of], { role: 'passage' })).vectors;
    const by = author === undefined ? {} : { author };
    const block = unsignedBlock({ number, space: lexicalSpace, rows: [{ vector: vector!, text }], ...by });
    await store.put([{ block, firstSeenMs: 1 }]);
    return block.id;
  };
  const honest = await put(1, 'Herons stand in the shallows.', 'Herons stand in the shallows.');
  const lying = await put(2, 'Bees leave at dawn.', 'Something else altogether.');
  await put(3, null, 'The author kept this text.');
  await put(4, 'This one is mine.', 'This one is mine.', did);
  const said: { id: string; agrees: boolean }[] = [];
  const faults: unknown[] = [];
  const refs: unknown[] = [];
  const hours: number[] = [];
  let [turns, salts] = [0, 0];
  const done = new Promise<void>((resolve) => {
    attesting = startAttesting({
      perHour: 4,
      store,
      catalogue: createMemoryCatalogue(store),
      registry,
      embedders: () => Promise.resolve([embedder]),
      accept: (wire) => {
        const opened = openBlock(wire);
        if (opened.status === 'rejected') throw new Error(opened.detail);
        refs.push([opened.block.header.kind, decodeBody(opened.block.body!).status]);
        return Promise.resolve({ status: 'stored' } as never);
      },
      author: {
        signer: signerOfSeed(seed),
        network: 'dev',
        registry,
        sky: createSky(),
        salt: () => new Uint8Array(16).fill(++salts),
      },
      did,
      clock: {
        now: () => Date.UTC(2026, 0, 1),
        // An hour passes in no time; then none does any more.
        sleep: (ms, signal) => {
          hours.push(ms);
          if (turns++ < 8) return Promise.resolve();
          resolve();
          return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('over'))));
        },
      },
      random: () => 0,
      onAttested: ({ id, agrees }) => void said.push({ id, agrees }),
      onError: (error) => void faults.push(error),
    });
  });
  await done;
  expect(faults).toEqual([]);
  expect(said).toHaveLength(2);
  expect(said).toEqual(
    expect.arrayContaining([
      { id: honest, agrees: true },
      { id: lying, agrees: false },
    ]),
  );
  expect(refs).toEqual([
    ['attest/1', 'ok'],
    ['attest/1', 'ok'],
  ]);
  expect(new Set(hours)).toEqual(new Set([900_000]));
});
