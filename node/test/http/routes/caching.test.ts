import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { request as ask, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createClient } from '@cosmicembeddings/sdk/api';
import { blockOf, testedNode } from '../node.ts';

const node = testedNode();
const texts = Array.from({ length: 8 }, (_, i) => `passage ${i} of a heron in the reeds`);
const erase = (ids: string[]) =>
  fetch(`${node.url}/v2/erase`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${readFileSync(join(node.folder, 'token'), 'utf8').trim()}`,
    },
    body: JSON.stringify({ ids, reason: 'takedown' }),
  });

/** As it comes over the wire: `fetch` would undo the compression. */
const raw = (path: string, headers: Record<string, string>) =>
  new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
    ask(node.url + path, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    })
      .on('error', reject)
      .end();
  });

describe('a block by its id', () => {
  test('may be kept for ever, and each form of it has a tag of its own', async () => {
    const { id, wire } = await blockOf(texts);
    await node.post(wire);
    const forms = ['', '?vectors=none', '?vectors=base64', '?vectors=json'];
    const answers = await Promise.all(forms.map((form) => fetch(`${node.url}/v2/blocks/${id}${form}`)));
    for (const answer of answers) expect(answer.headers.get('cache-control')).toContain('immutable');
    const tags = answers.map((answer) => answer.headers.get('etag')!.replace('-gzip', ''));
    expect(new Set(tags).size).toBe(forms.length);
    const known = async (form: string, tag: string) =>
      (await fetch(`${node.url}/v2/blocks/${id}${form}`, { headers: { 'if-none-match': tag } })).status;
    expect(await known('', tags[0]!)).toBe(304);
    expect(await known('', `"other", W/${tags[0]!}`)).toBe(304);
    expect(await known('', '*')).toBe(304);
    expect(await known('', tags[1]!)).toBe(200);
    expect(await known('?vectors=none', answers[1]!.headers.get('etag')!)).toBe(304);
  });

  test('is 410 once it was erased, and says what is left of it', async () => {
    const { id, wire } = await blockOf(['to be forgotten']);
    await node.post(wire);
    const tag = (await fetch(`${node.url}/v2/blocks/${id}`)).headers.get('etag')!;
    expect((await erase([id])).status).toBe(200);
    const gone = await fetch(`${node.url}/v2/blocks/${id}`, { headers: { 'if-none-match': tag } });
    expect([gone.status, gone.headers.get('cache-control'), gone.headers.get('cosmic-erased')]).toEqual([
      410,
      'no-cache',
      'takedown',
    ]);
    expect(await gone.json()).toMatchObject({
      code: 'policy.erased',
      erased: 'takedown',
      block: { kind: 'embedding/1' },
    });
    const client = createClient({ url: node.url });
    expect(await client.get(id)).toMatchObject({ id, erased: 'takedown' });
    expect((await client.get(id))!.wire.length).toBeLessThan(wire.length);
    expect(await client.has(id)).toBe(true);
  });
});

describe('compression', () => {
  test('is for who takes it, from 1 KiB on, under a tag of its own', async () => {
    const { id, wire } = await blockOf([texts.join(' ').repeat(20)]);
    await node.post(wire);
    const path = `/v2/blocks/${id}?vectors=none`;
    const plain = await raw(path, {});
    const small = await raw(path, { 'accept-encoding': 'br, gzip;q=0.5' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(small.headers['content-encoding']).toBe('gzip');
    expect(small.body.length).toBeLessThan(plain.body.length / 2);
    expect(gunzipSync(small.body).equals(plain.body)).toBe(true);
    expect(small.headers.etag).toBe(plain.headers.etag!.replace(/"$/, '-gzip"'));
    expect(small.headers.vary).toBe('accept, accept-encoding');
    expect((await raw(path, { 'accept-encoding': 'gzip;q=0, *' })).headers['content-encoding']).toBeUndefined();
    expect((await raw('/health', { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
    expect((await raw(`/v2/blocks/${id}`, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
  });
});

describe('the name of a request', () => {
  test('is the asker’s, or made here; a refusal has one too', async () => {
    const named = (name: string) => fetch(`${node.url}/v2/nowhere`, { headers: { 'x-request-id': name } });
    expect((await named('trace-7')).headers.get('x-request-id')).toBe('trace-7');
    expect((await named('no good name')).headers.get('x-request-id')).toMatch(/^[\w-]{12}$/);
    expect((await raw('/health', { host: 'evil.example' })).headers['x-request-id']).toMatch(/^[\w-]{12}$/);
  });
});

describe('many blocks at once', () => {
  test('come in the order asked, what is not there by its code', async () => {
    const blocks = await Promise.all(['one of many', 'two of many', 'three of many'].map((text) => blockOf([text])));
    for (const { wire } of blocks) await node.post(wire);
    const { id: absent } = await blockOf(['never published']);
    const ids = [blocks[2]!.id, absent, blocks[0]!.id, blocks[2]!.id];
    const client = createClient({ url: node.url });
    const read = await client.read(ids);
    expect(read.map((block) => block?.wire)).toEqual([blocks[2]!.wire, undefined, blocks[0]!.wire, blocks[2]!.wire]);
    const lines = await fetch(`${node.url}/v2/blocks/read`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
      body: JSON.stringify({ ids: ids.slice(1, 3) }),
    });
    const parsed = (await lines.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(parsed[0]).toMatchObject({ id: absent, code: 'block.not_found' });
    expect(Buffer.from(parsed[1]!['wire'] as string, 'base64').equals(blocks[0]!.wire)).toBe(true);
    expect(await client.read([])).toEqual([]);
  });

  test('beyond an answer’s room are asked for again', async () => {
    const big = await Promise.all(
      Array.from({ length: 7 }, (_, i) => blockOf(Array.from({ length: 60 }, (_, j) => `${i} ${j} `.repeat(10_000)))),
    );
    for (const { wire } of big) expect((await node.post(wire)).status).toBe(201);
    const read = await createClient({ url: node.url }).read(big.map(({ id }) => id));
    expect(read.map((block) => block?.wire.length)).toEqual(big.map(({ wire }) => wire.length));
  }, 30_000);
});
