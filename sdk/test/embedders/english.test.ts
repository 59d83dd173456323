import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  createEnglishEmbedder,
  englishCanaries,
  englishModel,
  englishSpace,
} from '../../src/embedders/english/index.js';
import { modelOf, openFile } from '../../src/embedders/english/model.js';
import { lemmaOf } from '../../src/embedders/english/lemma.js';
import { tokensOf } from '../../src/embedders/english/tokens.js';
import { checkSpace, cosine, descriptorFault } from '../../src/space/index.js';
import type { Embedder } from '../../src/ports/index.js';

interface Case {
  readonly text: string;
  readonly canary?: boolean;
  readonly tokens: string[];
  readonly vector: number[];
}

const root = new URL('../../../', import.meta.url);
const bytes = new Uint8Array(readFileSync(new URL(`sdk/assets/${englishModel.file}`, root)));
const { cases } = JSON.parse(readFileSync(new URL('specs/vectors/embedder-english.json', root), 'utf8')) as {
  cases: Case[];
};
const words = cases.filter((c) => c.vector.length > 0);

let embedder: Embedder;
const embed = async (...texts: string[]) => (await embedder.embed(texts, { role: 'passage' })).vectors;

beforeAll(() => {
  embedder = createEnglishEmbedder(bytes);
});

describe('the file', () => {
  test('is the one that the descriptor names, and at most 7 MB', () => {
    expect(bytes.length).toBe(englishModel.bytes);
    expect(bytes.length).toBeLessThanOrEqual(7_000_000);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(englishSpace.weights);
  });

  test('other bytes are refused, also a damaged or shortened file', () => {
    expect(() => createEnglishEmbedder(new Uint8Array(100))).toThrow(
      expect.objectContaining({ code: 'embedder.unavailable' }),
    );
    expect(() => createEnglishEmbedder(bytes.subarray(0, 100_000))).toThrow(
      expect.objectContaining({ code: 'embedder.unavailable' }),
    );
    const damaged = bytes.slice();
    damaged[5_000_000]! ^= 1;
    expect(() => createEnglishEmbedder(damaged)).toThrow(expect.objectContaining({ code: 'embedder.unavailable' }));
  });

  test('its descriptor is a valid one', () => {
    expect(descriptorFault(englishSpace as never)).toBeUndefined();
  });
});

describe('the vectors, to the bit, as the second implementation computed them', () => {
  test.each(words.map((c) => [c.text, c] as const))('%s', async (_, c) => {
    const { vectors, tokens, truncated } = await embedder.embed([c.text], { role: 'query' });
    expect(Array.from(vectors[0]!, (x) => x * 32768)).toEqual(c.vector);
    expect(tokens).toEqual([c.tokens.length]);
    expect(truncated).toEqual([false]);
  });

  test('lemmas', () => {
    const model = modelOf(openFile(bytes));
    for (const c of cases) {
      const flags = (w: string): number => model.flags[model.rowOf.get(w) ?? -1] ?? 0;
      expect(tokensOf(c.text, model.fold, 8192).tokens.map((t) => lemmaOf(t, model.exceptions, flags))).toEqual(
        c.tokens,
      );
    }
  });

  test('in one batch or one by one, in any order, with a cold or a full cache', async () => {
    const many = Array.from({ length: 6000 }, (_, i) => `${words[i % words.length]!.text} w${i} q${i * 7}`);
    const first = await embed(...many);
    const again = (await embed(...[...many].reverse())).reverse();
    expect(first.every((v, i) => Buffer.compare(Buffer.from(v.buffer), Buffer.from(again[i]!.buffer)) === 0)).toBe(
      true,
    );
  });
});

test('the canaries of its space', async () => {
  const { space, canaries } = englishCanaries();
  expect(space).toBe(englishSpace);
  expect(canaries.length).toBeGreaterThanOrEqual(4);
  for (const { text, role, vector } of canaries)
    expect((await embedder.embed([text], { role })).vectors[0]).toEqual(vector);
  expect((await embedder.embed([canaries.at(-1)!.text], { role: 'passage' })).truncated).toEqual([true]);
  await expect(checkSpace(embedder, englishCanaries())).resolves.toMatchObject({
    status: 'reproduced',
    worst: expect.closeTo(0, 6),
  });
});

describe('what it is for', () => {
  test('unit length', async () => {
    for (const v of await embed(...words.map((c) => c.text)))
      expect(Math.abs(Math.sqrt(v.reduce((s, x) => s + x * x, 0)) - 1)).toBeLessThan(1e-4);
  });

  test('other words, same meaning, are nearer than same kind, other meaning', async () => {
    const [query, near, far] = await embed(
      'a physician treats ill people',
      'the doctor cures a sick patient',
      'the bank lends money to a firm',
    );
    expect(cosine(query!, near!)).toBeGreaterThan(cosine(query!, far!) + 0.3);
  });

  test('an unknown word is near its own misspelling and its parts', async () => {
    const [a, b, c] = await embed('cryptozoological studies', 'cryptozoology study', 'dairy farming');
    expect(cosine(a!, b!)).toBeGreaterThan(cosine(a!, c!) + 0.3);
  });

  test('accents, case and width do not matter', async () => {
    const [a, b, c] = await embed('Café Straße', 'cafe strasse', 'ＣＡＦＥ strasse');
    expect(a).toEqual(b);
    expect(b).toEqual(c);
  });

  test('other languages are matched by spelling: never refused, alike when spelled alike', async () => {
    const [a, b, c] = await embed('звёздное небо', 'Звездное небо над морем', 'биржа и рынок');
    expect(cosine(a!, b!)).toBeGreaterThan(cosine(a!, c!) + 0.2);
    const [d, e, f] = await embed('東京の空', '東京の夜空', '株式市場');
    expect(cosine(d!, e!)).toBeGreaterThan(cosine(d!, f!) + 0.2);
  });

  test('text without a letter, digit or emoji is refused', async () => {
    for (const text of ['', '…', ' \n\t', '?!'])
      await expect(embedder.embed(['ok', text], { role: 'query' })).rejects.toMatchObject({
        code: 'input.empty',
        message: expect.stringContaining('text 1'),
      });
  });

  test('more than 8,192 tokens are cut, and said to be', async () => {
    const long = 'star '.repeat(8192);
    const { truncated, tokens, vectors } = await embedder.embed([long, `${long}moon`], { role: 'passage' });
    expect(truncated).toEqual([false, true]);
    expect(tokens).toEqual([8192, 8192]);
    expect(vectors[0]).toEqual(vectors[1]);
  });

  test('stops when told to', async () => {
    await expect(embedder.embed(['a'], { role: 'query', signal: AbortSignal.abort() })).rejects.toThrow();
  });
});
