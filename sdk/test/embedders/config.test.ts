import { expect, test } from '@jest/globals';
import { parseEmbedderConfig } from '../../src/embedders/index.js';

const url = 'http://127.0.0.1:1/v1';

test.each([
  'builtin',
  'lexical',
  `openai:m@${url}`,
  'transformers:m@/models',
  { type: 'openai', url, model: 'm', inputType: true, batch: 8, pricePerMillionTokens: 0 },
  { type: 'transformers', model: 'm', dtype: 'fp16', weights: 'a'.repeat(64) },
])('%j is taken', (config) => {
  expect(parseEmbedderConfig(config)).toMatchObject({ type: expect.any(String) });
});

test.each([
  [{ type: 'magic' }, 'type'],
  [{ type: 'constructor' }, 'type'],
  ['magic', 'use builtin'],
  [{ type: 'openai', url }, 'model is missing'],
  [{ type: 'openai', url, model: 'm', batch: 0 }, 'batch'],
  [{ type: 'openai', url, model: 'm', concurency: 2 }, 'concurency is not known'],
  [{ type: 'openai', url, model: 'm', inputType: true, queryPrefix: 'q' }, 'inputType'],
  [{ type: 'openai', url: 'file:///etc', model: 'm' }, 'url'],
  [{ type: 'transformers', model: 'm', dtype: 'int3' }, 'dtype'],
  [{ type: 'transformers', model: 'm', weights: 'abc' }, 'weights'],
])('%j is refused, naming the field', (config, detail) => {
  expect(() => parseEmbedderConfig(config)).toThrow(
    expect.objectContaining({ code: 'config.malformed', detail: expect.stringContaining(detail) }),
  );
});

test.each(['http://me:hunter2@host/v1', 'https://host/v1?key=hunter2'])(
  'an address with a secret is refused and not repeated',
  (secret) => {
    const parse = () => parseEmbedderConfig({ type: 'openai', url: secret, model: 'm' });
    expect(parse).toThrow(expect.objectContaining({ code: 'config.malformed' }));
    expect(parse).not.toThrow(/hunter2/);
  },
);
