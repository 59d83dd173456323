import { mkdtempSync, rmSync } from 'node:fs';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from '@cosmicembeddings/sdk/api';
import { matches, readWhere, type Metadata } from '@cosmicembeddings/sdk/metadata';
import { ChromaRecords } from '../../src/gateway/chroma.js';
import { openCollections } from '../../src/gateway/collections.js';
import { bothOf, documentWhereOf, whereOf } from '../../src/gateway/filters.js';
import { Records } from '../../src/gateway/records.js';
import { createGateway } from '../../src/gateway/server.js';
import { identityOf } from '../../src/keys/author.js';

describe('Chroma’s filters', () => {
  const rows: readonly Metadata[] = [{ n: 1 }, { n: '1' }, { n: [1, 2] }, {}, { n: 0.5, m: true }];
  test.each([
    [{ n: 1 }, [0]],
    [{ n: { $eq: 1 } }, [0]],
    [{ n: { $ne: 1 } }, [1, 2, 3, 4]],
    [{ n: { $in: [1, '1'] } }, [0, 1]],
    [{ n: { $nin: [1, '1'] } }, [2, 3, 4]],
    [{ n: { $gt: 0 } }, [0, 4]],
    [{ n: { $contains: 2 } }, [2]],
    [{ $or: [{ n: 1 }, { m: true }] }, [0, 4]],
    [{ $and: [{ n: { $gte: 0.5 } }, { n: { $lt: 1 } }] }, [4]],
  ])('%j', (given, expected) => {
    const condition = readWhere(whereOf(given));
    const passing = rows.flatMap((metadata, i) => (matches(condition, { metadata, facts: {} }) ? [i] : []));
    expect(passing).toEqual(expected);
  });

  test.each([[{ n: { $regex: 'a' } }], [{ n: { $gt: 1, $lt: 2 } }], [{ $not: {} }], [[]], [{ '#id': 'a' }]])(
    'refuses %j',
    (given) => expect(() => whereOf(given)).toThrow(/where/),
  );

  test('of documents', () => {
    const given = { $or: [{ $contains: 'kiln' }, { $and: [{ $contains: 'a' }, { $not_contains: 'b' }] }] };
    const condition = readWhere(bothOf({ n: 1 }, given));
    const passing = ['a kiln', 'a', 'ab', ''].map((text) =>
      matches(condition, { metadata: { n: 1 }, facts: { '#text': text } }),
    );
    expect(passing).toEqual([true, true, false, false]);
    expect(() => documentWhereOf({ $regex: '.' })).toThrow('no operator');
    expect(documentWhereOf({})).toBeUndefined();
  });
});

describe('the gateway', () => {
  const home = mkdtempSync(join(tmpdir(), 'cosmic-gateway-'));
  const file = join(home, 'gateway', 'chroma.json');
  const base = '/api/v2/tenants/default_tenant/databases/default_database';
  let server: Server;

  beforeAll(async () => {
    // Where nobody listens: what is tested here asks no node.
    const client = createClient({ url: 'http://127.0.0.1:9' });
    const { author, did } = identityOf(new Uint8Array(32).fill(3), 'dev');
    const collections = openCollections(file);
    const options = { strict: false, say: () => undefined };
    const records = new ChromaRecords(client, collections, new Records(client, author, did), options);
    server = createGateway({ collections, records });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(home, { recursive: true, force: true });
  });

  const ask = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> }),
        );
      });
      sent.on('error', reject).end(body);
    });

  test('is for programs on this machine', async () => {
    expect((await ask('GET', '/api/v2/version')).body).toBe('1.5.9');
    expect((await ask('GET', '/api/v2/version', undefined, { host: 'evil.example' })).status).toBe(400);
    expect((await ask('GET', '/api/v2/version', undefined, { origin: 'http://127.0.0.1' })).status).toBe(400);
  });

  test('makes, names, changes and remembers collections; metadata of one that is there stays', async () => {
    const made = await ask('POST', `${base}/collections`, '{"name": "kilns", "metadata": {"a": 1}}');
    expect(made.body).toMatchObject({ name: 'kilns', metadata: { a: 1 }, dimension: null });
    const again = '{"name": "kilns", "metadata": {"a": 2}, "get_or_create": true}';
    expect((await ask('POST', `${base}/collections`, again)).body).toEqual(made.body);
    const twice = await ask('POST', `${base}/collections`, '{"name": "kilns"}');
    expect([twice.status, twice.body['error']]).toEqual([409, 'UniqueConstraintError']);
    expect((await ask('PUT', `${base}/collections/${made.body['id'] as string}`, '{"new_name": "ovens"}')).status).toBe(
      200,
    );
    expect(openCollections(file).byName('ovens').id).toBe(made.body['id']);
    expect((await ask('GET', `${base}/collections/kilns`)).status).toBe(404);
  });

  test.each([
    ['POST', '/collections', '{"name": "x"}', 400],
    ['POST', '/collections', 'no JSON', 400],
    ['POST', '/collections', '{"name": "fine", "configuration": {"hnsw": {"space": "far"}}}', 400],
    ['POST', '/collections/00000000-0000-0000-0000-000000000000/add', '{"ids": ["a"], "embeddings": [[1]]}', 404],
    ['GET', '/functions', undefined, 501],
  ] as const)('%s %s %s is refused', async (method, path, body, status) => {
    const answer = await ask(method, base + path, body);
    expect([answer.status, typeof answer.body['error'], typeof answer.body['message']]).toEqual([
      status,
      'string',
      'string',
    ]);
  });

  test('a record that is none, and a node that is not there, are named', async () => {
    const made = await ask('POST', `${base}/collections`, '{"name": "records"}');
    const at = `${base}/collections/${made.body['id'] as string}`;
    for (const body of [
      '{"ids": [], "embeddings": []}',
      '{"ids": ["a", "a"], "embeddings": [[1], [1]]}',
      '{"ids": ["a"], "embeddings": [[0, 0]]}',
      '{"ids": ["a"], "embeddings": [["x"]]}',
      '{"ids": ["a"]}',
    ])
      expect([body, (await ask('POST', `${at}/add`, body)).status]).toEqual([body, 400]);
    expect((await ask('POST', `${at}/delete`, '{}')).status).toBe(400);
    const unreachable = await ask('GET', `${at}/count`);
    expect([unreachable.status, String(unreachable.body['message'])]).toEqual([
      503,
      expect.stringContaining('node.unreachable'),
    ]);
  });
});
