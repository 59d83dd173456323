import { connect, type Socket } from 'node:net';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { decode, encode } from 'cbor-x';
import { createClient } from '@cosmicembeddings/sdk/api';
import { blockOf, embedder, problem, testedNode } from '../node.ts';

const node = testedNode();

beforeAll(async () => {
  const texts = [
    ['The heron waits in the reeds'],
    ['first of many'],
    ['last of many'],
    ['A lighthouse keeper counts the ships'],
  ];
  for (const text of texts) await node.post((await blockOf(text)).wire, 'application/cbor-seq', '?wait=indexed');
});

describe('questions', () => {
  test.each([
    ['/v2/search', 400, 'request.malformed'],
    ['/v2/search?q=x&k=-1', 400, 'request.malformed'],
    ['/v2/search?q=x&space=bafyunknown', 404, 'space.unknown'],
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

test('a page of hundreds of hits is written in pieces, and says what small pages say', async () => {
  const texts = Array.from({ length: 300 }, (_, i) => `ferry number ${i} leaves at noon`);
  await node.post((await blockOf(texts)).wire, 'application/cbor-seq', '?wait=indexed');
  const asked = { text: 'ferry noon', rows: 'all', authorShare: 'open' } as const;
  const ask = async (
    k: number,
    more = {},
  ): Promise<{ readonly hits: readonly { readonly row: number }[]; readonly requested: number }> => {
    const response = await node.postJson('/v2/search', JSON.stringify({ ...asked, k, ...more }));
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    return (await response.json()) as never;
  };
  const [whole, page] = [await ask(1_000), await ask(100)];
  expect(whole.requested).toBe(1_000);
  expect(whole.hits.length).toBeGreaterThanOrEqual(300);
  expect(whole.hits.slice(0, 100)).toEqual(page.hits);
  expect(new Set(whole.hits.map(({ row }) => row)).size).toBe(300);
  // What nobody gave out is no place to go on from, however it is spelled.
  const { next } = (await ask(100)) as unknown as { readonly next: string };
  const parts = JSON.parse(Buffer.from(next, 'base64url').toString()) as unknown[];
  const forged = Buffer.from(JSON.stringify([...parts.slice(0, 4), '1.'.repeat(30_000) + '1'])).toString('base64url');
  expect(await problem(await node.postJson('/v2/search', JSON.stringify({ ...asked, k: 100, after: forged })))).toEqual(
    { status: 400, code: 'search.bad_query' },
  );
}, 30_000);

test('bodies that were announced and never came take no room once their senders are gone', async () => {
  const { hostname, port } = new URL(node.url);
  const senders: Socket[] = [];
  for (let n = 0; n < 200; n++) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    senders.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(
      'POST /v2/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1048000\r\n\r\n{',
    );
  }
  await fetch(`${node.url}/health`);
  for (const socket of senders) socket.destroy();
  const filter = { tagsAny: Array.from({ length: 900 }, (_, i) => `${i} `.padEnd(100, 'a tag ')) };
  expect((await node.postJson('/v2/search', JSON.stringify({ text: 'heron', filter }))).status).toBe(200);
}, 60_000);
