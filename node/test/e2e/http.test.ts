import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  concatBytes,
  corePlugins,
  createBlock,
  createRegistry,
  packRows,
  sha256,
  signerOfSeed,
  utf8,
} from '@cosmicembeddings/sdk';
import { createClient } from '@cosmicembeddings/sdk/api';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-http-'));
const embedder = createLexicalEmbedder();
const author = {
  signer: signerOfSeed(new Uint8Array(32).fill(5)),
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
};
let node: RunningNode;

async function start(data = folder, more: { inFlightMax?: number } = {}): Promise<RunningNode> {
  const config = await loadConfig({
    ...more,
    data,
    port: 0,
    log: 'silent',
    verifyWorkers: 1,
    embedders: [{ type: 'builtin', name: 'lexical' }],
    policy: { tags: { deny: ['spam'] } },
  });
  return createNode(config, createLog('silent'));
}

beforeAll(async () => {
  node = await start();
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

let salts = 0;
async function blockOf(texts: readonly string[], more: { tags?: string[]; timeMs?: number } = {}) {
  const { vectors } = await embedder.embed(texts, { role: 'passage' });
  const fields = {
    space: { ...embedder.space },
    embedding: { ...packRows(vectors, 'f32') },
    input_type: 'text',
    input_reference: texts.map((text) => ({ hash: sha256(utf8(text)), origin: 'test.md' })),
    texts,
  };
  return createBlock(
    { kind: 'embedding/1', timeMs: Date.now() - 1000, fields, ...more },
    { ...author, salt: () => new Uint8Array(16).fill(++salts) },
  );
}

const post = (body: Uint8Array | string, type = 'application/cbor-seq', query = ''): Promise<Response> =>
  fetch(`${node.url}/v2/blocks${query}`, { method: 'POST', headers: { 'content-type': type }, body: body as never });
const problem = async (response: Response) => ({
  status: response.status,
  code: ((await response.json()) as { code: string }).code,
});

describe('publishing', () => {
  test('a stream is slowed down by a full node, never refused; a block that comes alone is told to come again', async () => {
    const data = mkdtempSync(join(tmpdir(), 'cosmic-full-'));
    const small = await start(data, { inFlightMax: 3 });
    const url = `${small.url}/v2/blocks`;
    const headers = { 'content-type': 'application/cbor-seq' };
    const wires = await Promise.all(Array.from({ length: 120 }, async (_, i) => (await blockOf([`text ${i}`])).wire));
    const [streamed, ...alone] = await Promise.all([
      fetch(url, { method: 'POST', headers, body: concatBytes(...wires.slice(0, 100)) as never }),
      ...wires.slice(100).map((wire) => fetch(url, { method: 'POST', headers, body: wire as never })),
    ]);
    const { results } = (await streamed!.json()) as { results: { status: string }[] };
    expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 'stored'));
    for (const response of alone) {
      expect([201, 503]).toContain(response.status);
      if (response.status === 503) expect(response.headers.get('retry-after')).toBe('1');
    }
    await small.close();
    rmSync(data, { recursive: true, force: true });
  });

  test('one block is 201, again 200; the bytes come back as signed', async () => {
    const { id, wire } = await blockOf(['The heron waits in the reeds']);
    expect((await post(wire)).status).toBe(201);
    const again = await post(wire);
    expect([again.status, await again.json()]).toMatchObject([200, { results: [{ status: 'known', id }] }]);
    const bytes = await fetch(`${node.url}/v2/blocks/${id}`);
    expect(bytes.headers.get('content-type')).toBe('application/cbor-seq');
    expect(new Uint8Array(await bytes.arrayBuffer())).toEqual(wire);
    const json = (await (await fetch(`${node.url}/v2/blocks/${id}?vectors=none`)).json()) as { created_by: string };
    expect(json.created_by).toMatch(/^did:key:z6Mk/);
  });

  test('many blocks have a verdict each, in order; a bad one spoils no other', async () => {
    const good = await Promise.all([
      blockOf(['first of many']),
      blockOf(['spam spam'], { tags: ['spam'] }),
      blockOf(['last of many']),
    ]);
    const bad = good[0]!.wire.slice();
    bad[bad.length - 1]! ^= 1;
    const answer = (await (await post(concatBytes(good[0]!.wire, bad, good[1]!.wire, good[2]!.wire))).json()) as {
      results: { status: string; code?: string }[];
    };
    expect(answer.results.map((one) => one.code ?? one.status)).toEqual([
      'stored',
      'block.body_mismatch',
      'policy.refused',
      'stored',
    ]);
  });

  test('JSON Lines in, a line that is no block is refused by itself', async () => {
    const { id, wire } = await blockOf(['written as JSON']);
    const { toJson } = await import('@cosmicembeddings/sdk');
    const answer = (await (
      await post(`${toJson(wire, { vectors: 'json' })}\n{"version": 2}\nnonsense\n`, 'application/x-ndjson')
    ).json()) as { results: { status: string; id?: string; code?: string }[] };
    expect(answer.results[0]).toMatchObject({ status: 'stored', id });
    expect(answer.results.slice(1).map((one) => one.status)).toEqual(['rejected', 'rejected']);
  });

  test('blocks of both versions in one call, a version-1 text with line breaks among them', async () => {
    const { dumps, PyFloat, PyInt, Signer } = await import('@cosmicembeddings/sdk/python');
    const legacy = Signer.fromSeed(new Uint8Array(32).fill(8)).signBlock(
      new Map<string, never>([
        ['version', '1.0'],
        ['timestamp', new PyInt(1_755_535_817n)],
        [
          'model',
          new Map<string, unknown>([
            ['name', 'm'],
            ['dimensions', new PyInt(2n)],
          ]),
        ],
        ['embeddings', [[new PyFloat(0.5), new PyFloat(1)]]],
        ['content', ['an old block']],
        ['metadata', new Map()],
      ] as never),
    );
    const text = utf8(dumps(legacy).replaceAll(', "', ',\n "'));
    const { wire } = await blockOf(['beside an old block']);
    const answers = await createClient({ url: node.url }).publish([text, wire, text]);
    expect(answers.map((answer) => answer.status)).toEqual(['stored', 'stored', 'known']);
  });

  test('wait=indexed: found right after the answer', async () => {
    const { id, wire } = await blockOf(['A lighthouse keeper counts the ships']);
    await post(wire, 'application/cbor-seq', '?wait=indexed');
    const answer = await createClient({ url: node.url }).search({ text: 'lighthouse keeper', k: 1 });
    expect(answer.hits[0]).toMatchObject({ id, passage: 'A lighthouse keeper counts the ships' });
  });

  test.each([
    ['an empty body', '', 'application/cbor-seq', 400, 'request.malformed'],
    ['bytes that are no block', 'hello', 'application/cbor-seq', 400, 'block.malformed'],
    ['another content type', 'x=1', 'application/x-www-form-urlencoded', 400, 'request.malformed'],
    ['malformed JSON', '{', 'application/x-ndjson', 400, 'block.malformed'],
  ])('%s is a problem with a code', async (_, body, type, status, code) => {
    expect(await problem(await post(body, type))).toEqual({ status, code });
  });

  test('a block of the future says when to come back', async () => {
    const { wire } = await blockOf(['tomorrow'], { timeMs: Date.now() + 3_600_000 });
    const response = await post(wire);
    expect(response.status).toBe(425);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(3000);
  });
});

