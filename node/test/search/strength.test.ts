import { describe, expect, test } from '@jest/globals';
import { spaceIdOf } from '@cosmicembeddings/sdk';
import { cutText } from '../../src/search/cut-texts.js';
import { coverageOf, excerptOf } from '../../src/search/excerpt.js';
import { fairFrom, strengthOf } from '../../src/search/strength.js';
import { Ledger, spaceNamed } from './ledger.ts';

const space = spaceNamed('test/words');
const own = { mean: 0.3, spread: 0.1, rows: 1000 };

describe('how good a hit is', () => {
  test('rises with nearness and with the words held; nothing known is unknown', () => {
    expect(strengthOf({})).toBe('unknown');
    expect(strengthOf({ cosine: 0.9 })).toBe('unknown');
    // The only row of its space has no background, and holds all words that are here.
    for (const coverage of [0, 1]) expect(strengthOf({ cosine: 0, coverage })).toBe('unknown');
    expect(strengthOf({ cosine: 0.1, own, coverage: 0.1 })).toBe('weak');
    expect(strengthOf({ cosine: 0.5, own, coverage: 0.35 })).toBe('fair');
    expect(strengthOf({ cosine: 0.6, own, coverage: 0.7 })).toBe('strong');
    expect(strengthOf({ cosine: 0.75, own, coverage: 0 })).not.toBe('weak');
    expect(strengthOf({ coverage: 0.1 })).toBe('weak');
    expect(strengthOf({ coverage: 1 })).toBe('strong');
    expect(strengthOf({ cosine: 0.2, own })).toBe('weak');
  });

  test('of fewer than twenty rows nothing is judged, whatever they hold', () => {
    for (const rows of [1, 2, 19])
      for (const coverage of [0, 1])
        expect(strengthOf({ cosine: 0.9, own: { ...own, rows }, coverage })).toBe('unknown');
    expect(strengthOf({ cosine: 0.9, own: { ...own, rows: 20 }, coverage: 1 })).toBe('strong');
  });

  test('by vectors alone: of more rows the nearest has to be nearer, and what is said is where the line is', () => {
    let before = -1;
    for (const rows of [20, 100, 1000, 1400, 3200, 11_426, 1_000_000]) {
      const line = fairFrom({ ...own, rows })!;
      expect(line).toBeGreaterThan(before);
      expect(line).toBeLessThan(own.mean + 4 * own.spread);
      expect(strengthOf({ cosine: line - 1e-6, own: { ...own, rows } })).toBe('weak');
      expect(strengthOf({ cosine: line + 1e-6, own: { ...own, rows } })).toBe('fair');
      before = line;
    }
    // Where 95 % of the questions about nothing that is there lie, of two labelled collections (bench/search-quality).
    expect(strengthOf({ cosine: own.mean + 1.42 * own.spread, own: { ...own, rows: 3204 } })).toBe('weak');
    expect(strengthOf({ cosine: own.mean + 1.91 * own.spread, own: { ...own, rows: 11_426 } })).toBe('weak');
    expect(strengthOf({ cosine: own.mean + 2.38 * own.spread, own: { ...own, rows: 11_426 } })).toBe('fair');
  });
});

describe('the sentence that answers', () => {
  const passage = 'Herons stand. The grey heron eats fish, frogs and the odd mole! They nest in trees.';
  const terms = new Map([
    ['heron', 3],
    ['fish', 4],
    ['the', 0.1],
  ]);

  test('holds most of what was asked; its words are marked where they stand, usual words are not', () => {
    const { start, end, marks } = excerptOf(passage, cutText(undefined, passage), terms)!;
    expect(passage.slice(start, end)).toBe('The grey heron eats fish, frogs and the odd mole!');
    expect(marks.map(([from, to]) => passage.slice(from, to))).toEqual(['Herons', 'heron', 'fish']);
  });

  test('letters in pairs are one mark; no word is no excerpt; headings count', () => {
    const chinese = '今天下雨。量子纠缠实验室。';
    const { start, end, marks } = excerptOf(
      chinese,
      cutText(undefined, chinese),
      new Map([
        ['量子', 2],
        ['子纠', 2],
        ['纠缠', 2],
      ]),
    )!;
    expect(chinese.slice(start, end)).toBe('量子纠缠实验室。');
    expect(marks.map(([from, to]) => chinese.slice(from, to))).toEqual(['量子纠缠']);
    expect(excerptOf('Bread.', cutText('On herons', 'Bread.'), terms)).toBeUndefined();
    // What closed the sentence before is no part of it.
    const bold = '**Question.** Where does the heron nest?';
    const found = excerptOf(bold, cutText(undefined, bold), terms)!;
    expect(bold.slice(found.start, found.end)).toBe('Where does the heron nest?');
    expect(coverageOf(cutText('On herons', 'Bread.'), terms)).toBeCloseTo(3 / 7.1, 6);
  });
});

