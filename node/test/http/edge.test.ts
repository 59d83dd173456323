import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { concatBytes, utf8 } from '@cosmicembeddings/sdk';
import { dumps, PyFloat, Signer } from '@cosmicembeddings/sdk/python';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { signBlock } from '@cosmicembeddings/sdk/testing';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';

/** The edge of a real node: what strangers and their web pages can ask of it. */
const folder = mkdtempSync(join(tmpdir(), 'cosmic-edge-'));
const PAGE = 'https://app.example';
let node: RunningNode;
let port: number;

beforeAll(async () => {
  const config = await loadConfig({
    data: folder,
    port: 0,
    log: 'silent',
    verifyWorkers: 1,
    embedders: [{ type: 'builtin', name: 'lexical' }],
    hosts: ['node.example'],
    cors: [PAGE],
  });
  node = await createNode(config, createLog('silent'));
  port = Number(new URL(node.url).port);
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

const sky = createSky();

/** A block of a kind that nobody knows. */
function makeBlock(n: number, { bodyBytes }: { bodyBytes: number }): Uint8Array {
  const timestamp = 1_690_000_000_000 + n * 1000;
  return signBlock({
    seed: new Uint8Array(32).fill(7),
    network: 'dev',
    header: { version: 2, kind: 'note.test/1', timestamp, cosmic_signature: sky.stamp({ timeMs: timestamp }) as never },
    body: { salt: new Uint8Array(16).fill(n), tags: [], linked_blocks: [], filler: new Uint8Array(bodyBytes) },
  });
}

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request as a stranger writes it, `fetch` sets Host and Origin by itself. */
function raw(lines: readonly string[], body: Uint8Array | string = ''): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', ...rest] = Buffer.concat(parts).toString().split('\r\n\r\n');
      const [first = '', ...fields] = head.split('\r\n');
      const headers = fields.map((field) => [
        field.split(': ')[0]!.toLowerCase(),
        field.split(': ').slice(1).join(': '),
      ]);
      resolve({
        status: Number(first.split(' ')[1]),
        headers: Object.fromEntries(headers) as Record<string, string>,
        body: rest.join('\r\n\r\n'),
      });
    });
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    socket.write([...lines, `Content-Length: ${length}`, 'Connection: close', '', ''].join('\r\n'));
    socket.write(body);
  });
}

const get = (path: string, host: string, ...more: string[]): Promise<Raw> =>
  raw([`GET ${path} HTTP/1.1`, `Host: ${host}`, ...more]);
const codeOf = ({ body }: Raw): string => (JSON.parse(body) as { code: string }).code;

