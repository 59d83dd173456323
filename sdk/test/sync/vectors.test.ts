import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex, utf8 } from '../../src/bytes.js';
import { didOf, publicKeyOf, sha256, sign, verify } from '../../src/crypto/index.js';
import {
  createItemSet,
  createReconciler,
  decodeFrame,
  encodeFrame,
  NegentropyError,
  Session,
  Sketch,
  type Prover,
} from '../../src/sync/index.js';
import { root } from '../shared-data.ts';
import { reconcile } from './reconcile.ts';

interface Transcript {
  readonly comment: string;
  readonly client: readonly [number, number][];
  readonly server: readonly [number, number][];
  readonly frameLimit: number;
  readonly messages: readonly string[];
  readonly have: readonly string[];
  readonly need: readonly string[];
}
interface Case {
  readonly comment: string;
  readonly hex: string;
}

const vectors = <T>(name: string): T =>
  JSON.parse(readFileSync(join(root, 'specs', 'vectors', `${name}.json`), 'utf8')) as T;
const negentropy = vectors<{ transcripts: Transcript[]; refused: { comment: string; message: string }[] }>(
  'sync-negentropy',
);
const peer = vectors<{ frames: { type: string; hex: string }[]; rejected: Case[]; ignored: Case[] }>('peer-frames');
const setOf = (items: readonly [number, number][]) =>
  createItemSet(items.map(([n, timeMs]) => ({ timeMs, digest: sha256(utf8(`item ${n}`)) })));

describe('negentropy transcripts', () => {
  test.each(negentropy.transcripts.map((one) => [one.comment, one] as const))('%s', (_, one) => {
    const run = reconcile(setOf(one.client), setOf(one.server), one.frameLimit);
    expect(run.messages.map(toHex)).toEqual(one.messages);
    expect([...new Set(run.have.map(toHex))].sort()).toEqual(one.have);
    expect([...new Set(run.need.map(toHex))].sort()).toEqual(one.need);
  });

  test.each(negentropy.refused.map((one) => [one.comment, one.message] as const))('refused: %s', (_, message) => {
    expect(() => createReconciler(createItemSet()).step(fromHex(message))).toThrow(NegentropyError);
  });
});

test('hashes under a key', () => {
  const { key, hashes } = vectors<{ key: string; hashes: { from: number; to: number; hash: string }[] }>('sync-equal');
  const set = setOf(Array.from({ length: 2500 }, (_, n) => [n, 1795298400000 + 977 * n] as const));
  for (const { from, to, hash } of hashes) expect(toHex(set.keyedHash(fromHex(key), from, to))).toBe(hash);
});

describe('peer frames', () => {
  test.each(peer.frames.map((one) => [one.type, one.hex] as const))('%s', (type, hex) => {
    const decoded = decodeFrame(fromHex(hex));
    if (decoded.status !== 'ok') throw new Error(decoded.status);
    expect(decoded.frame.type).toBe(type);
    expect(toHex(encodeFrame(decoded.frame))).toBe(hex);
  });

  test.each(peer.rejected.map((one) => [one.comment, one.hex] as const))('rejected: %s', (_, hex) => {
    expect(decodeFrame(fromHex(hex))).toMatchObject({ status: 'rejected', code: 'peer.protocol' });
  });

  test.each(peer.ignored.map((one) => [one.comment, one.hex] as const))('ignored: %s', (_, hex) => {
    expect(decodeFrame(fromHex(hex)).status).toBe('unknown');
  });
});

interface Handshake {
  readonly comment: string;
  readonly frames: readonly { readonly from: 'dialler' | 'listener'; readonly hex: string }[];
  readonly channel?: string;
  readonly listenerChannel?: string;
  readonly statements: Readonly<Record<'dialler' | 'listener', string>>;
  readonly dialler: string;
  readonly listener: string;
}

