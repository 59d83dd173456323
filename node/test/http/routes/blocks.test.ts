import { describe, expect, test } from '@jest/globals';
import { concatBytes, toJson, utf8 } from '@cosmicembeddings/sdk';
import { createClient } from '@cosmicembeddings/sdk/api';
import { blockOf, problem, testedNode } from '../node.ts';

const node = testedNode();
const small = testedNode({ inFlightMax: 3 });

describe('publishing', () => {
  test('a stream is slowed down by a full node, never refused; a block that comes alone is told to come again', async () => {
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
  });

  test('one block is 201, again 200; the bytes come back as signed', async () => {
    const { id, wire } = await blockOf(['The heron waits in the reeds']);
    expect((await node.post(wire)).status).toBe(201);
    const again = await node.post(wire);
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
    const answer = (await (await node.post(concatBytes(good[0]!.wire, bad, good[1]!.wire, good[2]!.wire))).json()) as {
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
    const answer = (await (
      await node.post(`${toJson(wire, { vectors: 'json' })}\n{"version": 2}\nnonsense\n`, 'application/x-ndjson')
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
    await node.post(wire, 'application/cbor-seq', '?wait=indexed');
    const answer = await createClient({ url: node.url }).search({ text: 'lighthouse keeper', k: 1 });
    expect(answer.hits[0]).toMatchObject({ id, passage: 'A lighthouse keeper counts the ships' });
  });

  test.each([
    ['an empty body', '', 'application/cbor-seq', 400, 'request.malformed'],
    ['bytes that are no block', 'hello', 'application/cbor-seq', 400, 'block.malformed'],
    ['another content type', 'x=1', 'application/x-www-form-urlencoded', 415, 'request.unsupported_type'],
    ['malformed JSON', '{', 'application/x-ndjson', 400, 'block.malformed'],
  ])('%s is a problem with a code', async (_, body, type, status, code) => {
    expect(await problem(await node.post(body, type))).toEqual({ status, code });
  });

  test('a block of the future says when to come back', async () => {
    const { wire } = await blockOf(['tomorrow'], { timeMs: Date.now() + 3_600_000 });
    const response = await node.post(wire);
    expect(response.status).toBe(425);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(3000);
  });
});

describe('asking for blocks', () => {
  test.each([
    ['/v2/blocks/bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua', 404, 'block.not_found'],
    ['/v2/blocks/not-an-id', 404, 'block.not_found'],
    ['/v2/nothing', 404, 'request.not_found'],
    ['/v2/blocks/%ff', 400, 'request.malformed'],
    ['/v2/blocks?limit=0', 400, 'request.malformed'],
    ['/v2/blocks?after=nonsense', 400, 'request.malformed'],
  ])('GET %s is %i %s', async (path, status, code) => {
    expect(await problem(await fetch(node.url + path))).toEqual({ status, code });
  });
});