describe('under which name a node is asked', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.1:8080',
    '[::1]:8080',
    '192.168.1.7',
    'localhost:9',
    'LOCALHOST',
    'node.example:80',
  ])('%s is its own', async (host) => expect((await get('/health', host)).status).toBe(200));

  test.each([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '[::1',
    'a b',
    '1.2',
  ])('%s is not: a rebound name reads and writes nothing', async (host) => {
    for (const path of ['/health', '/', '/v2/status', '/blocks', '/metrics', '/nowhere']) {
      const answer = await get(path, host);
      expect([path, answer.status]).toEqual([path, host === 'a b' ? answer.status : 421]);
      expect(answer.body).not.toContain('alive');
    }
    const upgrade = await raw([
      'GET /v2/peer HTTP/1.1',
      `Host: ${host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: cosmic.1',
    ]);
    expect([400, 421]).toContain(upgrade.status);
  });
});

describe('whose web pages may ask', () => {
  const json = 'Content-Type: application/json';

  test.each(['http://evil.example', 'null', 'http://localhost:3000', 'http://127.0.0.1:1', 'file://'])(
    '%s may not, on any route',
    async (origin) => {
      for (const [line, type] of [
        ['POST /blocks HTTP/1.1', 'Content-Type: text/plain'],
        ['POST /v2/blocks HTTP/1.1', 'Content-Type: application/cbor-seq'],
        ['POST /nodes HTTP/1.1', json],
        ['GET /v2/status HTTP/1.1', json],
        ['OPTIONS /v2/search HTTP/1.1', json],
      ] as const) {
        const answer = await raw([line, `Host: 127.0.0.1:${port}`, `Origin: ${origin}`, type], '{"a":1}');
        expect([line, answer.status, codeOf(answer)]).toEqual([line, 403, 'request.wrong_origin']);
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      }
    },
  );

  test('what a page asks without an Origin, a browser tells', async () => {
    const own = `127.0.0.1:${port}`;
    const site = (value: string, mode: string, dest: string): Promise<Raw> =>
      get('/v2/search?q=a', own, `Sec-Fetch-Site: ${value}`, `Sec-Fetch-Mode: ${mode}`, `Sec-Fetch-Dest: ${dest}`);
    expect((await site('cross-site', 'no-cors', 'image')).status).toBe(403);
    expect((await site('same-site', 'no-cors', 'script')).status).toBe(403);
    expect((await site('cross-site', 'navigate', 'iframe')).status).toBe(403);
    expect((await site('cross-site', 'navigate', 'document')).status).toBe(200);
    expect((await site('same-origin', 'cors', 'empty')).status).toBe(200);
    expect((await site('none', 'navigate', 'document')).status).toBe(200);
  });

  test('its own may, and those that are configured', async () => {
    const own = await raw(
      ['POST /v2/search HTTP/1.1', 'Host: node.example', 'Origin: https://node.example', json],
      '{"text":"a"}',
    );
    expect([own.status, own.headers['access-control-allow-origin']]).toEqual([200, undefined]);
    const other = await get('/v2/status', `127.0.0.1:${port}`, `Origin: ${PAGE}`);
    expect([other.status, other.headers['access-control-allow-origin'], other.headers['vary']]).toEqual([
      200,
      PAGE,
      'origin, accept-encoding',
    ]);
    const asked = await raw([
      'OPTIONS /v2/blocks HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      `Origin: ${PAGE}`,
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Headers: content-type',
    ]);
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, PAGE]);
    expect(asked.headers['access-control-allow-headers']).toContain('content-type');
  });

  test('every answer forbids frames, guessing of types and foreign scripts', async () => {
    const own = `127.0.0.1:${port}`;
    const answers = [
      ...(await Promise.all(
        ['/', '/app.js', '/health', '/blocks', '/nowhere', '/v2/views/a/b'].map((path) => get(path, own)),
      )),
      await get('/health', 'evil.example'),
      await raw(['GET\u0000 / HTTP/1.1']),
      ...(await Promise.all(
        ['/v2/peer', '/v2/watch', '//[', '/nowhere'].map((path) =>
          raw([
            `GET ${path} HTTP/1.1`,
            `Host: ${own}`,
            'Origin: http://evil.example',
            'Connection: Upgrade',
            'Upgrade: websocket',
            'Sec-WebSocket-Version: 13',
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          ]),
        ),
      )),
    ];
    for (const { headers } of answers) {
      expect(headers['content-security-policy']).toMatch("default-src 'none'");
      expect(headers['content-security-policy']).toMatch("frame-ancestors 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
    }
  });
});

describe('what was a defect', () => {
  const post = (path: string, type: string, body: string): Promise<Response> =>
    fetch(node.url + path, { method: 'POST', headers: { 'content-type': type }, body });

  test.each([
    ['/blocks', 'text/plain'],
    ['/blocks', 'application/octet-stream'],
    ['/blocks', 'application/cbor'],
    ['/nodes', 'text/plain'],
    ['/v2/blocks', 'text/plain'],
    ['/v2/blocks', 'application/json'],
    ['/v2/search', 'text/plain'],
    ['/v2/search', 'application/octet-stream'],
  ])('%s takes its own content types alone, not %s', async (path, type) => {
    const answer = await post(path, type, '{"a":1}');
    expect([400, 415]).toContain(answer.status);
    expect(((await answer.json()) as { code: string }).code).toMatch(/^request\./);
  });

  test.each(['//[', '/%', '//[::', 'http://[/v2/peer', '/v2/peer?x=%00', '*'])(
    'an upgrade of %s ends its connection, and nothing else',
    async (target) => {
      const answer = await new Promise<string>((resolve) => {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined);
        let text = '';
        socket.on('data', (part: Buffer) => (text += part.toString())).on('close', () => resolve(text));
        const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
        const upgrade = `Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`;
        socket.write(`GET ${target} HTTP/1.1\r\n${upgrade}`);
      });
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect((await get('/health', '127.0.0.1')).status).toBe(200);
    },
  );

  test('names that stand twice in a query string', async () => {
    for (const query of ['tag=a&tag=b', 'tags=a&tags=b', 'tags=a,b&tag=c'])
      expect([query, (await fetch(`${node.url}/blocks?${query}`)).status]).toEqual([query, 200]);
    for (const query of ['created_by=a&created_by=b', 'q=a&q=b', 'limit=1&limit=2', 'limit=x'])
      expect([query, (await fetch(`${node.url}/blocks?${query}`)).status]).toEqual([query, 400]);
    const many = new URLSearchParams(Array.from({ length: 400 }, (_, i) => ['tag', `t${i}`])).toString();
    expect((await fetch(`${node.url}/blocks?${many}`)).status).toBeLessThan(500);
  });

  test('CBOR in which a key stands twice, or that never ends', async () => {
    const ask = (...bytes: number[]): Promise<Response> =>
      fetch(`${node.url}/v2/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor' },
        body: Uint8Array.from(bytes),
      });
    const text = [0x64, ...utf8('text')];
    expect((await ask(0xa1, ...text, 0x61, 0x61)).status).toBe(200);
    expect((await ask(0xa2, ...text, 0x61, 0x61, ...text, 0x61, 0x62)).status).toBe(400);
    expect((await ask(0xbf, ...text, 0x61, 0x61, 0xff)).status).toBe(400);
    expect((await ask(...Array.from({ length: 50_000 }, () => 0x81))).status).toBe(400);
  });

  test('a version-1 text with -Infinity among others, and one that was erased', async () => {
    const signer = Signer.fromSeed(new Uint8Array(32).fill(8));
    const text = (n: number, more: Record<string, unknown> = {}): Map<string, never> =>
      signer.signBlock(
        new Map<string, unknown>(Object.entries({ content: `text ${n}`, created_by: 'Ada', ...more })) as never,
      ) as never;
    const strange = dumps(text(1)).replace('"content"', '"x": -Infinity, "content"');
    const ids: string[] = [];
    for (const block of [dumps(text(2)), dumps(text(3, { a: ['x'] }))]) {
      const answer = (await (await post('/blocks', 'application/json', block)).json()) as { id: string };
      ids.push(answer.id);
    }
    expect((await post('/blocks', 'application/json', strange)).status).toBe(400);
    const odd = signer.signBlock(
      new Map<string, unknown>([
        ['x', new PyFloat(-Infinity)],
        ['created_by', 'Ada'],
      ]) as never,
    );
    expect((await post('/blocks', 'application/json', dumps(odd))).status).toBe(200);
    const list = async (): Promise<string> => (await fetch(`${node.url}/blocks?created_by=Ada&limit=50`)).text();
    expect(await list()).toContain('-Infinity');
    const token = {
      authorization: `Bearer ${(await import('node:fs')).readFileSync(join(folder, 'token'), 'utf8').trim()}`,
    };
    const erased = await fetch(`${node.url}/v2/erase`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...token },
      body: JSON.stringify({ ids: [ids[0]], reason: 'takedown' }),
    });
    expect(erased.status).toBe(200);
    const after = await list();
    expect(after).not.toContain('text 2');
    expect(after).toContain('text 3');
    expect((await fetch(`${node.url}/blocks/${ids[0]}`)).status).toBe(410);
    expect((await fetch(`${node.url}/v2/blocks/${ids[0]}`)).status).toBe(410);
  });

  test('a name that a stranger wrote under somebody’s text is nobody’s', async () => {
    const signer = Signer.fromSeed(new Uint8Array(32).fill(9));
    const signed = signer.signBlock(new Map([['content', 'signed by nine']]) as never);
    const stolen = new Map(signed).set('created_by', 'Mallory').set('id', 'block-of-mallory');
    const posted = (await (await post('/blocks', 'application/json', dumps(stolen))).json()) as { id: string };
    const byName = (await (await fetch(`${node.url}/blocks?created_by=Mallory`)).json()) as { blocks: unknown[] };
    expect(byName.blocks).toEqual([]);
    const validated = await post(`/blocks/${posted.id}/validate`, 'application/json', '');
    expect(await validated.json()).toMatchObject({
      valid: true,
      uncovered: ['id', 'created_by'],
      reason: 'signature verified; it does not cover id, created_by: anybody could have added that',
      signed_by: expect.stringMatching(/^did:key:z6Mk/),
    });
    const one = await fetch(`${node.url}/blocks/${posted.id}`);
    expect([one.headers.get('cosmic-uncovered'), one.headers.get('cosmic-author')]).toEqual([
      'id, created_by',
      expect.stringMatching(/^did:key:z6Mk/),
    ]);
  });
});

