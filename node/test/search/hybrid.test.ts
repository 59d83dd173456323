import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SearchRequest } from '@cosmicembeddings/sdk';
import { Ledger, noise, spaceIdOf, spaceNamed, wordEmbedder, type Draft } from './ledger.ts';

const space = spaceNamed('test/words');
const second = spaceNamed('test/second');
const id = spaceIdOf(space);
const axes = { sky: 0, star: 0, cosmos: 0, bread: 2, oven: 2, river: 3 };

let ledger: Ledger;
const ask = (request: Partial<SearchRequest>) => ledger.search({ k: 10, ...request });
const passages = async (request: Partial<SearchRequest>): Promise<(string | undefined)[]> =>
  (await ask(request)).hits.map(({ passage }) => passage);

function towards(axis: number, strength: number, text?: string, more: Partial<Draft> = {}): Draft {
  return {
    rows: [
      {
        vector: Array.from({ length: 8 }, (_, i) => (i === axis ? strength : 0.2)),
        ...(text === undefined ? {} : { text }),
      },
    ],
    space,
    ...more,
  };
}

const filler = (n: number, more: Partial<Draft> = {}): Draft[] =>
  Array.from({ length: n }, (_, i) => ({
    rows: [{ vector: noise(i + 1), text: `filler number ${i} about nothing` }],
    space,
    ...more,
  }));

