import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { JsonSchema } from '@cosmicembeddings/sdk/schema';
import { compileSchema } from '../../src/json-schema.js';
import { blockOf, testedNode } from './node.ts';

const node = testedNode();

interface Media {
  readonly schema?: JsonSchema;
  readonly example?: unknown;
}
interface Operation {
  readonly responses: Record<string, { readonly content?: Record<string, Media> }>;
  readonly requestBody?: { readonly content: Record<string, Media> };
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, JsonSchema> };
}

/** What a schema does not name may not be there: else an answer could say more than is described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isObject = inner['type'] === 'object' && inner['properties'] !== undefined;
  return isObject && inner['additionalProperties'] === undefined ? { ...inner, additionalProperties: false } : inner;
}

let document: Document;
const faultsOf = (schema: JsonSchema | undefined, value: unknown): unknown => {
  const whole = { ...schema, components: document.components } as JsonSchema;
  const check = compileSchema(closed(whole) as JsonSchema);
  check(value);
  return check.errors ?? [];
};
const answerOf = (operation: string, status: number, type = 'application/json'): Media => {
  const [method = '', path = ''] = operation.split(' ');
  const { responses } = document.paths[path]![method.toLowerCase()]!;
  return (responses[String(status)] ?? responses['default'])!.content![type]!;
};

beforeAll(async () => {
  document = (await (await fetch(`${node.url}/openapi.json`)).json()) as Document;
});

test('every operation says what it takes, answers and refuses; examples are of that form', () => {
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, { responses, requestBody }] of Object.entries(methods)) {
      const name = `${method} ${path}`;
      expect([name, Object.keys(responses).includes('default')]).toEqual([name, true]);
      expect([name, responses['200']?.content === undefined]).toEqual([name, false]);
      if (method === 'post') expect([name, requestBody === undefined]).toEqual([name, false]);
      for (const { content = {} } of Object.values(responses))
        for (const { schema, example } of Object.values(content)) {
          expect([name, schema === undefined]).toEqual([name, false]);
          if (example !== undefined) expect([name, faultsOf(schema, example)]).toEqual([name, []]);
        }
      for (const [code, { content = {} }] of Object.entries(responses)) {
        const { schema, example } = content['application/json'] ?? {};
        if (schema === undefined || !code.startsWith('2')) continue;
        const [shown = example] = (schema as { readonly examples?: readonly unknown[] }).examples ?? [];
        expect([name, shown === undefined ? 'no example' : faultsOf(schema, shown)]).toEqual([name, []]);
      }
      for (const { schema, example } of Object.values(requestBody?.content ?? {}))
        if (example !== undefined) expect([name, faultsOf(schema, example)]).toEqual([name, []]);
    }
});

describe('what a real node answers is of the form that is described', () => {
  const token = () => readFileSync(join(node.folder, 'token'), 'utf8').trim();
  const asked = async (operation: string, path: string, body?: unknown, accept = 'application/json') => {
    const [method = ''] = operation.split(' ');
    const response = await fetch(node.url + path, {
      method,
      headers: {
        accept,
        authorization: `Bearer ${token()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const type = response.headers.get('content-type')!.split(';')[0]!;
    const value = type.endsWith('json') && type !== 'application/x-ndjson' ? await response.json() : undefined;
    return { status: response.status, type, value, text: value === undefined ? await response.text() : '' };
  };

  test('each operation', async () => {
    const { id, wire } = await blockOf(['The kiln fires at 1240 °C.'], { tags: ['pottery'] });
    const published = await node.post(wire, 'application/cbor-seq', '?wait=indexed');
    expect(faultsOf(answerOf('POST /v2/blocks', 201).schema, await published.json())).toEqual([]);
    const { wire: spam } = await blockOf(['buy'], { tags: ['spam'] });
    const many = new Uint8Array([...wire, ...spam]);
    expect(faultsOf(answerOf('POST /v2/blocks', 200).schema, await (await node.post(many)).json())).toEqual([]);
    const url = 'ws://127.0.0.1:9/v2/peer';
    const did = 'did:key:z6MkmtWtY63GQVBrpMyRJWEzsnxfsGkemu6CtMDwGTv4RYj2';
    const cases: readonly (readonly [operation: string, path: string, body?: unknown])[] = [
      ['GET /v2/blocks/{id}', `/v2/blocks/${id}`],
      ['GET /v2/blocks/{id}', '/v2/blocks/nowhere'],
      ['GET /v2/blocks/{id}/related', `/v2/blocks/${id}/related`],
      ['GET /v2/blocks/{id}/trace', `/v2/blocks/${id}/trace`],
      ['GET /v2/blocks/{id}/trace', '/v2/blocks/nowhere/trace'],
      ['GET /v2/blocks/{id}/verdicts', `/v2/blocks/${id}/verdicts`],
      ['GET /v2/blocks', '/v2/blocks?limit=1'],
      ['POST /v2/blocks/find', '/v2/blocks/find', { limit: 1 }],
      ['POST /v2/search', '/v2/search', { text: 'kiln', k: 3, explain: true, verdicts: true }],
      ['GET /v2/search', '/v2/search?q=kiln'],
      ['GET /v2/search', '/v2/search?q=kiln&spaces=same'],
      ['POST /v2/facets', '/v2/facets', { filter: { tagsAll: ['pottery'] }, values: 2 }],
      ['GET /v2/spaces', '/v2/spaces'],
      ['GET /v2/plugins', '/v2/plugins'],
      ['GET /v2/status', '/v2/status'],
      ['POST /v2/peers', '/v2/peers', { url }],
      ['GET /v2/peers', '/v2/peers'],
      ['DELETE /v2/peers', `/v2/peers?url=${encodeURIComponent(url)}`],
      ['POST /v2/peers/ban', '/v2/peers/ban', { did }],
      ['POST /v2/peers/allow', '/v2/peers/allow', { did }],
      ['GET /v2/respond', '/v2/respond'],
      ['POST /v2/respond/undo', '/v2/respond/undo', { id: 'r1' }],
      ['GET /v2/views/standing/of', `/v2/views/standing/of?id=${id}`],
      ['GET /v2/views/forks/all', '/v2/views/forks/all'],
      ['GET /v1/models', '/v1/models'],
      ['POST /v1/embeddings', '/v1/embeddings', { input: 'kiln', encoding_format: 'base64' }],
      ['POST /v1/embeddings', '/v1/embeddings', { input: [[1, 2]] }],
      ['GET /health', '/health'],
      ['GET /ready', '/ready'],
      ['POST /v2/erase', '/v2/erase', { ids: [id], reason: 'takedown' }],
      ['GET /v2/status', '/v2/status?nonsense=%00'],
    ];
    for (const [operation, path, body] of cases) {
      const { status, type, value } = await asked(operation, path, body);
      expect([path, faultsOf(answerOf(operation, status, type).schema, value)]).toEqual([path, []]);
    }
    const lines = await asked(
      'POST /v2/blocks/read',
      '/v2/blocks/read',
      { ids: [id, 'nothing'] },
      'application/x-ndjson',
    );
    for (const line of lines.text.trim().split('\n'))
      expect(faultsOf(answerOf('POST /v2/blocks/read', 200, 'application/x-ndjson').schema, JSON.parse(line))).toEqual(
        [],
      );
  });
});
