import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { corePlugins, createBlock, createRegistry, signerOfSeed } from '@cosmicembeddings/sdk';
import { createEmbedder } from '@cosmicembeddings/sdk/embedders';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { embeddingOf } from '@cosmicembeddings/sdk/testing';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-languages-'));
const author = {
  signer: signerOfSeed(new Uint8Array(32).fill(5)),
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
};
const texts = [
  'To set up a printer, open the settings, choose Printers and press Add.',
  'Bread stays soft when it is kept in a linen bag.',
  'Glaciers grow when more snow falls than melts.',
  'The museum opens at nine and is closed on Mondays.',
  'A password should be long and used in one place only.',
  'Herons stand in shallow water and wait for fish.',
];
const german = 'Um einen Hut zu stricken, nehmen Sie weiche Wolle und runde Nadeln.';
let node: RunningNode;

beforeAll(async () => {
  const english = await createEmbedder({ type: 'builtin', name: 'english-1' }, nodeEmbedderHost);
  const all = [...texts, german];
  const { vectors } = await english.embed(all, { role: 'passage' });
  const config = await loadConfig({
    data: folder,
    port: 0,
    log: 'silent',
    verifyWorkers: 1,
    embedders: ['multilingual', 'builtin'],
    home: ['multilingual'],
  });
  node = await createNode(config, createLog('silent'));
  const blocks = await Promise.all(
    all.map((text, i) =>
      createBlock(
        {
          kind: 'embedding/1',
          timeMs: Date.now() - 1000,
          fields: embeddingOf(english.space, [
            { text, vector: vectors[i]!, origin: 'test.md', language: text === german ? 'de' : 'en' },
          ]),
        },
        { ...author, salt: () => new Uint8Array(16).fill(i + 1) },
      ),
    ),
  );
  await node.api.publish(
    blocks.map(({ wire }) => wire),
    { wait: 'indexed' },
  );
  for (;;) {
    const { followers } = await node.api.status();
    if (followers.find(({ name }) => name === 'home')!.position.seq >= all.length) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}, 60_000);
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['German', 'Wie richte ich einen Drucker ein und wo ist das?', 0],
  ['German', 'Wann ist das Museum nicht offen, und wie ist der Montag?', 3],
  ['French', 'Comment est-ce que les glaciers sont plus grands avec la neige ?', 2],
  ['Spanish', '¿Cómo es una contraseña para que no la adivinen?', 4],
])('a question in %s is not asked of an English model where another knows it: %s', async (language, text, answer) => {
  const { hits, notes } = await node.api.search({ text, mode: 'vectors', k: 1 });
  expect(hits[0]).toMatchObject({ passage: texts[answer], computed: true });
  expect(notes!.join()).toMatch(new RegExp(`not searched in builtin/english-1.*: this looks like ${language}`));
});

test('an English question is asked of both, and one for a list of spaces of those', async () => {
  const { hits, notes } = await node.api.search({ text: 'how do I add a printer?', mode: 'vectors', k: 1 });
  expect(hits[0]!.passage).toBe(texts[0]);
  expect(hits[0]!.computed).toBeUndefined();
  expect((notes ?? []).join()).not.toMatch(/looks like/);
  const text = 'Wie ist das mit dem Drucker und der Farbe?';
  const listed = await node.api.search({ text, mode: 'vectors', k: 1, spaces: [hits[0]!.space] });
  expect(listed.notes!.join()).toMatch(/looks like German.*knows English alone/);
});

test('a text that is said to be German is judged by its multilingual vector, not by what an English model made of it', async () => {
  const { hits } = await node.api.search({
    text: 'how to knit a hat from soft wool',
    mode: 'vectors',
    k: texts.length + 1,
  });
  expect(hits.filter(({ passage }) => passage === german)).toMatchObject([{ computed: true }]);
  expect(hits.filter(({ computed }) => computed !== true).map(({ passage }) => passage)).toHaveLength(texts.length);
});