describe.each([
  ['postings in memory', true],
  ['the full-text index alone', false],
])('%s', (_, inMemory) => {
  beforeEach(() => {
    ledger = new Ledger({ inMemory });
    ledger.embedders = [wordEmbedder(space, axes)];
  });

  describe('words and vectors together', () => {
    test('what both find comes before what one finds', async () => {
      await ledger.put(
        ...filler(150),
        towards(0, 2, 'the cosmos at night'),
        towards(0, 2, 'something quite different'),
        towards(3, 2, 'cosmos flowers by the river'),
      );
      const found = await passages({ text: 'cosmos', k: 3 });
      expect(found[0]).toBe('the cosmos at night');
      expect(new Set(found)).toEqual(
        new Set(['the cosmos at night', 'something quite different', 'cosmos flowers by the river']),
      );
    });

    test('explains both parts so that the score can be worked out', async () => {
      await ledger.put(...filler(150), towards(0, 2, 'the cosmos at night'));
      const { hits } = await ask({ text: 'cosmos', k: 1, explain: true });
      const { vectors, words } = hits[0]!.explain as { vectors: Part; words: Part & { bm25: number } };
      interface Part {
        standard: number;
        weight: number;
        cosine: number;
        background: { mean: number; spread: number; n: number };
      }
      expect(vectors.cosine).toBe(hits[0]!.cosine);
      expect(vectors.standard).toBeCloseTo((vectors.cosine - vectors.background.mean) / vectors.background.spread, 9);
      expect(words.standard).toBeCloseTo((words.bm25 - words.background.mean) / words.background.spread, 9);
      expect(hits[0]!.score).toBeCloseTo(vectors.weight * vectors.standard + words.weight * words.standard, 9);
    });

    test('weights decide, of the node and of the question', async () => {
      await ledger.put(...filler(150), towards(0, 2, 'only near'), towards(3, 2, 'only the word cosmos'));
      expect((await passages({ text: 'cosmos', weights: { words: 0 } }))[0]).toBe('only near');
      expect((await passages({ text: 'cosmos', weights: { vectors: 0 } }))[0]).toBe('only the word cosmos');
      const wordy = new Ledger({ weights: { vectors: 0 }, inMemory });
      wordy.embedders = ledger.embedders;
      await wordy.put(...filler(150), towards(0, 2, 'only near'), towards(3, 2, 'only the word cosmos'));
      expect((await wordy.search({ text: 'cosmos', k: 1 })).hits[0]!.passage).toBe('only the word cosmos');
    });

    test('blocks without text are not pushed down for it', async () => {
      // 200 blocks in the same directions with and without a text: without texts they must keep their share.
      const drafts = Array.from({ length: 200 }, (_, i) => ({
        axis: i % 5,
        strength: 0.5 + (i % 17) / 4,
        text: `sky words ${i % 23} of many ${i % 3 === 0 ? 'star' : 'stone'}`,
      }));
      await ledger.put(
        ...drafts.map(({ axis, strength, text }, i) => towards(axis, strength, i % 2 === 0 ? text : undefined)),
      );
      const { hits } = await ask({ text: 'star sky', k: 20 });
      const silent = hits.filter((hit) => hit.passage === undefined).length;
      const near = (await ask({ text: 'star sky', k: 20, mode: 'vectors' })).hits.filter(
        (hit) => hit.passage === undefined,
      ).length;
      expect(Math.abs(silent - near)).toBeLessThanOrEqual(2);
      const silentHit = (await ask({ text: 'star sky', k: 20, explain: true })).hits.find(
        (hit) => hit.passage === undefined,
      )!;
      expect(silentHit.explain).toMatchObject({ assumed: expect.stringContaining('carries no text') });
      expect(silentHit.explain!['words']).toBeUndefined();
    });

    test('texts without vectors take part by their words', async () => {
      await ledger.put(...filler(150), towards(0, 2, 'the cosmos at night'));
      const [note] = await ledger.put({ rows: [{ text: 'a note on the cosmos' }], rowless: true, tags: ['notes'] });
      const { hits } = await ask({ text: 'cosmos', k: 2 });
      expect(hits.map((hit) => hit.id)).toContain(note);
      expect(hits.find((hit) => hit.id === note)).toMatchObject({
        kind: 'note.example/1',
        passage: 'a note on the cosmos',
      });
      expect(await passages({ text: 'cosmos', filter: { tagsAll: ['notes'] } })).toEqual(['a note on the cosmos']);
      expect(await passages({ text: 'cosmos', filter: { tagsAll: ['else'] } })).toEqual([]);
    });
  });

  describe('questions of every sort', () => {
    test('a short ledger: two blocks or three answer sensibly', async () => {
      await ledger.put(towards(2, 2, 'how to bake bread'));
      expect(await passages({ text: 'oven' })).toEqual(['how to bake bread']);
      await ledger.put(towards(0, 2, 'a star map'), towards(3, 2, 'a river journey'));
      expect((await passages({ text: 'river journey' }))[0]).toBe('a river journey');
      expect((await passages({ text: 'star' }))[0]).toBe('a star map');
      expect((await passages({ text: 'oven' }))[0]).toBe('how to bake bread');
      for (const { score } of (await ask({ text: 'star' })).hits) expect(Number.isFinite(score)).toBe(true);
    });

    test('rows that all are the same divide by nothing', async () => {
      await ledger.put(...Array.from({ length: 120 }, (_, i) => towards(0, 2, `same ${i}`)));
      const { hits } = await ask({ text: 'sky same', k: 5 });
      expect(hits).toHaveLength(5);
      for (const { score } of hits) expect(Number.isFinite(score)).toBe(true);
    });

    test('one word that a single block holds brings that block up', async () => {
      await ledger.put(...filler(150), towards(4, 1, 'the zeppelin of 1910'));
      expect((await passages({ text: 'zeppelin' }))[0]).toBe('the zeppelin of 1910');
    });

    test('no known word: vectors alone', async () => {
      await ledger.put(...filler(150), towards(0, 2, 'a clear sky'));
      expect((await passages({ text: 'cosmos' }))[0]).toBe('a clear sky');
      expect((await ask({ text: '???' })).returned).toBe(10);
    });

    test('an id: the block itself, then what is near it', async () => {
      const [a, b] = await ledger.put(towards(0, 3, 'asked for'), towards(0, 2.9, 'its neighbour'), ...filler(20));
      const answer = await ask({ text: a!, k: 3, explain: true });
      expect(answer.hits.map((hit) => hit.id).slice(0, 2)).toEqual([a, b]);
      expect(answer.hits[0]!.explain).toEqual({ asked: 'by its id' });
      expect(new Set(answer.hits.map((hit) => hit.id)).size).toBe(3);
      const rest = await ask({ text: a!, k: 3, after: answer.next! });
      expect(rest.hits.map((hit) => hit.id)).not.toContain(a);
      const [note] = await ledger.put({ rows: [{ text: 'only words' }], rowless: true });
      expect((await ask({ text: note! })).hits.map((hit) => hit.id)).toEqual([note]);
    });

    test('an id that is not here: texts that name it', async () => {
      const elsewhere = new Ledger();
      const [away] = await elsewhere.put(towards(1, 3, 'kept elsewhere'));
      await ledger.put(...filler(20), towards(5, 1, `see ${away}`));
      const answer = await ask({ text: away! });
      expect(answer.hits.map(({ passage }) => passage)).toEqual([`see ${away}`]);
      expect(answer.notes!.join()).toMatch(/no block bafy/);
    });

    test('a phrase in quotes is ahead, and hides nothing', async () => {
      await ledger.put(
        ...filler(150),
        towards(0, 3, 'sky of the night'),
        towards(0, 2, 'in the night sky above'),
        towards(2, 1, 'night sky bread'),
      );
      expect(new Set((await passages({ text: '"night sky"' })).slice(0, 2))).toEqual(
        new Set(['in the night sky above', 'night sky bread']),
      );
      expect((await passages({ text: '"night sky" star' }))[0]).toBe('in the night sky above');
      expect(await passages({ text: '"sky night" star' })).toContain('sky of the night');
      expect(await passages({ text: '"night sky"', filter: { tagsAll: ['none'] } })).toEqual([]);
    });

    test('another language finds what its embedder understands', async () => {
      ledger.embedders = [wordEmbedder(space, { ...axes, estrela: 0, céu: 0 })];
      await ledger.put(...filler(150), towards(0, 2, 'a star in the sky'));
      expect((await passages({ text: 'uma estrela no céu' }))[0]).toBe('a star in the sky');
    });

    test('words alone, vectors alone', async () => {
      await ledger.put(...filler(150), towards(0, 2, 'a clear sky'), towards(3, 2, 'cosmos flowers'));
      expect(await passages({ text: 'cosmos', mode: 'words' })).toEqual(['cosmos flowers']);
      expect((await passages({ text: 'cosmos', mode: 'vectors' }))[0]).toBe('a clear sky');
      const words = await ask({ text: 'cosmos', mode: 'words' });
      expect(words.hits[0]!.cosine).toBeUndefined();
      expect(words.exhausted).toBe(true);
    });
  });

  describe('several spaces', () => {
    /** Every cosine of the second space is high, as some models have it. */
    const narrow = (draft: Draft): Draft => ({
      ...draft,
      space: second,
      rows: draft.rows.map((row) => ({ ...row, vector: Array.from(row.vector!, (x) => 0.25 * x + 3) })),
    });
    const wide = wordEmbedder(space, axes);
    const cramped = {
      space: second,
      embed: async (texts: readonly string[], options: { role: 'query' | 'passage' }) => {
        const inner = await wide.embed(texts, options);
        return { ...inner, vectors: inner.vectors.map((vector) => vector.map((x) => 0.25 * x + 3)) };
      },
    };

    test('merge by standard scores: the space whose cosines are all high does not win by that', async () => {
      ledger.embedders = [wide, cramped];
      await ledger.put(...filler(150), ...filler(150).map(narrow), towards(0, 2, 'near in the wide space'));
      const answer = await ask({ text: 'sky', mode: 'vectors', k: 50, explain: true });
      expect(answer.queries).toHaveLength(2);
      expect(answer.hits[0]!.passage).toBe('near in the wide space');
      const cosines = answer.hits.map((hit) => hit.cosine!);
      expect(Math.max(...cosines.slice(1))).toBeGreaterThan(cosines[0]!);
      expect(answer.hits[0]!.explain).toMatchObject({ vectors: { space: id, background: { n: 151 } } });
    });

    test('a filter by space asks that one alone', async () => {
      ledger.embedders = [wide, cramped];
      await ledger.put(...filler(5), ...filler(5).map(narrow));
      const answer = await ask({ text: 'sky', mode: 'vectors', filter: { spaces: [spaceIdOf(second)] } });
      expect(answer.hits.every((hit) => hit.space === spaceIdOf(second))).toBe(true);
      expect(answer.returned).toBe(5);
      expect(answer.queries.map((one) => one.space)).toEqual([spaceIdOf(second)]);
    });

    test('where the index keeps no sample, own rows serve', async () => {
      ledger.background = false;
      ledger.embedders = [wide, cramped];
      await ledger.put(...filler(150), ...filler(150).map(narrow), towards(0, 2, 'near in the wide space'));
      expect((await passages({ text: 'sky', mode: 'vectors' }))[0]).toBe('near in the wide space');
    });

    test('several questions at once: text and likeness in one space are one direction', async () => {
      const [a] = await ledger.put(
        towards(2, 5, 'bread'),
        towards(0, 5, 'sky'),
        { rows: [{ vector: [3, 0, 3, 0, 0, 0, 0, 0], text: 'both' }], space },
        ...filler(30),
      );
      expect((await passages({ text: 'star', like: { id: a! }, mode: 'vectors' }))[0]).toBe('both');
    });
  });

  describe('the guard', () => {
    test('what it demotes falls, and the explanation says so', async () => {
      await ledger.put(...filler(150), towards(0, 4, 'near everything'), towards(0, 1, 'honest'));
      const label = 150;
      const before = await passages({ text: 'cosmos', k: 2 });
      expect(before[0]).toBe('near everything');
      ledger.demotions.set(label, 0.9);
      const answer = await ask({ text: 'cosmos', k: 200, explain: true });
      expect(answer.hits[0]!.passage).toBe('honest');
      const hub = answer.hits.find(({ passage }) => passage === 'near everything')!;
      expect(hub.explain).toMatchObject({
        vectors: { demotion: 0.9, because: expect.stringContaining('near everything') },
      });
      expect(hub.cosine).toBeGreaterThan(answer.hits[0]!.cosine!);
    });
  });
});
