import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { encode, toJson, utf8 } from '@cosmicembeddings/sdk';
import { dumps, Signer } from '@cosmicembeddings/sdk/python';
import { randomOf } from '@cosmicembeddings/sdk/testing';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';
import { blockOf } from '../http/node.ts';
import { nodeDid } from '../../src/testing/index.js';

/** Every body and every frame, changed at random, against a whole node. FUZZ_SEED and FUZZ_ROUNDS for longer runs. */
const folder = mkdtempSync(join(tmpdir(), 'cosmic-edge-fuzz-'));
const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 600);
const draw = randomOf(Number(process.env['FUZZ_SEED'] ?? 1));
/** From 0 up to 1. */
const random = (): number => draw(1_000_000) / 1_000_000;
const defects: unknown[] = [];
let node: RunningNode;

beforeAll(async () => {
  const config = await loadConfig({
    data: folder,
    port: 0,
    verifyWorkers: 1,
    embedders: [{ type: 'builtin', name: 'lexical' }],
  });
  const log = { ...createLog('silent'), error: (what: unknown) => defects.push(what) };
  node = await createNode(config, log as never);
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
const ODD = [0x00, 0x1f, 0x5f, 0x7f, 0x80, 0x9f, 0xbf, 0xd8, 0xf6, 0xfb, 0xff, 0x22, 0x5b, 0x5d, 0x7b, 0x7d, 0x0a];

/** A few bytes changed, cut out, doubled or put in. */
function mutated(bytes: Uint8Array): Uint8Array {
  let out = Buffer.from(bytes);
  for (let changes = Math.floor(random() * 4); changes >= 0; changes--) {
    const at = Math.floor(random() * (out.length + 1));
    const length = Math.floor(random() ** 3 * 40);
    const what = random();
    if (what < 0.4 && at < out.length) out[at] = random() < 0.5 ? pick(ODD) : Math.floor(random() * 256);
    else if (what < 0.6) out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
    else if (what < 0.8)
      out = Buffer.concat([out.subarray(0, at), out.subarray(Math.max(0, at - length), at), out.subarray(at)]);
    else
      out = Buffer.concat([
        out.subarray(0, at),
        Buffer.from(Array.from({ length }, () => pick(ODD))),
        out.subarray(at),
      ]);
  }
  return out;
}

test('bodies: refused with a code or taken, never a defect', async () => {
  const { wire } = await blockOf(['a text to be changed']);
  const signed = Signer.fromSeed(new Uint8Array(32).fill(3)).signBlock(new Map([['content', 'a text']]) as never);
  const question = { text: 'a', k: 3, filter: { tagsAny: ['a'], fromMs: 1, links: [{ id: 'bafy' }] }, minCosine: 0.5 };
  const bodies: readonly (readonly [path: string, type: string, body: Uint8Array])[] = [
    ['/v2/blocks', 'application/cbor-seq', wire],
    ['/v2/blocks', 'application/x-ndjson', utf8(toJson(wire))],
    ['/blocks', 'application/json', utf8(dumps(signed))],
    ['/blocks', 'application/json', utf8(toJson(wire))],
    ['/nodes', 'application/json', utf8('{"id":"a","name":"b"}')],
    ['/v2/search', 'application/json', utf8(JSON.stringify(question))],
    ['/v2/search', 'application/cbor', encode({ text: 'a', k: 3, filter: { tagsAny: ['a'] } })],
    ['/v2/blocks/find', 'application/json', utf8(JSON.stringify({ filter: question.filter, limit: 3 }))],
  ];
  const seen = new Map<string, number>();
  const lane = async (): Promise<void> => {
    for (let n = 0; n < rounds / 4; n++) {
      const [path, type, body] = pick(bodies);
      const answer = await fetch(node.url + path, {
        method: 'POST',
        headers: { 'content-type': type },
        body: mutated(body) as never,
      });
      const text = await answer.text();
      const { code = 'ok' } = JSON.parse(text) as { code?: string };
      seen.set(code, (seen.get(code) ?? 0) + 1);
      expect([path, answer.status < 500, text.slice(0, 300)]).toEqual([path, true, text.slice(0, 300)]);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  expect(seen.size).toBeGreaterThan(5);
  expect(defects).toEqual([]);
}, 60_000);

test('bodies that break off are their senders’ doing', async () => {
  for (const rest of ['zz\r\n', '5\r\n\xd2\x84', ''])
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(node.url).port), '127.0.0.1', () => {
        socket.write(
          `POST /v2/blocks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/cbor-seq\r\nTransfer-Encoding: chunked\r\n\r\n${rest}`,
        );
        setTimeout(() => socket.destroy(), 100);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => setTimeout(resolve, 100));
    });
  expect(defects).toEqual([]);
});

test('paths and query strings: the same', async () => {
  const targets = [
    '/v2/blocks?limit=3&tag=a&from=1&order=oldest',
    '/v2/search?q=a&k=3&mode=words',
    '/blocks?tag=a&limit=2&created_by=b&q=c',
    '/v2/blocks/bafyreiabc?vectors=json',
    '/v2/views/standing/of?id=bafy',
    '/blocks/block-1/related?limit=2',
    '/nodes/a',
  ].map(utf8);
  for (let n = 0; n < rounds / 4; n++) {
    const target = Buffer.from(mutated(pick(targets)))
      .toString('latin1')
      .replace(/[^!-~\u0080-\u00ff]|#/g, '%');
    const answer = await fetch(new URL(node.url + (target.startsWith('/') ? target : `/${target}`)).href);
    await answer.arrayBuffer();
    expect([target, answer.status < 500]).toEqual([target, true]);
  }
  expect(defects).toEqual([]);
}, 60_000);

test('frames: ignored, answered or the end of their connection, never of the node', async () => {
  const id = new Uint8Array(32).fill(7);
  const hello = {
    type: 'hello',
    version: 1,
    network: 'dev',
    node: nodeDid(90),
    limits: { frame_bytes: 1 << 22, wants: 256 },
  };
  const frames = [
    hello,
    { type: 'have', items: [[1, id]] },
    { type: 'want', ids: [id] },
    { type: 'give', blocks: [(await blockOf(['given'])).wire] },
    { type: 'gone', code: 'block.not_found', ids: [id] },
    { type: 'reconcile', message: Uint8Array.of(0x61, 0, 0, 2, 0) },
    { type: 'reconciled', message: Uint8Array.of(0x61) },
    { type: 'settled' },
    { type: 'ping', nonce: 1 },
    { type: 'bye', code: 'peer.protocol', detail: 'x' },
  ].map((frame) => encode(frame as never));
  const lane = async (n: number): Promise<void> => {
    const socket = new WebSocket(`${node.url.replace('http', 'ws')}/v2/peer`, 'cosmic.1');
    socket.on('error', () => undefined);
    await new Promise((resolve) => (socket.once('open', resolve), socket.once('close', resolve)));
    const send = (frame: Uint8Array): void => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    };
    // Every third one is greeted well, so that what follows is looked at.
    send(n % 3 === 0 ? frames[0]! : mutated(frames[0]!));
    for (let i = 0; i < 5; i++) send(mutated(pick(frames)));
    await new Promise((resolve) => setImmediate(resolve));
    socket.close();
    await new Promise((resolve) =>
      socket.readyState === WebSocket.CLOSED ? resolve(0) : socket.once('close', resolve),
    );
  };
  for (let n = 0; n < rounds / 8; n += 5) await Promise.all([0, 1, 2, 3, 4].map((i) => lane(n + i)));
  expect((await fetch(`${node.url}/health`)).status).toBe(200);
  expect(defects).toEqual([]);
}, 60_000);
