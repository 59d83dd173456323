import { expect, test } from '@jest/globals';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { embedder, testedNode } from '../node.ts';

const node = testedNode();
const ask = async (body: unknown) => {
  const response = await node.postJson('/v1/embeddings', JSON.stringify(body));
  return { status: response.status, body: (await response.json()) as Record<string, never> };
};

test('answers what the embedder says, as numbers or as base64, under the name of its space or model', async () => {
  const input = ['The kiln fires at 1240 °C.', 'A heron in the reeds'];
  const { vectors } = await embedder.embed(input, { role: 'passage' });
  const { body } = await ask({ input, model: 'builtin/lexical' });
  expect(body).toMatchObject({ object: 'list', model: spaceIdOf(embedder.space) });
  const data = body['data'] as { index: number; embedding: number[] }[];
  expect(data.map(({ embedding }) => embedding)).toEqual(vectors.map((vector) => Array.from(vector)));
  const packed = await ask({ input: input[0], encoding_format: 'base64', model: spaceIdOf(embedder.space) });
  const [first] = packed.body['data'] as { embedding: string }[];
  expect(Buffer.from(first!.embedding, 'base64')).toEqual(
    Buffer.from(vectors[0]!.buffer, vectors[0]!.byteOffset, vectors[0]!.byteLength),
  );
});

test.each([
  ['tokens', { input: [1, 2, 3] }, 'request.malformed', 400],
  ['other dimensions', { input: 'a', dimensions: 12 }, 'request.malformed', 400],
  ['a model that is not here', { input: 'a', model: 'text-embedding-3-small' }, 'search.no_embedder', 400],
  ['nothing', { input: [] }, 'request.malformed', 400],
  ['a text without words', { input: ['   '] }, 'input.empty', 400],
])('refuses %s, as a problem in which OpenAI’s clients find their error', async (_, body, code, status) => {
  const answer = await ask(body);
  expect([answer.status, answer.body['code'], (answer.body['error'] as { code: string }).code]).toEqual([
    status,
    code,
    code,
  ]);
});

test('many requests at once are embedded in turn, and beyond a bound refused', async () => {
  const input = Array.from({ length: 200 }, (_, i) => `text ${i} of many`);
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask({ input })));
  const statuses = new Set(answers.map(({ status }) => status));
  expect(statuses.has(200)).toBe(true);
  for (const status of statuses) expect([200, 503]).toContain(status);
  expect((await ask({ input: 'and afterwards' })).status).toBe(200);
});
