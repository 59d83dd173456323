import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openMemory, type Memory } from '@cosmicembeddings/sdk/agent';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
let temp: string;
const nodes: DemoNode[] = [];

/** Three nodes of their own processes, each dialling those before it; all countersign. */
beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-several-'));
  mkdirSync(join(temp, 'three'));
  writeFileSync(join(temp, 'three', 'config.json'), JSON.stringify({ policy: { tags: { deny: ['loud'] } } }));
  for (const name of ['one', 'two', 'three']) {
    const peers = nodes.map(({ url }) => url.replace(/^http/, 'ws'));
    nodes.push(await startNode(name, { folder: temp, peers, detached: false, flags: ['--receipts'] }));
  }
  expect(await cosmic('init')).toMatchObject({ status: 0 });
}, 180_000);
afterAll(async () => {
  for (const node of nodes) node.kill();
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
});

function cosmic(...args: string[]): Promise<{ status: number | null; out: string; err: string }> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COSMIC_')));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, '--home', join(temp, 'home'), ...args], { env: clean });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, out, err }));
    child.stdin.end();
  });
}

const all = (): string => nodes.map(({ url }) => url).join(',');

test('publish --copies 3 waits until three operators have it, and each can be asked', async () => {
  writeFileSync(join(temp, 'kiln.md'), 'The kiln fires at 1240 degrees.\n');
  const done = await cosmic(
    'publish',
    join(temp, 'kiln.md'),
    '--embedder',
    'builtin',
    '--copies',
    '3',
    '--node',
    all(),
  );
  expect(done).toMatchObject({ status: 0, err: expect.stringContaining('1 blocks have receipts of 3 operators') });
  for (const { url } of nodes) expect((await cosmic('search', 'kiln', '--node', url)).out).toContain('1240');
}, 120_000);

test('a node that keeps less asks those that keep more, and says who covers what', async () => {
  writeFileSync(join(temp, 'gull.md'), 'The gull laughs over the harbour wall.\n');
  const [one, , three] = nodes.map(({ url }) => url);
  expect(
    (await cosmic('publish', join(temp, 'gull.md'), '--embedder', 'builtin', '--tag', 'loud', '--node', one!)).status,
  ).toBe(0);
  expect((await cosmic('search', 'gull', '--node', three!)).out).not.toContain('laughs');
  // Receipts are still on their way: for a moment who lacks a block may have as many.
  let wide = await cosmic('search', 'gull', '--wide', '--node', three!);
  for (let i = 0; i < 20 && !wide.out.includes('laughs'); i++)
    wide = await cosmic('search', 'gull', '--wide', '--node', three!);
  expect(wide.out).toMatch(
    /The gull laughs over the harbour wall[^]*✓ signed by[^]*cosine [0-9.]+ recomputed[^]*found at http/,
  );
  expect(wide.err).toMatch(
    new RegExp(`${three} keeps \\d+ blocks: \\d+ hits? that nobody[^]*keeps \\d+ blocks: 1 hit that nobody`),
  );
  expect(await cosmic('search', 'gull', '--wide', '--no-verify', '--node', three!)).toMatchObject({ status: 2 });
}, 180_000);

test('of three nodes the first is killed: nothing is lost, writing and reading go on, no document doubles', async () => {
  const open = (): Promise<Memory> =>
    openMemory({ node: nodes.map(({ url }) => url), key: 'ephemeral', collection: 'several' });
  const memory = await open();
  await memory.remember('Bread stays soft in linen.', { id: 'bread' });
  const documents = { authors: [memory.author], kinds: ['embedding/1'] };
  const blockIds = async (): Promise<number> => (await nodes[1]!.client.find(documents, { limit: 9 })).ids.length;
  while ((await blockIds()) < 1) await new Promise((resolve) => setTimeout(resolve, 50));
  nodes[0]!.kill();
  expect([...(await memory.search('how does bread stay soft?'))]).toMatchObject([{ id: 'bread', verified: true }]);
  expect(await memory.remember('Bread stays soft in linen.', { id: 'bread' })).toMatchObject({ status: 'unchanged' });
  expect(await memory.remember('Bread stays soft in a crock.', { id: 'bread' })).toMatchObject({ status: 'replaced' });
  const [hit] = await memory.search('how does bread stay soft?');
  expect(hit).toMatchObject({ text: 'Bread stays soft in a crock.', verified: true });
  expect(await blockIds()).toBe(2);
  const found = await cosmic('search', 'kiln', '--node', all());
  expect(found).toMatchObject({ status: 0, out: expect.stringContaining('1240') });
  writeFileSync(join(temp, 'tide.md'), 'The tide turns at noon.\n');
  const published = await cosmic('publish', join(temp, 'tide.md'), '--embedder', 'builtin', '--node', all());
  expect(published).toMatchObject({ status: 0, out: expect.stringContaining('1 document published') });
}, 120_000);
