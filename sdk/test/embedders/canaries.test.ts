import { expect, test } from '@jest/globals';
import { canariesOfSpace, canaryFields, canaryTexts, createLexicalEmbedder } from '../../src/embedders/index.js';
import { englishCanaries } from '../../src/embedders/english/index.js';
import type { Embedder } from '../../src/ports/index.js';
import { checkSpace, spaceIdOf, unpackRow } from '../../src/space/index.js';
import { attestationOf } from '../../src/translators/index.js';

const lexical = createLexicalEmbedder();
/** Embeds a question as the opposite of a passage: who takes the wrong role is found out. */
const twoRoles: Embedder = {
  space: lexical.space,
  embed: async (texts, options) => {
    const made = await lexical.embed(texts, options);
    const sign = options.role === 'query' ? -1 : 1;
    return { ...made, vectors: made.vectors.map((vector) => vector.map((x) => sign * x)) };
  },
};

test('are many texts that differ, questions among them, and one that is longer than models read', () => {
  expect(new Set(canaryTexts.map(({ text }) => text)).size).toBe(canaryTexts.length);
  // What a node holds rows against needs forty (node/src/index/common/honesty.ts).
  expect(canaryTexts.filter(({ role }) => role === 'passage').length).toBeGreaterThanOrEqual(40);
  expect(canaryTexts.some(({ role }) => role === 'query')).toBe(true);
  expect(canaryTexts.at(-1)!.text.split(' ').length).toBeGreaterThan(512);
});

test('signed in half precision, they are reproduced by the same embedder, each in its role, and attested', async () => {
  const fields = await canaryFields(twoRoles);
  const canaries = canaryTexts.map((one, row) => ({
    ...one,
    vector: unpackRow(fields.embedding, lexical.space.dims, row),
  }));
  const space = { space: lexical.space, canaries };
  await expect(checkSpace(twoRoles, space)).resolves.toMatchObject({ status: 'reproduced' });
  await expect(checkSpace(lexical, space)).resolves.toMatchObject({ code: 'space.canary_failed' });
  expect(await attestationOf(fields, twoRoles)).toMatchObject({ agrees: true, rows: 64 });
});

test('that come with the SDK are found by their space', () => {
  const { space, canaries } = englishCanaries();
  expect(canariesOfSpace(spaceIdOf(space))!.canaries).toHaveLength(canaries.length);
  expect(canariesOfSpace('bafyreinone')).toBeUndefined();
});
