import { expect, test } from '@jest/globals';
import { CosmicError } from '../../../src/errors.js';
import { aiSdkTools, type Tool } from '../../../src/agent/tools/index.js';

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