describe('handshakes', () => {
  const { handshakes } = vectors<{ handshakes: Handshake[] }>('peer-handshake');
  const seedOf = (name: string) => sha256(utf8(`handshake ${name}`));
  const decoded = (hex: string) => {
    const result = decodeFrame(fromHex(hex));
    if (result.status !== 'ok') throw new Error(result.status);
    return result.frame;
  };

  test.each(handshakes.map((one) => [one.comment, one] as const))(
    '%s: what is signed is what the page says',
    (_, one) => {
      const hellos = one.frames
        .filter(({ hex }) => decoded(hex).type === 'hello')
        .map(({ hex }) => sha256(fromHex(hex)));
      for (const role of ['dialler', 'listener'] as const) {
        const channel = one.channel === undefined ? [] : fromHex(one.channel);
        const expected = [...utf8(`cosmicembeddings/peer/2\0${role}\0`), ...hellos[0]!, ...hellos[1]!, ...channel];
        expect(one.statements[role]).toBe(toHex(Uint8Array.from(expected)));
      }
      if (one.dialler !== 'proven' || one.listener !== 'proven') return;
      for (const { from, hex } of one.frames) {
        const frame = decoded(hex);
        if (frame.type !== 'prove') continue;
        const key = publicKeyOf(seedOf(from === 'dialler' ? 'a' : 'b'));
        expect(verify(frame.signature, fromHex(one.statements[from]), key)).toBe(true);
      }
    },
  );

  // The listener of the page, against what its dialler sent.
  test.each(handshakes.map((one) => [one.comment, one] as const))('%s: a listener ends as it says', (comment, one) => {
    const prover: Prover = {
      role: 'listener',
      nonce: sha256(utf8('nonce b')),
      sign: (message) => sign(message, seedOf('b')),
      isOwnAddress: (url) => url === 'wss://b.example/v2/peer',
      ...(one.listenerChannel === undefined ? {} : { channel: fromHex(one.listenerChannel) }),
      ...(comment.includes('private') ? { networkKey: sha256(utf8('shared key')) } : {}),
    };
    const isOld = comment.includes('version 1');
    const session = new Session({
      network: 'dev',
      node: didOf(publicKeyOf(seedOf('b'))),
      ...(isOld ? {} : { prover }),
    });
    let end = '';
    const sent: string[] = [];
    const hear = (wishes: ReturnType<Session['open']>): void => {
      for (const wish of wishes) {
        if (wish.type === 'send') sent.push(toHex(wish.frame));
        else if (wish.type === 'ready') end = wish.proven ? 'proven' : 'claimed';
        else if (wish.type === 'close') end = wish.remote ? end || 'told' : wish.code;
      }
    };
    hear(session.open(1795298400000));
    for (const { from, hex } of one.frames) if (from === 'dialler') hear(session.receive(fromHex(hex), 1795298400000));
    expect(end).toBe(one.listener);
    expect(sent).toEqual(one.frames.filter(({ from }) => from === 'listener').map(({ hex }) => hex));
  });

  test('a signature of another connection is none of this one', () => {
    const first = handshakes[0]!;
    const proof = first.frames.find(({ from, hex }) => from === 'dialler' && decoded(hex).type === 'prove')!;
    const hello = first.frames[0]!;
    const session = new Session({
      network: 'dev',
      node: didOf(publicKeyOf(seedOf('b'))),
      prover: {
        role: 'listener',
        nonce: sha256(utf8('another nonce')),
        sign: (message) => sign(message, seedOf('b')),
        isOwnAddress: () => true,
      },
    });
    session.open(0);
    session.receive(fromHex(hello.hex), 0);
    expect(session.receive(fromHex(proof.hex), 0)).toContainEqual(
      expect.objectContaining({ type: 'close', code: 'peer.unproven' }),
    );
  });
});

describe('sketches', () => {
  const { sketches } = vectors<{ sketches: { from: number; to: number; cells: string }[] }>('sync-sketch');
  test.each(sketches.map((one) => [one.from, one.to, one.cells] as const))('items %i to %i', (from, to, cells) => {
    const sketch = Sketch.create();
    for (let n = from; n < to; n++) sketch.add({ timeMs: 1795298400000 + 977 * n, digest: sha256(utf8(`item ${n}`)) });
    expect(toHex(sketch.bytes(0, cells.length / 96))).toBe(cells);
  });
});
