import { expect, test } from '@jest/globals';
import { spaceIdOf } from '@cosmicembeddings/sdk';
import { Ledger, noise, spaceNamed, wordEmbedder, type Draft } from './ledger.ts';

const DIMS = 64;
const space = spaceNamed('test/words', DIMS);
const words = { heron: 0, pike: 1, river: 2, dawn: 3 };
const embedder = wordEmbedder(space, words);
const question = 'at what hour of dawn does the grey heron of our river take pike';
const answer = 'a heron waits in the river until a pike comes near';

async function rowOf(text: string): Promise<{ vector: Float32Array; text: string }> {
  return { vector: (await embedder.embed([text], { role: 'passage' })).vectors[0]!, text };
}

/** The answer, 120 texts about other things, and what an attack adds, each by an author of its own unless it says so. */
async function attacked(hostile: readonly Draft[], more: { readonly own?: boolean } = {}): Promise<Ledger> {
  const ledger = new Ledger({
    inMemory: true,
    ...(more.own === true ? { ownEmbedders: () => Promise.resolve([embedder]) } : {}),
  });
  ledger.embedders = [embedder];
  const honest = await Promise.all(
    Array.from({ length: 119 }, (_, i) => ({
      vector: noise(i + 1, DIMS),
      text: `page ${i} of the ledger of ropes and sails`,
    })),
  );
  const drafts = [...honest, await rowOf(answer)];
  await ledger.put(...drafts.map((row, i) => ({ rows: [row], space, author: `did:key:zHonest${i}` })));
  await ledger.put(...hostile.map((one, i) => ({ space, author: `did:key:zSybil${i}`, ...one })));
  return ledger;
}

const echoes = (): Promise<Draft[]> =>
  Promise.all(
    Array.from({ length: 10 }, async (_, i) => ({
      rows: [
        await rowOf(
          `${question} ${['barley', 'copper', 'lantern', 'saddle', 'thimble'][i % 5]!.repeat(1 + (i >> 2))} ${i}`,
        ),
      ],
    })),
  );
const strangers = (hits: readonly { readonly author: string }[]): boolean[] =>
  hits.map(({ author }) => author.includes('Sybil'));

test.each(['hybrid', 'vectors', 'words'] as const)(
  'a question said back takes one place, and not the first (%s)',
  async (mode) => {
    const ledger = await attacked(await echoes());
    const { hits } = await ledger.search({ text: question, k: 10, mode });
    expect(hits[0]!.passage).toBe(answer);
    expect(strangers(hits)[1]).toBe(true);
    expect(strangers(hits).filter(Boolean)).toHaveLength(1);
  },
);

test('of texts that hold most of a question, strangers have a fifth of the page', async () => {
  const most = question.split(' ').filter((word) => word !== 'hour');
  const kept = await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const filler = Array.from({ length: 6 }, (_, j) => `filler${(i * 7 + j) % 40}`);
      return { rows: [await rowOf([...most, ...filler].join(' '))] };
    }),
  );
  const { hits } = await (await attacked(kept)).search({ text: question, k: 10, collapse: false });
  expect(strangers(hits).filter(Boolean)).toHaveLength(2);
});

test('it leads where the reader trusts the author, quotes it, or the author has standing', async () => {
  const [echo] = await echoes();
  const stranger = await attacked([echo!]);
  const first = async (ledger: Ledger, more: object): Promise<string> =>
    (await ledger.search({ text: question, k: 3, ...more })).hits[0]!.author;
  expect(await first(stranger, { trusted: ['did:key:zSybil0'] })).toBe('did:key:zSybil0');
  expect(await first(stranger, { text: `"${question}"` })).toBe('did:key:zSybil0');
  expect(await first(stranger, { authorShare: 'open' })).toBe('did:key:zSybil0');
  expect(await first(stranger, {})).not.toBe('did:key:zSybil0');
  const author = 'did:key:zLibrarian';
  const written = Array.from({ length: 20 }, (_, i) => ({
    rows: [{ vector: noise(500 + i, DIMS), text: `shelf ${i}` }],
    author,
  }));
  expect(await first(await attacked([...written, { ...echo!, author }]), {})).toBe(author);
});

test('in a small ledger the note that was looked for comes first', async () => {
  const ledger = new Ledger({ inMemory: true });
  ledger.embedders = [embedder];
  await ledger.put({ rows: [await rowOf(answer)], space }, { rows: [await rowOf(question)], space });
  expect((await ledger.search({ text: question, k: 2 })).hits[0]!.passage).toBe(question);
});

test.each([undefined, '… !!'])(
  'rows that no text vouches for (%s) take one place of ten, and not the first, by vectors too',
  async (text) => {
    const { vector } = await rowOf(question);
    // Not copies of each other: each a little off the question in another direction.
    const forged = Array.from({ length: 10 }, (_, i) => ({
      rows: [
        { vector: vector.map((x, d) => x + (d === i % 8 ? 0.2 + i / 50 : 0)), ...(text === undefined ? {} : { text }) },
      ],
    }));
    const ledger = await attacked(forged);
    for (const asked of [
      { text: question, mode: 'vectors' as const },
      { vector: { space: spaceIdOf(space), values: [...vector] } },
    ]) {
      const { hits } = await ledger.search({ ...asked, k: 10 });
      expect(hits[0]!.passage).toBe(answer);
      expect(strangers(hits).filter(Boolean)).toHaveLength(1);
      const open = await ledger.search({ ...asked, k: 10, unvouched: 'open' });
      expect(strangers(open.hits)[0]).toBe(true);
    }
  },
);

test('where half of the rows have no text, they stand as they are', async () => {
  const { vector } = await rowOf(question);
  const silent = Array.from({ length: 130 }, (_, i) => ({
    rows: [{ vector: i === 7 ? vector : noise(900 + i, DIMS) }],
  }));
  const ledger = await attacked(silent);
  const { hits } = await ledger.search({ vector: { space: spaceIdOf(space), values: [...vector] }, k: 5 });
  expect(hits[0]!.author).toBe('did:key:zSybil7');
});

test('rows that claim more than their texts crowd nobody out: it is looked further', async () => {
  const { vector } = await rowOf(question);
  const forged = Array.from({ length: 40 }, (_, i) => ({
    rows: [
      {
        vector: vector.map((x, d) => x + (d === i % 8 ? 0.1 + i / 100 : 0)),
        text: `barrel ${i} of copper nails, sold by weight`,
      },
    ],
  }));
  const ledger = await attacked(forged, { own: true });
  const { hits } = await ledger.search({ text: question, k: 10, mode: 'vectors' });
  expect(hits[0]!.passage).toBe(answer);
  const said = hits.map(({ cosine, textCosine }) => textCosine ?? cosine!);
  expect(said).toEqual([...said].sort((a, b) => b - a));
});
