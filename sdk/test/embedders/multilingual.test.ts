import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  createMultilingualEmbedder,
  multilingualCanaries,
  multilingualModel,
  multilingualSpace,
} from '../../src/embedders/multilingual/index.js';
import { modelOf, openFile, rowsOf } from '../../src/embedders/multilingual/model.js';
import { tokensOf } from '../../src/embedders/multilingual/tokens.js';
import { createEmbedder, type EmbedderHost } from '../../src/embedders/index.js';
import { nodeEmbedderHost } from '../../src/embedders/node/index.js';
import { checkSpace, cosine, descriptorFault } from '../../src/space/index.js';
import type { Embedder } from '../../src/ports/index.js';

interface Case {
  readonly text: string;
  readonly tokens: string[];
  readonly rows: string[][];
  readonly vector: number[];
}

const root = new URL('../../../', import.meta.url);
const bytes = new Uint8Array(readFileSync(new URL(`multilingual/assets/${multilingualModel.file}`, root)));
const { cases } = JSON.parse(readFileSync(new URL('specs/vectors/embedder-multilingual.json', root), 'utf8')) as {
  cases: Case[];
};

let embedder: Embedder;
const embed = async (...texts: string[]) => (await embedder.embed(texts, { role: 'passage' })).vectors;

beforeAll(() => {
  embedder = createMultilingualEmbedder(bytes);
});

test('the file is the one that the descriptor names, and at most 20 MB; the English one is refused', () => {
  expect(bytes.length).toBe(multilingualModel.bytes);
  expect(bytes.length).toBeLessThanOrEqual(20_000_000);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(multilingualSpace.weights);
  expect(descriptorFault(multilingualSpace as never)).toBeUndefined();
  const english = new Uint8Array(readFileSync(new URL('sdk/assets/english-1.bin', root)));
  expect(() => createMultilingualEmbedder(english)).toThrow(expect.objectContaining({ code: 'embedder.unavailable' }));
});

describe('as the second implementation computed them', () => {
  test.each(cases.filter((c) => c.vector.length > 0).map((c) => [c.text, c] as const))(
    'to the bit: %s',
    async (_, c) => {
      const { vectors, tokens } = await embedder.embed([c.text], { role: 'query' });
      expect(Array.from(vectors[0]!, (x) => x * 32768)).toEqual(c.vector);
      expect(tokens).toEqual([c.tokens.length]);
    },
  );

  test('tokens and rows', () => {
    const model = modelOf(openFile(bytes));
    const names = [...model.rowOf.keys()];
    for (const c of cases) {
      const { tokens } = tokensOf(c.text, model.fold, 8192);
      expect(tokens).toEqual(c.tokens);
      expect(tokens.map((t) => rowsOf(t, model).map((row) => names[row]))).toEqual(c.rows);
    }
  });
});

test('the canaries of its space', async () => {
  await expect(checkSpace(embedder, multilingualCanaries())).resolves.toMatchObject({ status: 'reproduced' });
  const long = multilingualCanaries().canaries.at(-1)!;
  expect((await embedder.embed([long.text], { role: 'passage' })).truncated).toEqual([true]);
});

describe('what it is for', () => {
  test.each([
    ['German', 'Wie richte ich einen Drucker ein?'],
    ['Spanish', '¿Cómo configuro una impresora?'],
    ['French', 'Comment configurer une imprimante ?'],
    ['Italian', 'Come posso configurare una stampante?'],
  ])('a question in %s finds the English answer', async (_, question) => {
    const [asked, answer, ...others] = await embed(
      question,
      'To set up a printer, open the settings, choose Printers and press Add.',
      'The dog sleeps on the sofa in the afternoon.',
      'Parliament voted on the new budget on Tuesday.',
      'Set the clock of the computer to another time zone.',
    );
    for (const other of others) expect(cosine(asked!, answer!)).toBeGreaterThan(cosine(asked!, other) + 0.1);
  });

  test('accents may be left out, and small letters are as large ones', async () => {
    const [a, b, c] = await embed('impresión', 'impresion', 'IMPRESIÓN');
    expect(a).toEqual(c);
    expect(cosine(a!, b!)).toBeGreaterThan(0.99);
  });

  test('parts of words that are not in the table say something', async () => {
    const [compound, near, far] = await embed('Druckereinstellungsfenster', 'printer settings', 'a walk in the forest');
    expect(cosine(compound!, near!)).toBeGreaterThan(cosine(compound!, far!) + 0.1);
  });
});

test('is made by its name where the package is installed, and says which package where it is not', async () => {
  const made = await createEmbedder({ type: 'builtin', name: 'multilingual-1' }, nodeEmbedderHost);
  expect(made.space).toBe(multilingualSpace);
  await expect(nodeEmbedderHost.asset('x.bin', '@cosmicembeddings/not-there')).rejects.toMatchObject({
    code: 'embedder.unavailable',
    message: expect.stringContaining('npm install @cosmicembeddings/not-there'),
  });
  const asked: unknown[] = [];
  const host = { asset: async (...of: unknown[]) => (asked.push(of), bytes) } as unknown as EmbedderHost;
  await createEmbedder({ type: 'builtin', name: 'multilingual-1' }, host);
  expect(asked).toEqual([['multilingual-1.bin', '@cosmicembeddings/multilingual']]);
});