describe('an answer', () => {
  test('folds copies by several authors into the first, unless told not to', async () => {
    const ledger = new Ledger({ inMemory: true });
    const text = 'The grey heron eats fish, frogs and the odd mole, and it nests in tall trees by the lake.';
    const draft = (said: string, x: number) => ({ rows: [{ vector: [1, x, 0, 0, 0, 0, 0, 0], text: said }], space });
    await ledger.put(
      draft(text, 0.1),
      draft(text, 0.5),
      draft(text.replace('odd', 'occasional'), 0.9),
      draft('Bread.', 3),
    );
    const asked = { vector: { space: spaceIdOf(space), values: [1, 0, 0, 0, 0, 0, 0, 0] }, text: 'heron fish', k: 10 };
    const { hits } = await ledger.search(asked);
    expect(hits.map(({ passage }) => passage)).toEqual([text, 'Bread.']);
    expect(hits[0]!.duplicates).toBe(2);
    expect((await ledger.search({ ...asked, collapse: false })).hits).toHaveLength(4);
  });

  test('of copies shows the first, but not in place of one that holds a word that was asked for', async () => {
    const ledger = new Ledger({ inMemory: true });
    const text = 'The grey heron eats fish, frogs and the odd mole, and it nests in tall trees by the lake.';
    const more = text.replace('lake', 'Gesamtkonzept');
    await ledger.put(
      ...[text, more].map((said) => ({ rows: [{ vector: [1, 0, 0, 0, 0, 0, 0, 0], text: said }], space })),
    );
    const ask = async (words: string): Promise<unknown> =>
      (
        await ledger.search({
          vector: { space: spaceIdOf(space), values: [1, 0, 0, 0, 0, 0, 0, 0] },
          text: words,
          k: 10,
        })
      ).hits.map(({ passage, duplicates }) => [passage, duplicates]);
    expect(await ask('Gesamtkonzept')).toEqual([[more, 1]]);
    expect(await ask('heron')).toEqual([[text, 1]]);
  });

  test('keeps records apart that differ by their numbers', async () => {
    const ledger = new Ledger({ inMemory: true });
    const record = (n: number): string =>
      `Bread number ${n} is baked in oven ${n} at ten degrees while the cake ${n} waits`;
    await ledger.put(
      ...[1, 2, 3].map((n) => ({ rows: [{ vector: [1, n / 10, 0, 0, 0, 0, 0, 0], text: record(n) }], space })),
    );
    expect((await ledger.search({ text: 'bread', mode: 'words', k: 10 })).hits).toHaveLength(3);
  });

  test('shows one of the texts that say a long question back', async () => {
    const ledger = new Ledger({ inMemory: true });
    const text = 'which grey birds stand in shallow water all day waiting for frogs and fish';
    await ledger.put(
      ...['bread', 'quarks', 'votes'].map((more, i) => ({
        rows: [{ vector: [1, i, 0, 0, 0, 0, 0, 0], text: `${more} ${more.repeat(3)} ${text} ${i} and ${more}s` }],
        space,
        author: `did:key:zSybil${i}`,
      })),
      { rows: [{ vector: [1, 3, 0, 0, 0, 0, 0, 0], text: 'The grey heron stands in water and eats fish.' }], space },
    );
    const ask = async (collapse?: boolean): Promise<number> =>
      (await ledger.search({ text, mode: 'words', k: 10, ...(collapse === undefined ? {} : { collapse }) })).hits
        .length;
    expect(await ask()).toBe(2);
    expect(await ask(false)).toBe(4);
  });

  test('says that nobody can judge where too little is here to compare with', async () => {
    const ledger = new Ledger({ inMemory: true });
    await ledger.put({ rows: [{ vector: [1, 0, 0, 0, 0, 0, 0, 0], text: 'Bread.' }], space });
    const vector = { space: spaceIdOf(space), values: [1, 1, 0, 0, 0, 0, 0, 0] };
    const { hits, notes } = await ledger.search({ vector, text: 'quarks', k: 1 });
    expect(hits).toMatchObject([{ strength: 'unknown', cosine: expect.closeTo(Math.SQRT1_2, 5) }]);
    expect(notes).toContainEqual(expect.stringMatching(/not judged .* it takes 20 vectors/));
    const judged = await ledger.search({ text: 'bread', mode: 'words', k: 1 });
    expect(judged).toMatchObject({ hits: [{ strength: 'strong' }] });
    expect(judged.notes).toBeUndefined();
  });

  test('says which condition nothing meets', async () => {
    const ledger = new Ledger();
    await ledger.put({ rows: [{ vector: [1, 0, 0, 0, 0, 0, 0, 0], text: 'a' }], space, tags: ['birds'] });
    const ask = async (filter: object): Promise<readonly string[] | undefined> =>
      (await ledger.search({ text: 'a', mode: 'words', k: 3, filter })).notes;
    expect(await ask({ tagsAll: ['brids'] })).toEqual(['no block here has the tag "brids"']);
    expect(await ask({ authors: ['did:key:zNobody'], tagsAll: ['birds'] })).toEqual([
      'no block here is by the author "did:key:zNobody"',
    ]);
    expect(await ask({ language: 'eo' })).toEqual(['no text here is said to be in the language "eo"']);
    expect(await ask({ where: { colour: 'red', '#id': 'note-1' } })).toEqual([
      'no text here has the metadata "colour"',
      'no text here has the own id "note-1"',
    ]);
    expect(await ask({ where: { $or: [{ '#origin': 'nowhere.md' }, { '#collection': 'bird' }] } })).toEqual([
      'no text here meets {"#origin":"nowhere.md"}',
      'no text here is in the collection "bird"',
    ]);
    expect(await ask({ where: { $not: { '#tag': 'birds' } } })).toEqual([
      'no text here meets {"$not":{"#tag":"birds"}}',
    ]);
    expect(await ask({ where: { '#tag': 'birds', colour: { $ne: 'red' } } })).toBeUndefined();
    expect(await ask({ tagsAll: ['birds'] })).toBeUndefined();
  });
});
