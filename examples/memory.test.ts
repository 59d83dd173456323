import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sha256, signerOfSeed, utf8 } from '@cosmicembeddings/sdk';
import { root } from '../sdk/test/shared-data.ts';
import { createClient } from '@cosmicembeddings/sdk/api';
import { identityOf } from '../cli/src/keys/author.js';
import { rate } from './custom-kind.js';
import { harbourNews } from './custom-embedder.ts';
import { asAssistant } from './mcp.ts';
import { retrieve } from './langchain.ts';
import { kiln } from './memory.ts';
import { forBobAlone } from './sealed.ts';
import { sharedMemory } from './two-agents.ts';
import { news } from './watch.ts';

let data: string;
let url: string;
let node: ChildProcess;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'examples-'));
  const plugins = [join(root, 'examples/custom-kind.js')];
  await writeFile(join(data, 'config.json'), JSON.stringify({ plugins }));
  const args = [join(root, 'node/bin/cosmic-node.js'), 'start', '--data', data, '--port', '0', '--log', 'silent'];
  node = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  url = await new Promise((resolve) =>
    node.stdout!.once('data', (line: Buffer) => resolve((JSON.parse(String(line)) as { listening: string }).listening)),
  );
}, 60_000);

afterAll(async () => {
  const ended = new Promise((resolve) => node.once('exit', resolve));
  node.kill('SIGTERM');
  await ended;
  await rm(data, { recursive: true, force: true });
});

const keyOf = (name: string): ReturnType<typeof signerOfSeed> => signerOfSeed(sha256(utf8(name)));

test('three verbs', async () => {
  expect(await kiln({ node: url, key: keyOf('potter') })).toEqual([
    'The kiln fires at 1240 °C. (verified: true)',
    'The kiln fires at 1260 °C since May.',
    'oven: forgotten',
  ]);
});

test('two agents, and one whom nobody trusts', async () => {
  const { trusted, all } = await sharedMemory((name) => ({ node: url, key: keyOf(name), collection: 'gallery' }));
  expect(trusted).toContain('ann: The gallery opens at ten on Sundays.');
  expect(trusted.some((line) => line.includes('instructions'))).toBe(false);
  expect(all.find((line) => line.includes('instructions'))).toMatch(/^a stranger: /);
});

test('told when something near is remembered, and when it is taken back', async () => {
  const told = await news((name) => ({ node: url, key: keyOf(name), collection: 'news' }));
  expect(told).toEqual(['bob: The kiln fires at 1240 °C. (verified: true)', expect.stringMatching(/^gone: /)]);
});

test('an assistant reads a node', async () => {
  const { tools, text } = await asAssistant(url, 'when does the gallery open?');
  expect(tools).toContain('cosmic_since');
  expect(text).toMatch(/<passage [0-9a-f]{16}>/);
});

test('an embedder of one’s own', async () => {
  expect(await harbourNews({ node: url, key: keyOf('sailor'), collection: 'harbour' })).toMatch(/tide/);
});

test('a memory for named readers', async () => {
  expect(await forBobAlone((name) => ({ node: url, key: keyOf(name), collection: 'sealed' }))).toEqual({
    bob: ['ann: The spare key is under the blue stone.'],
    eve: [],
    alone: ['sealed: true'],
  });
});

test('a kind of one’s own is signed, found and filtered', async () => {
  const client = createClient({ url });
  const { author } = identityOf(sha256(utf8('critic')), 'dev');
  const { ids } = await client.find({}, { limit: 1 });
  const about = ids[0]!;
  expect(await rate(client, author, about, 4, 'clear and short')).toBe('stored');
  await expect(rate(client, author, about, 6, 'too many')).rejects.toMatchObject({ code: 'kind.malformed' });
  const kinds = ['rating.example/1'];
  expect((await client.find({ kinds, where: { stars: { $gte: 4 } } }, { limit: 9 })).ids).toHaveLength(1);
  expect((await client.find({ kinds, where: { stars: 5 } }, { limit: 9 })).ids).toHaveLength(0);
  const { hits } = await client.search({ text: 'clear', mode: 'words', k: 1, filter: { kinds } });
  expect(hits[0]?.passage).toBe('clear and short');
});

test('a chain retrieves', async () => {
  const embeddings = {
    model: 'letters',
    embedQuery: (text: string) =>
      Promise.resolve([...'abcdefghijklmnopqrstuvwxyz'].map((one) => 0.1 + text.toLowerCase().split(one).length - 1)),
    embedDocuments: (texts: string[]) => Promise.all(texts.map((text) => embeddings.embedQuery(text))),
  };
  expect(await retrieve(embeddings, { node: url, key: keyOf('chain'), collection: 'chain' })).toEqual([
    'kiln: The kiln fires at 1240 °C.',
  ]);
});

test('a group of keys under one name', async () => {
  const of = (name: string) => ({ node: url, key: keyOf(name), collection: 'group' });
  const { openMemory } = await import('@cosmicembeddings/sdk/agent');
  const [ann, bob] = [await openMemory(of('ann')), await openMemory(of('bob'))];
  await ann.remember('The bakery bakes bread at dawn.');
  await bob.remember('The bakery sells bread until noon.');
  const eve = await openMemory({ ...of('eve'), trust: { bakers: [ann.author, bob.author] } });
  const hits = await eve.search('bread of the bakery', { authors: ['bakers'] });
  expect(hits.map(({ author }) => author.name)).toEqual(['bakers', 'bakers']);
  await expect(eve.search('bread', { authors: ['nobody'] })).rejects.toMatchObject({ code: 'request.malformed' });
});
