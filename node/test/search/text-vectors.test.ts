import { expect, test } from '@jest/globals';
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