describe('questions', () => {
  test.each([
    ['/v2/blocks/bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua', 404, 'block.not_found'],
    ['/v2/blocks/not-an-id', 404, 'block.not_found'],
    ['/v2/nothing', 404, 'request.not_found'],
    ['/v2/search', 400, 'request.malformed'],
    ['/v2/blocks/%ff', 400, 'request.malformed'],
    ['/v2/search?q=x&k=-1', 400, 'request.malformed'],
    ['/v2/search?q=x&space=bafyunknown', 404, 'space.unknown'],
    ['/v2/blocks?limit=0', 400, 'request.malformed'],
    ['/v2/blocks?after=nonsense', 400, 'request.malformed'],
    ['/v2/views/absent/query', 404, 'request.not_found'],
  ])('GET %s is %i %s', async (path, status, code) => {
    expect(await problem(await fetch(node.url + path))).toEqual({ status, code });
  });

  test.each(['{"text": 5}', '{"text": "x", "k": "3"}', '{"text": "x", "collapse": "true"}'])(
    '%s is not bent into shape',
    async (body) => {
      const response = await fetch(`${node.url}/v2/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(await problem(response)).toEqual({ status: 400, code: 'request.malformed' });
    },
  );

  test('an unknown field is named', async () => {
    const response = await fetch(`${node.url}/v2/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text": "x", "limit": 3}',
    });
    expect(((await response.json()) as { detail: string }).detail).toBe('body: unknown field limit');
  });

  test('malformed JSON in a search is a problem', async () => {
    const response = await fetch(`${node.url}/v2/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text": ',
    });
    expect(await problem(response)).toEqual({ status: 400, code: 'request.malformed' });
  });

  test('a vector of other dimensions names both', async () => {
    const status = await createClient({ url: node.url }).status();
    const space = status.counts.spaces[0]!.id;
    await expect(
      createClient({ url: node.url }).search({ vector: { space, values: [1, 2, 3] }, k: 1 }),
    ).rejects.toMatchObject({ code: 'space.dims_mismatch' });
  });

  test('the same question and answer as CBOR, the vector as bytes', async () => {
    const { decode, encode } = await import('cbor-x');
    const { vectors } = await embedder.embed(['heron in the reeds'], { role: 'query' });
    const space = (await createClient({ url: node.url }).status()).counts.spaces[0]!.id;
    const ask = (values: unknown, accept: string) =>
      fetch(`${node.url}/v2/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor', accept },
        body: encode({ vector: { space, values }, k: 2 }) as never,
      });
    const binary = await ask(new Uint8Array(vectors[0]!.buffer), 'application/cbor');
    expect(binary.headers.get('content-type')).toBe('application/cbor');
    const answer = decode(new Uint8Array(await binary.arrayBuffer())) as { hits: { id: string }[] };
    const plain = (await (await ask(Array.from(vectors[0]!), 'application/json')).json()) as { hits: { id: string }[] };
    expect(answer.hits.map((hit) => hit.id)).toEqual(plain.hits.map((hit) => hit.id));
    expect(answer.hits).toHaveLength(2);
    expect(await problem(await ask(new Uint8Array(7), 'application/cbor'))).toEqual({
      status: 400,
      code: 'request.malformed',
    });
  });

  test('k = 0 is no hits, k beyond the ledger is all of it and says so', async () => {
    const client = createClient({ url: node.url });
    expect((await client.search({ text: 'heron', k: 0 })).hits).toEqual([]);
    const all = await client.search({ text: 'heron', k: 1000 });
    expect(all).toMatchObject({ requested: 1000, returned: all.hits.length, exhausted: true });
    expect(all.hits.length).toBeGreaterThanOrEqual(4);
  });
});