describe('work in proportion', () => {
  const large = makeBlock(1, { bodyBytes: 4_190_000 });

  test('a large block comes as bytes or base64; as numbers it is refused with advice', async () => {
    const posted = await fetch(`${node.url}/v2/blocks`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor-seq' },
      body: large as never,
    });
    const { results } = (await posted.json()) as { results: { id: string }[] };
    const id = results[0]!.id;
    expect((await fetch(`${node.url}/v2/blocks/${id}`)).status).toBe(200);
    expect((await fetch(`${node.url}/v2/blocks/${id}?vectors=base64`)).status).toBe(200);
    const refused = await fetch(`${node.url}/v2/blocks/${id}?vectors=json`);
    expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
      413,
      expect.stringContaining('vectors=base64'),
    ]);
    const listed = (await (await fetch(`${node.url}/blocks?limit=100`)).json()) as { left_out: string[] };
    expect(listed.left_out).toContain(id);
  });

  test('a JSON form is read up to its bound', async () => {
    const line = (length: number): string => `{"version":2,"a":"${'x'.repeat(length - 20)}"}`;
    const answer = async (body: string): Promise<string> =>
      ((await (await post(body)).json()) as { code: string }).code;
    const post = (body: string): Promise<Response> =>
      fetch(`${node.url}/v2/blocks`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body });
    expect(await answer(line(2 * 1024 * 1024))).toBe('block.unsigned');
    expect(await answer(line(2 * 1024 * 1024 + 1))).toBe('block.too_large');
  });

  test('blocks that come in pieces of any size are each read', async () => {
    const wires = Array.from({ length: 6 }, (_, n) => makeBlock(100 + n, { bodyBytes: 50 + 40_000 * n }));
    const all = concatBytes(...wires);
    for (const size of [1_000, 65_536, 100_001]) {
      const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
        all.subarray(i * size, (i + 1) * size),
      );
      const body = new ReadableStream({
        start: (controller) => {
          for (const piece of pieces) controller.enqueue(piece);
          controller.close();
        },
      });
      const answer = await fetch(`${node.url}/v2/blocks`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor-seq' },
        body,
        duplex: 'half',
      } as RequestInit);
      const { results } = (await answer.json()) as { results: { status: string }[] };
      expect(results.map(({ status }) => ['stored', 'known'].includes(status))).toEqual(wires.map(() => true));
    }
  });
});
