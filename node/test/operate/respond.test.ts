import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { createBlock, corePlugins, createRegistry, didOf, readEnvelope, signerOfSeed } from '@cosmicembeddings/sdk';
import { createClient } from '@cosmicembeddings/sdk/api';
import { createManualClock } from '@cosmicembeddings/sdk/memory';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { embeddingOf } from '@cosmicembeddings/sdk/testing';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';
import { parseRespond, replay, startResponder, type Responder } from '../../src/operate/respond/index.js';
import { createGathering, readTraffic, writeTick } from '../../src/operate/respond/traffic.js';
import { blockOf, embedder, problem } from '../http/node.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-respond-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => mkdtempSync(join(home, `${++folders}-`));
const HOUR_MS = 3_600_000;
const startMs = Date.UTC(2026, 0, 15, 12);

describe('answers to signals', () => {
  const open: Responder[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  const begin = (folder: string, rules: unknown, clock = createManualClock({ startMs })) => {
    const done: string[] = [];
    const responder = startResponder({
      folder,
      rules: parseRespond(rules),
      clock,
      peers: { refuse: (name) => done.push(`refuse ${name}`), pardon: (name) => done.push(`pardon ${name}`) },
      onEvent: ({ event, what, who }) => done.push(`${event} ${what} ${who}`),
    });
    open.push(responder);
    return { responder, clock, done };
  };
  const held = (responder: Responder, who: string, nowMs: number, of: 'blocks' | 'requests' = 'blocks') =>
    responder.held([who], nowMs, of);

  test('a folder that takes nothing keeps a node neither from starting nor from answering', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'respond'), 'in the way');
    const { responder, clock, done } = begin(folder, { failedLogins: { over: 1 } });
    for (const who of ['from 192.0.2.1', 'from 192.0.2.2']) responder.note('failedLogins', who, 2);
    await clock.advance(15_000);
    expect(done).toEqual(['begun alert from 192.0.2.1', 'begun alert from 192.0.2.2']);
  });

  test('a rule only tells until it was tried on what was recorded here; then it acts, ends by itself, and is undone by its id', async () => {
    const folder = newFolder();
    const rules = { badSignatures: { over: 3, then: 'refuse', forMs: '1h' } };
    const first = begin(folder, rules);
    first.responder.note('badSignatures', 'from 192.0.2.1', 4);
    await first.clock.advance(15_000);
    expect(first.done).toEqual(['begun alert from 192.0.2.1']);
    expect(first.responder.list().actions[0]!.reason).toBe(
      '4 badSignatures in 60 s, more than 3; refuse waits for cosmic policy replay',
    );
    expect(first.responder.list().rules['badSignatures']).toMatchObject({ tried: false });
    expect(held(first.responder, 'from 192.0.2.1', first.clock.now())).toBeUndefined();
    const tried = replay(folder, parseRespond(rules), startMs + HOUR_MS);
    expect(tried.rules.badSignatures).toEqual({
      then: 'refuse',
      times: 1,
      whom: [{ who: 'from 192.0.2.1', times: 1, count: 4 }],
      keptBack: 0,
    });
    await first.clock.advance(15_000);
    expect(first.done.slice(1)).toEqual(['ended alert from 192.0.2.1', 'begun refuse from 192.0.2.1']);
    first.responder.undo('r2');
    await open.pop()!.close();
    const { responder, clock, done } = begin(folder, rules, createManualClock({ startMs: startMs + 2 * HOUR_MS }));
    responder.note('badSignatures', 'from 192.0.2.1', 4);
    responder.note('badSignatures', 'from 192.0.2.2', 3);
    responder.note('badSignatures', 'peer did:key:z6Mk', 9);
    await clock.advance(15_000);
    expect(done).toEqual(['begun refuse from 192.0.2.1', 'refuse did:key:z6Mk', 'begun refuse peer did:key:z6Mk']);
    const untilMs = startMs + 3 * HOUR_MS;
    expect(held(responder, 'from 192.0.2.1', clock.now())).toMatchObject({
      rule: 'respond.badSignatures',
      retryAtMs: untilMs,
    });
    expect(held(responder, 'from 192.0.2.1', clock.now(), 'requests')).toBeUndefined();
    expect(held(responder, 'from 192.0.2.2', clock.now())).toBeUndefined();

    const peer = responder.list().actions.find(({ who }) => who.startsWith('peer'))!;
    responder.undo(peer.id);
    expect(() => responder.undo(peer.id)).toThrow('no action in force');
    expect(done.slice(3)).toEqual(['pardon did:key:z6Mk', 'undone refuse peer did:key:z6Mk']);
    // It is left alone, across a restart too; what is in force stays so.
    await open.pop()!.close();
    const again = begin(folder, rules, createManualClock({ startMs: startMs + 2 * HOUR_MS + 60_000 }));
    again.responder.note('badSignatures', 'peer did:key:z6Mk', 9);
    expect(held(again.responder, 'from 192.0.2.1', again.clock.now())).toBeDefined();
    await again.clock.advance(HOUR_MS);
    expect(again.done).toEqual(['ended refuse from 192.0.2.1']);
    expect(held(again.responder, 'from 192.0.2.1', again.clock.now())).toBeUndefined();
    const journal = again.responder.list().journal.map(({ event, what, who, undo }) => [event, what, who, undo]);
    expect(journal).toEqual([
      ['begun', 'alert', 'from 192.0.2.1', 'cosmic respond undo r1'],
      ['ended', 'alert', 'from 192.0.2.1', undefined],
      ['begun', 'refuse', 'from 192.0.2.1', 'cosmic respond undo r2'],
      ['undone', 'refuse', 'from 192.0.2.1', undefined],
      ['begun', 'refuse', 'from 192.0.2.1', 'cosmic respond undo r3'],
      ['begun', 'refuse', 'peer did:key:z6Mk', 'cosmic respond undo r4'],
      ['undone', 'refuse', 'peer did:key:z6Mk', undefined],
      ['ended', 'refuse', 'from 192.0.2.1', undefined],
    ]);
    expect(statSync(join(folder, 'respond', 'journal.jsonl')).mode & 0o077).toBe(0);
  });

  test('a dry run over a record of nothing has tried nothing', async () => {
    const folder = newFolder();
    const rules = { failedLogins: { over: 1, then: 'refuse' } };
    expect(replay(folder, parseRespond(rules), startMs).fromMs).toBeUndefined();
    const { responder, clock } = begin(folder, rules);
    responder.note('failedLogins', 'from 192.0.2.1', 2);
    await clock.advance(15_000);
    expect(responder.list().rules['failedLogins']).toMatchObject({ tried: false });
    expect(responder.inForce()).toMatchObject([{ what: 'alert' }]);
    // Now there is something.
    replay(folder, parseRespond(rules), clock.now());
    await clock.advance(15_000);
    expect(responder.inForce()).toMatchObject([{ what: 'refuse' }]);
  });

  test('a signal that is off is counted, and neither told, answered nor recorded; what was in force of it ends', async () => {
    const folder = newFolder();
    const rules = { failedLogins: { over: 1, then: 'off' }, peerFaults: { over: 1 } };
    const first = begin(folder, {});
    first.responder.note('failedLogins', 'from 192.0.2.1', 50);
    await first.clock.advance(15_000);
    expect(first.responder.inForce()).toHaveLength(1);
    await open.pop()!.close();

    const { responder, clock, done } = begin(folder, rules, createManualClock({ startMs: startMs + 60_000 }));
    expect(responder.inForce()).toEqual([]);
    responder.note('failedLogins', 'from 192.0.2.1', 50);
    responder.note('peerFaults', 'peer x', 2);
    await clock.advance(15_000);
    expect(done).toEqual(['begun alert peer x']);
    expect([...readTraffic(folder, startMs + 60_000)].map(({ counts }) => counts)).toEqual([
      { peerFaults: { 'peer x': 2 } },
    ]);
    expect(replay(folder, parseRespond(rules), clock.now()).rules.failedLogins).toMatchObject({
      then: 'off',
      times: 0,
    });

    const quiet = newFolder();
    const every = Object.fromEntries(Object.keys(parseRespond({})).map((signal) => [signal, { then: 'off' }]));
    const silent = begin(quiet, every);
    silent.responder.note('badSignatures', 'from 192.0.2.1', 99);
    silent.responder.noteKept(['from 192.0.2.1']);
    await silent.clock.advance(60_000);
    expect(readdirSync(quiet)).not.toContain('traffic');
  });

  test('who is slowed down has so many a minute, and the dry run says what it would have cost', async () => {
    const folder = newFolder();
    const rules = { authorFlood: { over: 50, perMs: '1m', then: 'slow', slowTo: 4, forMs: '10m' } };
    const record = begin(folder, {});
    for (let minute = 0; minute < 5; minute++) {
      record.responder.note('authorFlood', 'authors new', 60);
      for (let i = 0; i < 60; i++) record.responder.noteKept(['from 192.0.2.1', 'authors new']);
      await record.clock.advance(60_000);
    }
    await open.pop()!.close();
    const tried = replay(folder, parseRespond(rules), record.clock.now());
    // All that came after the first minute, but four a minute.
    expect(tried.rules.authorFlood).toMatchObject({ times: 1, keptBack: 4 * 56 });

    const { responder, clock } = begin(folder, rules, createManualClock({ startMs: record.clock.now() }));
    responder.note('authorFlood', 'authors new', 51);
    await clock.advance(15_000);
    const nowMs = clock.now();
    const asked = Array.from({ length: 6 }, () => held(responder, 'authors new', nowMs)?.retryAtMs);
    expect(asked).toEqual([undefined, undefined, undefined, undefined, nowMs + 15_000, nowMs + 15_000]);
    expect(held(responder, 'authors known', nowMs)).toBeUndefined();
  });

  test('a flood does not wait for the end of a tick, and what names many is told by the loudest', () => {
    const folder = newFolder();
    const { responder } = begin(folder, { failedLogins: { over: 10 } });
    for (let i = 0; i < 11; i++) responder.note('failedLogins', 'from 192.0.2.9');
    expect(responder.inForce()).toMatchObject([{ signal: 'failedLogins', what: 'alert' }]);

    const gathering = createGathering();
    for (let i = 0; i < 20_000; i++) gathering.note('badSignatures', `from ${i % 10_000}`, i === 77 ? 9 : 1);
    const tick = gathering.take(startMs)!;
    expect(Object.keys(tick.counts.badSignatures!)).toHaveLength(8);
    expect(tick.counts.badSignatures!['from 77']).toBe(10);
    expect(gathering.take(startMs)).toBeUndefined();
  });

  test('of what was recorded a week stays; lines that broke off, and files of others, are passed over', () => {
    const folder = newFolder();
    for (let day = 0; day < 12; day++)
      writeTick(folder, { atMs: startMs + day * 24 * HOUR_MS, counts: { peerFaults: { 'peer x': day } }, kept: {} });
    const files = readdirSync(join(folder, 'traffic')).sort();
    expect([files.length, files[0]]).toEqual([8, '2026-01-19.jsonl']);
    appendFileSync(join(folder, 'traffic', files[7]!), '{"atMs":17');
    writeFileSync(join(folder, 'traffic', 'notes.txt'), 'x');
    expect([...readTraffic(folder, startMs + 10 * 24 * HOUR_MS)].map(({ atMs }) => (atMs - startMs) / HOUR_MS)).toEqual(
      [240, 264],
    );
    expect(() => parseRespond({ badSignatures: { then: 'delete' } })).toThrow(/badSignatures.then/);
  });
});

