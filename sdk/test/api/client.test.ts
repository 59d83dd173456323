import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { problemOf } from '../../src/index.js';
import { createClient } from '../../src/api/index.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server on a free port that answers with the given handlers in turn, the last one for ever. */
async function serve(
  ...handlers: ((request: IncomingMessage, reply: ServerResponse, body: Buffer) => void)[]
): Promise<string> {
  let call = 0;
  server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handlers[Math.min(call++, handlers.length - 1)]!(request, reply, Buffer.concat(chunks)));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json =
  (status: number, value: unknown, headers: Record<string, string> = {}) =>
  (_request: IncomingMessage, reply: ServerResponse) =>
    void reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));

describe('failures', () => {
  test('nobody listens: node.unreachable with the reason', async () => {
    const url = await serve(json(200, {}));
    server!.close();
    server!.closeAllConnections();
    await expect(createClient({ url }).status()).rejects.toMatchObject({
      code: 'node.unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('a problem object becomes its code', async () => {
    const url = await serve(json(404, problemOf('space.unknown', 'no such space')));
    await expect(createClient({ url }).search({ text: 'x', k: 1 })).rejects.toMatchObject({
      code: 'space.unknown',
      detail: 'no such space',
    });
  });

  test('another server at that address is not taken for a node', async () => {
    const page = (_request: IncomingMessage, reply: ServerResponse) => void reply.end('<html>');
    await expect(createClient({ url: await serve(page) }).status()).rejects.toMatchObject({ code: 'node.unreachable' });
    server!.close();
    const missing = (_request: IncomingMessage, reply: ServerResponse) => void reply.writeHead(404).end('nope');
    await expect(createClient({ url: await serve(missing) }).status()).rejects.toMatchObject({
      code: 'node.unreachable',
    });
  });

  test.each(['nonsense', 'ftp://x', ''])('%p is no address', (url) => {
    expect(() => createClient({ url })).toThrow(expect.objectContaining({ code: 'config.malformed' }));
  });

  test('no answer in time is unreachable, an abort stays an abort', async () => {
    const url = await serve(() => undefined);
    await expect(createClient({ url, timeoutMs: 50 }).status()).rejects.toMatchObject({ code: 'node.unreachable' });
    await expect(createClient({ url }).search({ text: 'x', k: 1 }, AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('a busy node', () => {
  const busy = json(503, problemOf('node.busy', ''), { 'retry-after': '3' });

  test('is asked again after the time it names', async () => {
    const waits: number[] = [];
    const client = createClient({
      url: await serve(busy, busy, json(200, { node: 'n' })),
      sleep: async (ms) => void waits.push(ms),
    });
    expect(await client.status()).toEqual({ node: 'n' });
    expect(waits).toEqual([3000, 3000]);
  });

  test('is given up after a bounded number of attempts', async () => {
    let waits = 0;
    const client = createClient({ url: await serve(busy), sleep: async () => void waits++, attemptsMax: 3 });
    await expect(client.status()).rejects.toMatchObject({ code: 'node.busy' });
    expect(waits).toBe(2);
  });
});

describe('publishing', () => {
  test('a single refused block is an answer, not a throw', async () => {
    const refused = { status: 'rejected', code: 'sky.mismatch', detail: 'mars' };
    const url = await serve(json(400, { ...problemOf('sky.mismatch', 'mars'), results: [refused] }));
    expect(await createClient({ url }).publish([Uint8Array.of(1)])).toEqual([refused]);
  });

  test('blocks go out as one sequence in requests of bounded size, answers stay in order', async () => {
    const sizes: number[] = [];
    const url = await serve((_request, reply, body) => {
      sizes.push(body.length);
      const results = Array.from({ length: body.length / 3_000_000 }, (_, i) => ({
        status: 'stored',
        id: `${sizes.length}-${i}`,
        seq: i,
      }));
      reply.end(JSON.stringify({ results }));
    });
    const answers = await createClient({ url }).publish(Array.from({ length: 5 }, () => new Uint8Array(3_000_000)));
    expect(sizes).toEqual([6_000_000, 6_000_000, 3_000_000]);
    expect(answers.map((answer) => 'id' in answer && answer.id)).toEqual(['1-0', '1-1', '2-0', '2-1', '3-0']);
  });

  test('a framing fault counts for everything behind it', async () => {
    const results = [
      { status: 'stored', id: 'a', seq: 1 },
      { status: 'rejected', code: 'block.malformed', detail: 'x' },
    ];
    const url = await serve(json(200, { results }));
    expect(await createClient({ url }).publish([1, 2, 3].map((byte) => Uint8Array.of(byte)))).toEqual([
      ...results,
      results[1],
    ]);
  });
});

test('get answers the bytes as signed, undefined for an unknown id; has asks without fetching', async () => {
  const url = await serve((request, reply) => {
    if (request.url !== '/v2/blocks/bafy')
      return void reply
        .writeHead(404, { 'content-type': 'application/problem+json' })
        .end(JSON.stringify(problemOf('block.not_found', '')));
    reply
      .writeHead(200, { 'cosmic-seq': '7', 'cosmic-first-seen': '1234', 'content-type': 'application/cbor-seq' })
      .end(request.method === 'HEAD' ? undefined : Buffer.from([1, 2, 3]));
  });
  const client = createClient({ url });
  expect(await client.get('bafy')).toEqual({ id: 'bafy', seq: 7, firstSeenMs: 1234, wire: Uint8Array.of(1, 2, 3) });
  expect(await client.get('other')).toBeUndefined();
  expect([await client.has('bafy'), await client.has('other')]).toEqual([true, false]);
});

test('the token and a vector in plain numbers go out; the vector stands in the answer though the node does not repeat it', async () => {
  let seen: { authorization?: string | undefined; body?: unknown } = {};
  const url = await serve((request, reply, body) => {
    seen = { authorization: request.headers.authorization, body: JSON.parse(body.toString()) };
    reply.end('{"hits":[],"queries":[]}');
  });
  const answer = await createClient({ url, token: 'secret' }).search({
    vector: { space: 's', values: Float32Array.of(0.5, 1) },
    k: 2,
  });
  expect(seen).toEqual({ authorization: 'Bearer secret', body: { vector: { space: 's', values: [0.5, 1] }, k: 2 } });
  expect(answer.queries).toEqual([{ space: 's', vector: [0.5, 1] }]);
});