describe('operators', () => {
  test('what configures or erases needs the token of the data folder, mode 0600', async () => {
    for (const [method, path] of [
      ['POST', '/v2/erase'],
      ['POST', '/v2/peers'],
      ['DELETE', '/v2/peers?url=x'],
    ] as const)
      expect(
        await problem(
          await fetch(node.url + path, {
            method,
            headers: { 'content-type': 'application/json' },
            ...(method === 'POST' ? { body: '{}' } : {}),
          }),
        ),
      ).toEqual({ status: 401, code: 'request.unauthorised' });
    expect(statSync(join(folder, 'token')).mode & 0o777).toBe(0o600);
  });

  test('an erased body is gone from answers and stays away; its header proves authorship', async () => {
    const { id, wire } = await blockOf(['A secret that should not have been published: xyzzyplugh']);
    await post(wire, 'application/cbor-seq', '?wait=indexed');
    const token = readFileSync(join(folder, 'token'), 'utf8').trim();
    const erased = await fetch(`${node.url}/v2/erase`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ ids: [id], reason: 'takedown' }),
    });
    expect(erased.status).toBe(200);
    const answer = await createClient({ url: node.url }).search({ text: 'xyzzyplugh', k: 100, hidden: 'show' });
    expect(answer.hits.some((hit) => hit.id === id)).toBe(false);
    const view = new Uint8Array(await (await fetch(`${node.url}/v2/blocks/${id}`)).arrayBuffer());
    expect(view.at(-1)).toBe(0xf6);
    expect(view.length).toBeLessThan(1000);
    expect((await post(wire)).status).not.toBe(201);
  });

  test('health, readiness, metrics and the interface description', async () => {
    expect((await fetch(`${node.url}/health`)).status).toBe(200);
    expect(await (await fetch(`${node.url}/ready`)).json()).toEqual({ ready: true, reasons: [] });
    expect(await (await fetch(`${node.url}/metrics`)).text()).toMatch(/cosmic_accepted_total\{status="stored"\} \d/);
    expect(((await (await fetch(`${node.url}/openapi.json`)).json()) as { openapi: string }).openapi).toBe('3.1.0');
  });

  test('a restart loses nothing', async () => {
    const client = createClient({ url: node.url });
    const before = await client.status();
    await node.close();
    node = await start();
    const after = await createClient({ url: node.url }).status();
    expect(after.head).toEqual(before.head);
    expect(after.node).toBe(before.node);
    expect((await createClient({ url: node.url }).search({ text: 'heron in the reeds', k: 1 })).hits[0]?.passage).toBe(
      'The heron waits in the reeds',
    );
  });
});