describe('a node that is attacked', () => {
  let node: RunningNode | undefined;
  afterEach(() => node?.close());

  test('counts each signal by whom it came from, refuses and slows down as its rules say, and lets go when told', async () => {
    const folder = newFolder();
    const respond = {
      badSignatures: { over: 5, then: 'refuse' },
      authorFlood: { over: 8, then: 'slow', slowTo: 2 },
      nearEverything: { over: 10, then: 'refuse' },
      failedLogins: { over: 4, then: 'refuse' },
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ respond }));
    writeTick(folder, { atMs: Date.now() - HOUR_MS, counts: {}, kept: { 'from 192.0.2.1': 3 } });
    const bin = new URL('../../bin/cosmic-node.js', import.meta.url).pathname;
    const run = spawnSync(process.execPath, [bin, 'policy', 'replay', '--data', folder], { encoding: 'utf8' });
    expect([run.status, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toMatch(/^traffic from /);
    expect(run.stdout).toContain('failedLogins: refuse, 0 times; 0 blocks that were kept would have been held back');

    const config = await loadConfig({
      data: folder,
      port: 0,
      log: 'silent',
      verifyWorkers: 1,
      embedders: [{ type: 'builtin', name: 'lexical' }],
      home: [],
      // As beyond this machine: loopback is nobody in particular.
      trustLoopback: false,
    });
    node = await createNode(config, createLog('silent'));
    const { url } = node;
    const token = readFileSync(join(folder, 'token'), 'utf8').trim();
    const operator = createClient({ url, token });
    const post = (wire: Uint8Array, secret?: string): Promise<Response> =>
      fetch(`${url}/v2/blocks`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor-seq', ...(secret && { authorization: `Bearer ${secret}` }) },
        body: wire,
      } as RequestInit);
    const inForce = async (): Promise<string[]> => {
      const { actions } = await operator.responses();
      return actions.map(({ signal, what, who }) => `${signal} ${what} ${who}`).sort();
    };
    const until = async (wanted: string): Promise<void> => {
      while (!(await inForce()).includes(wanted)) await new Promise((done) => setTimeout(done, 100));
    };
    const undoAll = async (): Promise<void> => {
      for (const { id } of (await operator.responses()).actions) await operator.undoResponse(id);
    };

    // Rows of a second author that are near all of the first one's; the operator's own are counted for nothing.
    const texts = Array.from({ length: 130 }, (_, i) => `text ${i} of ${i * 7} things in a box ${i % 11}`);
    expect((await post((await blockOf(texts)).wire, token)).ok).toBe(true);
    await fetch(`${url}/v2/blocks?wait=indexed`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor-seq', authorization: `Bearer ${token}` },
      body: (await blockOf(['one more'])).wire,
    } as RequestInit);
    const { vectors } = await embedder.embed(texts, { role: 'passage' });
    const middle = Float32Array.from(vectors[0]!, (_, i) => vectors.reduce((sum, one) => sum + one[i]!, 0));
    const length = Math.hypot(...middle);
    const hub = middle.map((x) => x / length);
    const spam = (await signed(Array.from({ length: 12 }, () => hub))).wire;
    expect((await post(spam)).ok).toBe(true);
    const spammer = `author ${signerDid}`;
    await until(`nearEverything refuse ${spammer}`);
    expect(await problem(await post((await signed([hub])).wire))).toEqual({ status: 429, code: 'policy.over_quota' });

    const forged = (await blockOf(['forged'])).wire.slice();
    // The last byte of the signature.
    const read = readEnvelope(forged);
    if (read.status === 'rejected') throw new Error(read.detail);
    for (let i = 0; i < 7; i++) {
      const one = forged.slice();
      one[read.envelope.end - 1 - 2 * i]! ^= 1;
      await post(one);
    }
    await until('badSignatures refuse from 127.0.0.1');
    const honest = (await blockOf(['an honest one'])).wire;
    expect(await problem(await post(honest))).toEqual({ status: 429, code: 'policy.over_quota' });
    await undoAll();
    expect((await post(honest)).ok).toBe(true);

    for (let i = 0; i < 12; i++) await post((await blockOf([`flood ${i}`])).wire);
    await until('authorFlood slow authors new');
    const answers: number[] = [];
    for (let i = 0; i < 5; i++) answers.push((await post((await blockOf([`more ${i}`])).wire)).status);
    expect(answers.filter((status) => status < 300).length).toBeLessThanOrEqual(3);
    expect(answers).toContain(429);

    for (let i = 0; i < 6; i++) await fetch(`${url}/v2/status`, { headers: { authorization: `Bearer guess-${i}` } });
    await until('failedLogins refuse from 127.0.0.1');
    const refused = await fetch(`${url}/v2/status`);
    expect([refused.status, Number(refused.headers.get('retry-after')) > 60]).toEqual([429, true]);
    // The operator gets in, sees it, and ends it.
    expect((await operator.status()).notes.join()).toContain('signals of abuse are answered now');
    const metrics = await operator.metrics();
    expect(metrics).toMatch(/cosmic_signals_total\{signal="failedLogins"\} 6/);
    expect(metrics).toMatch(/cosmic_responses\{what="refuse"\} 1/);
    await undoAll();
    expect((await fetch(`${url}/v2/status`)).status).toBe(200);
    expect((await fetch(`${url}/v2/respond`)).status).toBe(401);
    await expect(operator.undoResponse('r99')).rejects.toMatchObject({ code: 'request.malformed' });
    const { journal } = await operator.responses();
    expect(journal.map(({ event }) => event).sort()).toEqual([...Array(4).fill('begun'), ...Array(4).fill('undone')]);
  });
});

const author = {
  signer: signerOfSeed(new Uint8Array(32).fill(77)),
  network: 'dev',
  registry: createRegistry(corePlugins),
};
const signerDid = didOf(author.signer.publicKey);
let salts = 0;

async function signed(vectors: readonly Float32Array[]) {
  const rows = vectors.map((vector, i) => ({ text: `row ${i} ${salts}`, vector, origin: 'test.md' }));
  return createBlock(
    { kind: 'embedding/1', timeMs: Date.now() - 1000, fields: embeddingOf(embedder.space, rows) },
    { ...author, sky: createSky(), salt: () => new Uint8Array(16).fill(++salts) },
  );
}
