import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex, utf8 } from '../../src/bytes.js';
import { sha256 } from '../../src/crypto/index.js';
import { createItemSet, createReconciler, decodeFrame, encodeFrame, NegentropyError } from '../../src/sync/index.js';
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
