import { expect, test } from '@jest/globals';
import { createLexicalEmbedder } from '../../src/embedders/lexical.js';
import { cosine } from '../../src/space/index.js';

const embedder = createLexicalEmbedder();
const embed = async (...texts: string[]) => (await embedder.embed(texts, { role: 'passage' })).vectors;

test('unit vectors of 384 numbers, the same each time', async () => {
  const [a, b] = await embed('The Moon rises over the sea.', 'The Moon rises over the sea.');
  expect(a).toHaveLength(384);
  expect(a).toEqual(b);
  expect(a!.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 5);
});

test('shared words and shared stems are near, unrelated texts are far', async () => {
  const [query, same, stem, other] = await embed(
    'signed blocks',
    'blocks are signed',
    'signing a block',
    'rain in the mountains',
  );
  expect(cosine(query!, same!)).toBeGreaterThan(0.6);
  expect(cosine(query!, stem!)).toBeGreaterThan(cosine(query!, other!) + 0.1);
});

test('accents and case do not matter; other scripts work', async () => {
  const [a, b, c, d] = await embed('Café', 'cafe', 'Звёздное небо', 'звездное НЕБО');
  expect(cosine(a!, b!)).toBeCloseTo(1, 6);
  expect(cosine(c!, d!)).toBeCloseTo(1, 6);
});

test('a text without any letter or digit is refused', async () => {
  await expect(embedder.embed(['…'], { role: 'query' })).rejects.toMatchObject({ code: 'input.empty' });
});
