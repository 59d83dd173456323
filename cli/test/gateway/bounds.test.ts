import { mkdtempSync, rmSync } from 'node:fs';
import { request, type ClientRequest, type Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from '@cosmicembeddings/sdk/api';
import { bounds, checkShape, createTurns } from '../../src/gateway/bounds.js';
import { ChromaRecords } from '../../src/gateway/chroma.js';
import { openCollections } from '../../src/gateway/collections.js';
import { Records } from '../../src/gateway/records.js';
import { createGateway } from '../../src/gateway/server.js';
import { identityOf } from '../../src/keys/author.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('the shape of a body', () => {
  test.each([
    ['levels', '['.repeat(bounds.depthMax), '['.repeat(bounds.depthMax + 1)],
    ['lists', '[],'.repeat(bounds.valuesMax), '[],'.repeat(bounds.valuesMax + 1)],
    ['texts', '"",'.repeat(bounds.valuesMax), '"",'.repeat(bounds.valuesMax + 1)],
    ['numbers', '1,'.repeat(bounds.numbersMax), '1,'.repeat(bounds.numbersMax + 1)],
  ])('%s: at the limit and beyond', (_, legal, beyond) => {
    expect(() => checkShape(bytes(legal))).not.toThrow();
    expect(() => checkShape(bytes(beyond))).toThrow(/at once|nested/);
  });

  test('what stands in texts counts as nothing', () => {
    expect(() => checkShape(bytes(`{"a\\"[": "${'[{\\"'.repeat(200)}"}`))).not.toThrow();
  });
});

test('turns are taken in order, given back after a fault, and too many are refused', async () => {
  const turns = createTurns(1, 1);
  const order: string[] = [];
  let end = (): void => undefined;
  const first = turns.take(() => new Promise<void>((_, reject) => (end = () => reject(new Error('broken')))));
  const second = turns.take(() => Promise.resolve(order.push('second')));
  await expect(turns.take(() => Promise.resolve())).rejects.toThrow('ask again');
  expect(order).toEqual([]);
  end();
  await expect(first).rejects.toThrow('broken');
  await second;
  await turns.take(() => Promise.resolve(order.push('third')));
  expect(order).toEqual(['second', 'third']);
});

describe('the gateway under requests that ask much', () => {
  const home = mkdtempSync(join(tmpdir(), 'cosmic-gateway-bounds-'));
  const base = '/api/v2/tenants/default_tenant/databases/default_database/collections';
  let [gateway, node]: Server[] = [];
  let asked = 0;
  let at: string;

  beforeAll(async () => {
    // What is refused here is refused before the node is asked anything.
    node = createServer((_, response) => {
      asked += 1;
      response.writeHead(500).end();
    });
    await new Promise<void>((resolve) => node!.listen(0, '127.0.0.1', resolve));
    const client = createClient({ url: `http://127.0.0.1:${(node.address() as AddressInfo).port}` });
    const { author, did } = identityOf(new Uint8Array(32).fill(3), 'dev');
    const collections = openCollections(join(home, 'chroma.json'));
    const options = { strict: false, say: () => undefined };
    const records = new ChromaRecords(client, collections, new Records(client, author, did), options);
    gateway = createGateway({ collections, records });
    await new Promise<void>((resolve) => gateway!.listen(0, '127.0.0.1', resolve));
    at = `${base}/${collections.create({ name: 'records' }).id}`;
  });
  afterAll(async () => {
    for (const server of [gateway, node]) {
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
    }
    rmSync(home, { recursive: true, force: true });
  });

  const begin = (path: string, headers: Record<string, string | number> = {}, method = 'POST'): ClientRequest =>
    request({ host: '127.0.0.1', port: (gateway!.address() as AddressInfo).port, method, path, headers });
  const answerOf = (sent: ClientRequest): Promise<{ status: number; text: string; headers: object }> =>
    new Promise((resolve, reject) => {
      sent.on('error', reject).on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
      });
    });
  const ask = (path: string, body: unknown, headers?: Record<string, string>) => {
    const sent = begin(path, headers);
    const answer = answerOf(sent);
    sent.end(typeof body === 'string' ? body : JSON.stringify(body));
    return answer;
  };
  const many = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));

  test.each([
    ['get', { ids: many(100_000) }, 'ids'],
    ['delete', { ids: many(100_000) }, 'ids'],
    ['get', `{"where": ${'{"$and":['.repeat(50_000)}${']}'.repeat(50_000)}}`, 'nested'],
    ['get', { limit: -1 }, 'limit'],
    ['get', { offset: 'x' }, 'offset'],
    ['query', { query_embeddings: many(1_000).map(() => [1]), n_results: 1 }, 'questions'],
    ['query', { query_embeddings: many(100).map(() => [1]), n_results: 10_000 }, 'results'],
    ['add', { ids: many(5_001), embeddings: many(5_001).map(() => [1]) }, '5000'],
    ['add', { ids: ['a'], embeddings: ['AAA='] }, 'base64'],
    ['%', {}, '%'],
  ])('%s is refused before it is begun', async (verb, body, said) => {
    const before = asked;
    const { status, text } = await ask(`${at}/${verb}`, body);
    expect([status, text.slice(0, 300)]).toEqual([400, expect.stringContaining(said)]);
    expect(asked).toBe(before);
  });

  test('a collection is named by a name, and says a bounded lot of itself', async () => {
    const renamed = begin(at, {}, 'PUT');
    const answer = answerOf(renamed);
    renamed.end(JSON.stringify({ new_name: 'x'.repeat(1_000_000) }));
    expect((await answer).status).toBe(400);
    const large = { name: 'large', metadata: { a: 'x'.repeat(bounds.collectionMaxChars) } };
    expect((await ask(base, large)).status).toBe(400);
  });

  test('bodies that are held back leave room for nobody else’s large one, and give it back', async () => {
    const filling = begin(`${at}/get`, { 'content-length': bounds.bodyMaxBytes });
    filling.on('error', () => undefined);
    await new Promise<void>((resolve) =>
      filling.write(Buffer.alloc(bounds.bodyMaxBytes - 1024, 0x20), () => resolve()),
    );
    // It is all there once a kilobyte more finds no room.
    let refused: { status: number; headers: object } = { status: 0, headers: {} };
    while (refused.status !== 503) refused = await ask(`${at}/get`, `{"offset": "x"${' '.repeat(4096)}}`);
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'x-frame-options': 'DENY' });
    const alive = begin('/api/v2/heartbeat', {}, 'GET');
    const beat = answerOf(alive);
    alive.end();
    expect((await beat).status).toBe(200);
    filling.destroy();
    while (refused.status !== 400) refused = await ask(`${at}/get`, `{"offset": "x"${' '.repeat(4096)}}`);
  }, 60_000);

  test('a page that sends no Origin is told by what browsers say of it', async () => {
    expect((await ask(`${at}/get`, {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(400);
  });
});
