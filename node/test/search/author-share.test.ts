import { beforeEach, describe, expect, test } from '@jest/globals';
import type { SearchRequest } from '@cosmicembeddings/sdk';
import fc from 'fast-check';
import { placesOf } from '../../src/search/author-share.js';
import { Ledger, spaceIdOf, spaceNamed, type Draft } from './ledger.ts';

const space = spaceNamed('test/authors');
const question = { space: spaceIdOf(space), values: [1, 0, 0, 0, 0, 0, 0, 0] };
const did = (name: string | number): string => `did:key:z${name}`;

/** A block whose first row is the nearer to the question the greater `near`, 0 to 1. */
function at(near: number, author: string, text: string, more: Partial<Draft> = {}): Draft {
  return { rows: [{ vector: towards(near), text }], space, author, ...more };
}
function towards(near: number): number[] {
  return [near, Math.sqrt(1 - near * near), 0, 0, 0, 0, 0, 0];
}

let ledger: Ledger;
const ask = (request: Partial<SearchRequest>) => ledger.search({ vector: question, k: 10, ...request });
const authors = async (request: Partial<SearchRequest> = {}): Promise<string> =>
  (await ask(request)).hits.map(({ author }) => author.slice('did:key:z'.length)[0]).join('');
/** 8 blocks of Eve ahead of one each of forty others, a to n and on. */
const flood = (): Draft[] => [
  ...Array.from({ length: 8 }, (_, i) => at(0.99 - i / 1000, did('Eve'), `eve ${i}`)),
  ...Array.from({ length: 40 }, (_, i) => at(0.9 - i / 100, did(`other${i}`), `other ${i}`)),
];

beforeEach(() => {
  ledger = new Ledger();
});

test('two places or a fifth of a page, and more for whoever holds much', () => {
  expect([1, 3, 10, 11, 100].map((k) => placesOf(k, 0))).toEqual([2, 2, 2, 3, 20]);
  expect([0.05, 0.1, 0.2, 0.45, 1].map((held) => placesOf(10, held))).toEqual([2, 3, 5, 10, 10]);
});

describe('an author’s share of a page', () => {
  test('is bounded while others have hits; the best comes first as before, the rest on later pages', async () => {
    await ledger.put(...flood());
    // Of 48 blocks 8 are hers: a tenth and twice that are five places of ten.
    expect(await authors()).toBe('EEEEEooooo');
    const first = await ask({});
    expect(await authors({ after: first.next! })).toBe('EEEooooooo');
    expect(await authors({ authorShare: 'open' })).toBe('EEEEEEEEoo');
  });

  test('is not bounded for those whom the reader trusts or names', async () => {
    await ledger.put(...flood());
    expect(await authors({ trusted: [did('Eve')] })).toBe('EEEEEEEEoo');
    expect(await authors({ filter: { authors: [did('Eve'), did('other0')] } })).toBe('EEEEEEEEo');
  });

  test('grows again where others run out, in the order of the ranking', async () => {
    const few = flood().filter(({ author }) => author === did('Eve') || author === did('other0'));
    await ledger.put(
      ...few,
      ...Array.from({ length: 40 }, (_, i) => at(0.1, did(`far${i}`), `far ${i}`, { tags: ['x'] })),
    );
    expect(await authors({ minCosine: 0.5 })).toBe('EEEEEoEEE');
  });

  test('others are looked for below what a page needs, as deep as a bound', async () => {
    await ledger.put(
      ...Array.from({ length: 60 }, (_, i) => at(0.99 - i / 1000, did('Eve'), `eve ${i}`)),
      ...Array.from({ length: 300 }, (_, i) => at(0.9 - i / 1000, did(`other${i}`), `other ${i}`)),
    );
    expect(await authors()).toBe('EEEEEooooo');
  });

  test('a collection of one author is answered as it was, by rows, too', async () => {
    await ledger.put(
      ...Array.from({ length: 10 }, (_, i) => ({
        rows: [0, 1, 2, 3].map((j) => ({ vector: towards(0.99 - i / 100 - j / 1000), text: `text ${i} ${j}` })),
        space,
        author: did('Ada'),
      })),
    );
    for (const rows of ['best', 'all'] as const) {
      const shown = async (more: Partial<SearchRequest>) =>
        (await ask({ rows, ...more })).hits.map(({ id, row }) => `${id} ${row}`);
      expect(await shown({})).toEqual(await shown({ authorShare: 'open' }));
    }
  });

  test('of all rows, those of one block have a share of their own', async () => {
    const many = Array.from({ length: 9 }, (_, j) => ({ vector: towards(0.99 - j / 1000), text: `many ${j}` }));
    await ledger.put({ rows: many, space, author: did('Eve') }, ...flood().slice(8));
    const hits = (await ask({ rows: 'all' })).hits;
    expect(hits.filter(({ author }) => author === did('Eve')).map(({ row }) => row)).toEqual([0, 1]);
    expect(hits).toHaveLength(10);
  });
});

test('who is trusted is named by did', async () => {
  await ledger.put(at(0.5, did('Ada'), 'ada'));
  await expect(ask({ trusted: ['bob'] })).rejects.toThrow(/trusted: authors are named by did/);
});

test('over pages of any size nothing is lost or shown twice, and every page keeps to the shares while others are there', async () => {
  const draft = fc.record({ author: fc.integer({ min: 0, max: 6 }), near: fc.integer({ min: 0, max: 999 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(draft, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom('best' as const, 'all' as const),
      async (drafts, k, rows) => {
        ledger = new Ledger();
        const ids = await ledger.put(...drafts.map(({ author, near }, i) => at(near / 1000, did(author), `text ${i}`)));
        const unbounded = (await ask({ k: 100, rows, collapse: false, authorShare: 'open' })).hits.map(({ id }) => id);
        expect(unbounded).toHaveLength(drafts.length);
        const rank = new Map(unbounded.map((id, i) => [id, i]));
        const paged: string[] = [];
        const held = (author: string) => drafts.filter((one) => did(one.author) === author).length / drafts.length;
        let after: string | undefined;
        do {
          const page = await ask({ k, rows, collapse: false, ...(after === undefined ? {} : { after }) });
          const by = new Map<string, string[]>();
          for (const { author, id } of page.hits) by.set(author, [...(by.get(author) ?? []), id]);
          // An author's own hits never change their order.
          for (const own of by.values()) {
            const ranks = own.map((id) => rank.get(id)!);
            expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
          }
          paged.push(...page.hits.map(({ id }) => id));
          const left = unbounded.filter((id) => !paged.includes(id));
          const isOver = ([author, shown]: [string, string[]]) => shown.length > placesOf(k, held(author));
          const leftAuthors = new Set(left.map((id) => drafts[ids.indexOf(id)]!.author));
          for (const one of [...by].filter(isOver))
            for (const author of leftAuthors)
              if (did(author) !== one[0])
                expect((by.get(did(author)) ?? []).length).toBeGreaterThanOrEqual(placesOf(k, held(did(author))));
          after = page.next;
          if (after !== undefined) expect(page.hits).toHaveLength(k);
        } while (after !== undefined);
        expect([...paged].sort()).toEqual([...unbounded].sort());
      },
    ),
    { numRuns: 60 },
  );
});
