import { expect, test } from '@jest/globals';
import { spaceIdOf } from '@cosmicembeddings/sdk';
import { TextVectors } from '../../src/search/text-vectors.js';
import { Ledger, spaceNamed, wordEmbedder } from './ledger.ts';

const space = spaceNamed('test/words');
const embedder = wordEmbedder(space, { heron: 0, fish: 1, bread: 2, oven: 3 });

async function attacked(more: ConstructorParameters<typeof Ledger>[0]): Promise<Ledger> {
  const ledger = new Ledger(more);
  ledger.embedders = [embedder];
  const [[question], [honest]] = await Promise.all(
    (['heron fish', 'a heron eats fish and bread'] as const).map(
      async (text) => (await embedder.embed([text], { role: 'passage' })).vectors,
    ),
  );
  await ledger.put(
    { rows: [{ vector: honest!, text: 'a heron eats fish and bread' }], space },
    ...Array.from({ length: 10 }, (_, i) => ({
      // Not copies of each other: each a little off the question in another direction.
      rows: [
        { vector: question!.map((x, d) => x + (d === i % 8 ? 0.2 + i / 50 : 0)), text: `buy number ${i} in the oven` },
      ],
      space,
      author: `did:key:zSybil${i}`,
    })),
  );
  return ledger;
}

test('a vector that is not its text’s is ranked by the text, and named', async () => {
  const ledger = await attacked({ ownEmbedders: () => Promise.resolve([embedder]) });
  const { hits } = await ledger.search({ text: 'heron fish', mode: 'vectors', k: 11 });
  expect(hits[0]!.passage).toBe('a heron eats fish and bread');
  expect(hits[0]!.textCosine).toBeUndefined();
  const forged = hits.slice(1);
  expect(forged.length).toBeGreaterThan(0);
  for (const { cosine, textCosine, score } of forged) {
    expect(cosine! - textCosine!).toBeGreaterThan(0.1);
    expect(score).toBeCloseTo(textCosine!, 6);
  }
});

test('where no embedder runs in this process, rows stand as they are', async () => {
  const ledger = await attacked({});
  const { hits } = await ledger.search({ text: 'heron fish', mode: 'vectors', k: 11 });
  expect(hits[0]!.passage).toMatch(/^buy number/);
  expect(hits.every(({ textCosine }) => textCosine === undefined)).toBe(true);
});

test('what was kept of a text does not outlive an erasure, nor does what a search before it still embeds', async () => {
  let there: string | undefined = 'bread';
  let reads = 0;
  let during = (): void => undefined;
  const vectors = new TextVectors({
    embedders: () => Promise.resolve([{ ...embedder, embed: (...args) => (during(), embedder.embed(...args)) }]),
    passages: (labels) => Promise.resolve(labels.map(() => (reads++, there))),
    nowMs: () => 0,
  });
  const id = spaceIdOf(space);
  const question = (await embedder.embed(['heron'], { role: 'query' })).vectors[0]!;
  const ask = (stand: string): Promise<ReadonlyMap<number, number>> =>
    vectors.overstated([{ label: 1, space: id, cosine: 1, score: 1 }], new Map([[id, question]]), stand, Infinity);
  expect((await ask('a 0')).get(1)).toBeLessThan(0.9);
  expect((await ask('a 0')).size).toBe(1);
  expect(reads).toBe(1);
  there = undefined;
  expect((await ask('a 1')).size).toBe(0);
  expect(reads).toBe(2);
  // Erased while a search embeds the text: the next one begins with nothing.
  there = 'bread';
  let after: Promise<ReadonlyMap<number, number>> | undefined;
  during = () => {
    during = () => undefined;
    there = undefined;
    after = ask('a 3');
  };
  await ask('a 2');
  expect((await after!).size).toBe(0);
  expect((await ask('a 3')).size).toBe(0);
});
