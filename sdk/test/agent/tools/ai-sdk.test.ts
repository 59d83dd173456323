import { expect, test } from '@jest/globals';
import { CosmicError } from '../../../src/errors.js';
import { aiSdkTools, embedderOfModel, type Tool } from '../../../src/agent/tools/index.js';

const echo: Tool = {
  name: 'cosmic_echo',
  title: 'Echo',
  description: 'says it again',
  input: { type: 'object', properties: { text: { type: 'string' } } },
  output: { type: 'object' },
  readOnly: true,
  destructive: false,
  idempotent: true,
  run: async ({ text }, signal) => {
    signal?.throwIfAborted();
    if (text === '') throw new CosmicError('input.empty', 'no words');
    if (text === 'defect') throw new TypeError('ours');
    return { text: `between markers: ${String(text)}`, structured: {} };
  },
};

test('a tool is its name, its schema as the other side wants it, and the text that a model reads', async () => {
  const tools = aiSdkTools([echo], (schema) => ({ wrapped: schema }));
  expect(Object.keys(tools)).toEqual(['cosmic_echo']);
  const { inputSchema, execute, description } = tools['cosmic_echo']!;
  expect([inputSchema, description]).toEqual([{ wrapped: echo.input }, 'says it again']);
  expect(await execute({ text: 'a' })).toBe('between markers: a');
  // A refusal is something to read and act on; a fault of ours is not.
  expect(await execute({ text: '' })).toBe('input.empty: no words Give a text file with words.');
  await expect(execute({ text: 'defect' })).rejects.toThrow('ours');
  await expect(execute({ text: 'a' }, { abortSignal: AbortSignal.abort() })).rejects.toThrow('abort');
});

test('an embedding model is asked for as many texts as it takes, and what it leaves out is noticed', async () => {
  const asked: number[] = [];
  const model = {
    provider: 'acme',
    modelId: 'small',
    maxEmbeddingsPerCall: 2,
    doEmbed: ({ values }: { values: string[] }) => {
      asked.push(values.length);
      return Promise.resolve({ embeddings: values.filter((one) => one !== 'lost').map((one) => [one.length, 1]) });
    },
  };
  const embedder = await embedderOfModel(model);
  expect(embedder.space).toMatchObject({ model: 'ai-sdk:acme:small', dims: 2, normalized: false });
  const { vectors } = await embedder.embed(['a', 'bb', 'ccc'], { role: 'passage' });
  expect(vectors.map((one) => [...one])).toEqual([[1, 1], [2, 1], [3, 1]]); // prettier-ignore
  expect(asked).toEqual([1, 2, 1]);
  await expect(embedder.embed(['lost'], { role: 'query' })).rejects.toMatchObject({ code: 'embedder.bad_answer' });
});

test('an error says what to do, whose it is, and whether to try again', () => {
  const error = new CosmicError('node.unreachable', 'http://127.0.0.1:8080');
  expect([error.advice, error.fault, error.retry]).toEqual([expect.stringMatching(/cosmic node start/), 'node', true]);
  expect(new CosmicError('from.tomorrow' as never, 'x').advice).toBe('');
});
