import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { CheckedBlock } from '@cosmicembeddings/sdk';
import { createMemoryStore, createMemoryText } from '@cosmicembeddings/sdk/memory';
import { loadableEngines } from '../../../src/store/sqlite/driver.js';
import { keptText } from '../../../src/index/words/kept.js';
import { openSqlite, storeFile, textFile, type SqliteParts } from '../../../src/store/sqlite/index.js';
import { openUpkeep } from '../../../src/store/sqlite/upkeep.js';
import { registry, signedBlock } from '../../store/signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-text-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folders = 0;

const TEXTS = [
  'The river runs past the old town and its bridges.',
  'Running water, running shoes: a town of runners.',
  'Über den Fluss führt eine Brücke, café inbegriffen.',
  'Vote early; votes are counted at midnight.',
  'An entirely different matter: quarks and gluons.',
];

const soon = (): number => Date.now() + 20_000;

describe.each(loadableEngines())('full-text index, %s', (engine) => {
  const open = (folder: string): Promise<SqliteParts> =>
    openSqlite({ folder, network: 'dev', node: 'did:key:zText', engine });
  const blocks: CheckedBlock[] = [];
  const filled = async (): Promise<{
    folder: string;
    parts: SqliteParts;
    found: (query: string, k?: number, allow?: Uint8Array) => Promise<number[]>;
  }> => {
    if (blocks.length === 0) for (const [i, text] of TEXTS.entries()) blocks.push(await signedBlock(i, text));
    const folder = join(home, String(++folders));
    const parts = await open(folder);
    await parts.store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));
    await parts.text.catchUp(soon());
    const found = async (query: string, k = 10, allow?: Uint8Array): Promise<number[]> =>
      (await parts.text.search(query, k, allow)).map(({ id }) => blocks.findIndex((block) => block.id === id));
    return { folder, parts, found };
  };

  test('every stem of the closed file is named, with a block that has it', async () => {
    const { folder, parts } = await filled();
    await parts.close();
    const upkeep = openUpkeep(storeFile(folder), engine);
    const stopped = { folder, engine, upkeep };
    try {
      const stems = new Map<string, string | undefined>();
      for (const { value, holder } of keptText.values(stopped)) stems.set(value, holder());
      expect(stems.get('gluon')).toBe(blocks[4]!.id);
      expect(stems.has('absent')).toBe(false);
      expect([...keptText.leftovers(stopped)]).toEqual([]);
      for (const { bytes } of keptText.deadSpace(stopped)) expect(bytes.length).toBeGreaterThan(0);
      keptText.compact(stopped);
      expect([...keptText.values(stopped)]).toHaveLength(stems.size);
    } finally {
      upkeep.close();
    }
  });

  test('words, stems, diacritics, phrases', async () => {
    const { parts, found } = await filled();
    expect(await found('gluon')).toEqual([4]);
    expect(await found('RUN')).toEqual([1, 0]);
    expect(await found('voting')).toEqual([3]);
    expect(await found('brucke CAFE')).toEqual([2]);
    expect((await found('river gluons')).sort()).toEqual([0, 4]);
    // Quotes help: what holds the phrase is ahead of what holds its words.
    expect(await found('"old town"')).toEqual([0, 1]);
    expect((await parts.text.phrases('"old town"', 10)).map(({ label }) => label)).toEqual([0]);
    expect(await parts.text.phrases('"town old" running', 10)).toEqual([]);
    expect((await found('"counted at midnight" gluons'))[0]).toBe(3);
    expect(await found('absent')).toEqual([]);
    await parts.close();
  });

  test('the best first, scores falling, labels of rows; k and allow hold', async () => {
    const { parts, found } = await filled();
    const hits = await parts.text.search('town run', 10);
    expect(hits.map(({ label }) => label)).toEqual([1, 0]);
    expect(hits[0]!.score).toBeGreaterThan(hits[1]!.score);
    expect(hits[1]!.score).toBeGreaterThan(0);
    expect(await found('town run', 1)).toEqual([1]);
    expect(await found('town run', 0)).toEqual([]);
    expect(await found('town run', 10, Uint8Array.of(0b00001))).toEqual([0]);
    expect(await found('town run', 10, new Uint8Array(0))).toEqual([]);
    await parts.close();
  });

  test('no input is a syntax error', async () => {
    const { parts } = await filled();
    for (const query of [
      '',
      ' ',
      '"',
      '""',
      '"""',
      'a"b',
      "'",
      '*',
      'AND',
      'OR NOT',
      'NEAR(a b)',
      'body:x',
      '{heading} : x',
      '-run',
      '^run',
      'a + b',
      '(',
      ')',
      '\0',
      'x\0y',
      '🙂',
      '\ud800',
      'ﬀ',
      'ñ'.repeat(3000),
      'w '.repeat(2000),
    ])
      await parts.text.search(query, 3);
    await fc.assert(
      fc.asyncProperty(
        fc.string({
          unit: fc.constantFrom(
            '"',
            "'",
            '*',
            '(',
            ')',
            ':',
            '^',
            '-',
            '+',
            ' ',
            'AND',
            'NOT',
            'NEAR',
            'town',
            '{',
            '}',
            'é',
            '\\',
            ';',
            '%',
          ),
        }),
        async (query) => {
          const hits = await parts.text.search(query, 5);
          expect(hits.length).toBeLessThanOrEqual(5);
        },
      ),
      { numRuns: 200 },
    );
    await parts.close();
  });

  test('follows by itself, keeps its place, forgets what is erased', async () => {
    const { folder, parts, found } = await filled();
    const late = await signedBlock(77, 'Afterwards came the marmalade.');
    await parts.store.put([{ block: late, firstSeenMs: 1 }]);
    const head = await parts.store.head();
    parts.text.notify(head);
    expect(await parts.text.catchUp(soon())).toEqual({ epoch: head.epoch, seq: head.seq });
    expect((await parts.text.search('marmalade', 1))[0]).toMatchObject({ id: late.id, label: 5 });
    await parts.store.erase([blocks[0]!.id], 'takedown');
    parts.text.notify(await parts.store.head());
    await parts.text.catchUp(soon());
    expect(await found('town')).toEqual([1]);
    await parts.close();

    const again = await open(folder);
    expect((await again.text.position()).seq).toBe(7);
    expect((await again.text.search('marmalade', 1)).map(({ id }) => id)).toEqual([late.id]);
    await again.close();
  });

  test('a damaged file is built anew', async () => {
    const { folder, parts } = await filled();
    await parts.close();
    const sound = readFileSync(textFile(folder));
    for (const bytes of [
      Buffer.from('nonsense'.repeat(4000)),
      sound.subarray(0, sound.length >> 1),
      Buffer.from(sound).fill(0xee, 16_384),
    ]) {
      writeFileSync(textFile(folder), bytes);
      const again = await open(folder);
      await again.text.catchUp(soon());
      expect((await again.text.search('gluons', 3)).map(({ id }) => id)).toEqual([blocks[4]!.id]);
      await again.close();
    }
  });
});

test('the memory index answers the same queries', async () => {
  const store = createMemoryStore();
  const blocks = await Promise.all(TEXTS.map((text, i) => signedBlock(i, text)));
  await store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));
  const text = createMemoryText(store, registry);
  const found = async (query: string): Promise<number[]> => (await text.search(query, 10)).map(({ label }) => label);
  expect(await found('gluons')).toEqual([4]);
  expect(await found('brucke CAFE')).toEqual([2]);
  expect(await found('"old town" absent')).toEqual([0, 1]);
  expect(await found('"')).toEqual([]);
  expect((await found('town')).sort()).toEqual([0, 1]);
  await store.erase([blocks[0]!.id], 'takedown');
  expect(await found('town')).toEqual([1]);
  expect(await text.position()).toMatchObject({ seq: 6 });
});
