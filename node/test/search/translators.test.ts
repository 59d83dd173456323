import { describe, expect, test } from '@jest/globals';
import { CosmicError, sha256, spaceIdOf, toUnit, utf8, type ValueMap } from '@cosmicembeddings/sdk';
import { unsignedBlock } from '@cosmicembeddings/sdk/testing';
import { fitTranslator, translatorFields, type Pair } from '@cosmicembeddings/sdk/translators';
import { createTranslators } from '../../src/search/index.js';
import { Ledger, registry, spaceNamed } from './ledger.ts';

const [from, to] = [spaceNamed('first', 24), spaceNamed('second', 16)];
const BRIDGE = 'did:key:zBridge';

function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
}

/** Meanings of a subject, each with six directions of its own, as two models see them. */
function pairs(n: number, seed: number, subject = 0): Pair[] {
  const maps = numbers(7);
  const matrix = (rows: number): number[][] => Array.from({ length: rows }, () => Array.from({ length: 12 }, maps));
  const [a, b] = [matrix(24), matrix(16)];
  const next = numbers(seed);
  const seen = (m: number[][], z: number[]): Float32Array =>
    toUnit(Float32Array.from(m, (row) => Math.tanh(row.reduce((sum, x, i) => sum + x * z[i]!, 0)) + 0.3));
  return Array.from({ length: n }, (_, i) => {
    const z = Array.from({ length: 12 }, (_one, j) => (Math.floor(j / 6) === subject ? 4 * next() : 0));
    return { reference: sha256(utf8(`${seed} ${i}`)), from: seen(a, z), to: seen(b, z) };
  });
}

const fields = translatorFields(fitTranslator(pairs(300, 11), { from, to }));
const rows = [...pairs(60, 21), ...pairs(60, 23, 1)];

/** Rows of the second space without texts, and a translator by somebody. */
async function ledgerWith(
  change: (fields: ValueMap) => ValueMap = (one) => one,
  author = BRIDGE,
  isDamaged: (id: string) => boolean = () => false,
) {
  const refused: string[] = [];
  const parts = {
    trust: [BRIDGE],
    isHidden: () => false,
    onRefused: (_id: string, why: string) => void refused.push(why),
  };
  const ledger: Ledger = new Ledger({
    waysToAsk: (spaces) => translators.ways(spaces),
    translatable: () => translators.sources(),
  });
  const store = {
    head: () => ledger.store.head(),
    get: (ids: readonly string[]) =>
      ids.some(isDamaged) ? Promise.reject(new CosmicError('store.corrupt', ids.join())) : ledger.store.get(ids),
  };
  const translators = createTranslators({ ...ledger, store, registry, vectors: ledger.vectorSearch, ...parts });
  await ledger.put(...rows.map(({ to: vector }) => ({ space: to, rows: [{ vector }] })));
  const block = unsignedBlock({ number: 9000, kind: 'translator/1', fields: change(fields), rows: [], author });
  await ledger.store.put([{ block, firstSeenMs: 1 }]);
  const ask = (vector: Float32Array, more: { translate?: 'always' } = {}) =>
    ledger.search({ vector: { space: spaceIdOf(from), values: vector }, k: 3, unvouched: 'open', ...more });
  const { reports, ways } = translators;
  return { ask, refused, ledger, id: block.id, reports, ways };
}

describe('a question of a space in which nothing is here', () => {
  test('finds rows by a translator, and each hit says by which', async () => {
    const { ask, id, reports } = await ledgerWith();
    const answer = await ask(pairs(60, 21)[4]!.from);
    expect(await reports()).toMatchObject([{ id, from: spaceIdOf(from), to: spaceIdOf(to) }]);
    expect(answer.hits.length).toBeGreaterThan(0);
    expect(answer.hits[0]).toMatchObject({ space: spaceIdOf(to), translator: id });
    expect(answer.hits[0]!.cosine).toBeGreaterThan(0.9);
  });

  test('about something else is not answered, unless it is asked to be', async () => {
    const { ask, id } = await ledgerWith();
    const stranger = pairs(60, 23, 1)[5]!.from;
    const answer = await ask(stranger);
    expect(answer.hits).toEqual([]);
    expect(answer.leftOut).toEqual([{ space: spaceIdOf(to), why: expect.stringMatching(/keep \d+ %/) as string }]);
    expect((await ask(stranger, { translate: 'always' })).hits[0]).toMatchObject({ translator: id });
  });

  test('is not translated by somebody whom the operator does not trust', async () => {
    const { ask } = await ledgerWith((one) => one, 'did:key:zStranger');
    await expect(ask(rows[0]!.from)).rejects.toThrow(CosmicError);
  });

  test('is not translated by a map whose own evaluation does not bear it out', async () => {
    const { ask, refused } = await ledgerWith((one) => ({
      ...one,
      quality: { ...(one['quality'] as ValueMap), recall_e6: 999_000 },
    }));
    await expect(ask(rows[0]!.from)).rejects.toMatchObject({ code: 'space.unknown' });
    expect(refused.join()).toMatch(/recall/);
  });

  test('is not translated by a map that cannot be read, and other questions are answered meanwhile', async () => {
    let damaged: string | undefined;
    const { ledger, id, reports } = await ledgerWith(undefined, undefined, (one) => one === damaged);
    damaged = id;
    expect(await reports()).toEqual([]);
    const values = rows[0]!.to;
    const answer = await ledger.search({ vector: { space: spaceIdOf(to), values }, k: 1, unvouched: 'open' });
    expect(answer.hits).toHaveLength(1);
    damaged = undefined;
    expect(await reports()).toMatchObject([{ id }]);
  });

  test('is judged by a few rows where they lie in large blocks', async () => {
    const { ask, id, ledger, ways } = await ledgerWith();
    const near = pairs(60, 21)[4]!;
    const text = 'A long text. '.repeat(120_000);
    await ledger.put(...Array.from({ length: 10 }, () => ({ space: to, rows: [{ vector: near.to, text }] })));
    const large = new Set<string>();
    let bytes = 0;
    const { get } = ledger.store;
    ledger.store.get = async (ids) => {
      const blocks = await get.call(ledger.store, ids);
      for (const block of blocks)
        if ((block?.body?.length ?? 0) > 1_000_000) {
          large.add(block!.id);
          bytes += block!.body!.length;
        }
      return blocks;
    };
    const [way] = await ways([spaceIdOf(to)]);
    expect(await way!.ask({ vectors: new Map([[spaceIdOf(from), near.from]]) })).toHaveProperty('vector');
    expect(large.size).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(8 * 1024 * 1024);
    expect((await ask(near.from)).hits[0]).toMatchObject({ translator: id });
  });

  test('is translated though a block near it is damaged', async () => {
    const damaged = new Set<string>();
    const { ask, id } = await ledgerWith(undefined, undefined, (one) => damaged.has(one));
    const question = pairs(60, 21)[4]!.from;
    const [first] = (await ask(question)).hits;
    damaged.add(first!.id);
    expect((await ask(question)).hits[0]).toMatchObject({ translator: id });
  });
});
