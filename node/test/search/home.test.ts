import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  corePlugins,
  createBlock,
  createRegistry,
  portableChecks,
  signerOfSeed,
  spaceIdOf,
  type SpaceDescriptor,
} from '@cosmicembeddings/sdk';
import { createClient, verifyHit } from '@cosmicembeddings/sdk/api';
import { createEmbedder } from '@cosmicembeddings/sdk/embedders';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { embeddingOf } from '@cosmicembeddings/sdk/testing';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';
import { readCommon } from '../../src/index/common/file.js';
import { eraseAndProve } from '../../src/operate/erasure/index.js';
import { fsck } from '../../src/operate/fsck.js';
import { openNodeKeys } from '../../src/operate/keys.js';
import { noise, spaceNamed } from './ledger.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-home-'));
const foreign = spaceNamed('a/model-nobody-has');
const author = {
  signer: signerOfSeed(new Uint8Array(32).fill(9)),
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
};
const subjects = ['kiln', 'heron', 'violin', 'glacier', 'bakery', 'comet', 'orchard', 'ferry', 'loom', 'lighthouse'];
const verbs = ['needs care in winter', 'was painted blue', 'is older than the town', 'costs more than last year'];
const texts = Array.from(
  { length: 80 },
  (_, i) => `The ${subjects[i % 10]!} number ${i} ${verbs[Math.floor(i / 10) % 4]!}.`,
);
let node: RunningNode;
let salts = 0;

const start = async (home?: readonly unknown[]): Promise<void> => {
  const config = await loadConfig({
    data: folder,
    port: 0,
    log: 'silent',
    verifyWorkers: 1,
    ...(home === undefined ? {} : { home }),
  });
  node = await createNode(config, createLog('silent'));
};

async function blockOf(text: string, space: SpaceDescriptor = foreign) {
  const n = ++salts;
  return createBlock(
    {
      kind: 'embedding/1',
      timeMs: Date.now() - 1000,
      fields: embeddingOf(space, [{ text, vector: noise(n, space.dims), origin: 'test.md' }]),
    },
    { ...author, salt: () => new Uint8Array(16).fill(n) },
  );
}

const publish = async (wires: readonly Uint8Array[]): Promise<readonly string[]> => {
  const answers = await node.api.publish(wires, { wait: 'indexed' });
  const seqs = answers.map((answer) => (answer.status === 'stored' ? answer.seq : 0));
  for (const name of ['home', 'background']) await waitFor(name, Math.max(...seqs));
  return answers.map((answer) => ('id' in answer ? answer.id : ''));
};

const waitFor = async (name: string, seq: number): Promise<void> => {
  for (;;) {
    const { followers } = await node.api.status();
    if (followers.find((one) => one.name === name)!.position.seq >= seq) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const isCommon = async (): Promise<void> => {
  for (;;) {
    const { spaces } = await node.api.search({ text: 'anything', k: 1 });
    if (spaces?.some(({ background }) => background?.of === 'common') === true) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

beforeAll(() => start(), 60_000);
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

test('texts of a model that nobody here has are found by meaning, say that their vector was computed here, and stay the author’s', async () => {
  const ids = await publish(await Promise.all(texts.map(async (text) => (await blockOf(text)).wire)));
  const answer = await node.api.search({ text: 'a large wading bird', mode: 'vectors', k: 5 });
  expect(answer.hits).toHaveLength(5);
  for (const hit of answer.hits) {
    expect(hit.computed).toBe(true);
    expect(hit.space).not.toBe(spaceIdOf(foreign));
  }
  expect(answer.hits[0]!.passage).toMatch(/heron/);
  const checks = portableChecks('dev');
  const checked = await verifyHit(answer.hits[0]!, answer, createClient({ url: node.url }), checks);
  expect(checked).toMatchObject({ signed: true, passage: true });
  expect(checked.cosine).toBeUndefined();
  expect(new Set(ids).size).toBe(texts.length);

  const same = await node.api.search({ text: 'a large wading bird', mode: 'vectors', k: 5, spaces: 'same' });
  expect(same.hits).toHaveLength(0);
  await expect(node.api.search({ text: 'x', k: 1, spaces: ['bafynot-here'] })).rejects.toThrow('space.unknown');
}, 60_000);

test('what its author has put into the home space is not embedded again', async () => {
  const english = await createEmbedder({ type: 'builtin', name: 'english-1' }, nodeEmbedderHost);
  const text = 'Movable type made the printing press quick.';
  const { vectors } = await english.embed([text], { role: 'passage' });
  const n = ++salts;
  const block = await createBlock(
    {
      kind: 'embedding/1',
      timeMs: Date.now() - 1000,
      fields: embeddingOf(english.space, [{ text, vector: vectors[0]!, origin: 'test.md' }]),
    },
    { ...author, salt: () => new Uint8Array(16).fill(n) },
  );
  await publish([block.wire]);
  const { hits } = await node.api.search({ text: 'printing press', mode: 'vectors', k: 100, rows: 'all' });
  const own = hits.filter(({ id }) => id === block.id);
  expect(own).toHaveLength(1);
  expect(own[0]!.computed).toBeUndefined();
  expect(hits[0]!.id).toBe(block.id);
}, 60_000);

test('several spaces are compared by texts that they have in common', async () => {
  await isCommon();
  const { spaces, hits } = await node.api.search({ text: 'old violin', k: 3, explain: true });
  expect(spaces!.find(({ background }) => background !== undefined)!.background).toMatchObject({ of: 'common' });
  expect(hits[0]!.passage).toMatch(/violin/);
}, 60_000);

test('it survives a restart, is taken away when it is switched off, and goes with its text', async () => {
  await node.close();
  expect(existsSync(join(folder, 'home', 'index.bin'))).toBe(true);
  await start();
  const { hits } = await node.api.search({ text: 'sea light tower', mode: 'vectors', k: 1 });
  expect(hits[0]).toMatchObject({ computed: true });
  const { id } = hits[0]!;
  // With the last block of its own space gone, the setting alone speaks for that space.
  const signed = (await node.api.search({ text: 'printing press', mode: 'vectors', k: 100 })).hits
    .filter(({ computed }) => computed !== true)
    .map((hit) => hit.id);
  expect(signed.length).toBeGreaterThan(0);
  await node.close();

  expect(readCommon(folder)!.drawn.some((one) => one.id === id)).toBe(true);
  const { did } = await openNodeKeys(folder);
  const { traces } = await eraseAndProve({ folder, network: 'dev', node: did }, [
    ...[id, ...new Set(signed)].map((one) => ({ id: one, reason: 'takedown' as const, withhold: [] })),
  ]);
  expect(traces).toEqual([]);
  expect(readCommon(folder)?.drawn.some((one) => one.id === id) ?? false).toBe(false);
  const report = await fsck({ folder, checks: portableChecks('dev') });
  expect(report.followers.map(({ name }) => name)).toEqual(expect.arrayContaining(['home', 'background']));
  await start();
  const again = await node.api.search({ text: 'sea light tower', mode: 'vectors', k: 100 });
  expect(again.hits.map((hit) => hit.id)).not.toContain(id);
  await node.close();

  await start([]);
  expect(existsSync(join(folder, 'home'))).toBe(false);
  const off = await node.api.search({ text: 'sea light tower', mode: 'vectors', k: 100 });
  expect(off.hits.filter(({ computed }) => computed === true)).toHaveLength(0);
}, 90_000);
