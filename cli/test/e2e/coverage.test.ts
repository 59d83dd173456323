import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
const TEXTS = { gull: 'The gull laughs over the harbour wall.', kiln: 'The kiln fires at 1240 degrees.' };
let temp: string;
const nodes: DemoNode[] = [];

/** One node that keeps everything, and one that subscribes to a tag and dials it; each a process. */
beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-coverage-'));
  await subscribe([{ tagsAny: ['birds'], from: '2020-01-01' }]);
  nodes.push(await startNode('full', { folder: temp, peers: [], detached: false }));
  await startPart();
  for (const [name, text] of Object.entries(TEXTS)) writeFileSync(join(temp, `${name}.md`), `${text}\n`);
  expect(await cosmic('init')).toMatchObject({ status: 0 });
}, 180_000);
afterAll(async () => {
  for (const node of nodes) node.kill();
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
});

async function subscribe(subscriptions: readonly object[]): Promise<void> {
  mkdirSync(join(temp, 'part'), { recursive: true });
  writeFileSync(join(temp, 'part', 'config.json'), JSON.stringify({ subscriptions }));
}

async function startPart(): Promise<void> {
  const peers = [nodes[0]!.url.replace(/^http/, 'ws')];
  nodes[1] = await startNode('part', { folder: temp, peers, detached: false });
}

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

const publish = async (name: keyof typeof TEXTS, tag: string, node: DemoNode): Promise<void> =>
  expect(
    await cosmic('publish', join(temp, `${name}.md`), '--embedder', 'builtin', '--tag', tag, '--node', node.url),
  ).toMatchObject({ status: 0 });

async function until(done: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600 && !(await done()); i++) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await done()).toBe(true);
}
const countOf = async (node: DemoNode): Promise<number> => (await node.client.status()).head.count;

test('a node keeps what it subscribes to, says so, and with --wide others are asked', async () => {
  const [full, part] = nodes;
  await publish('gull', 'birds', full!);
  await publish('kiln', 'fire', full!);
  await until(async () => (await countOf(part!)) === 1);
  await cosmic('sync', full!.url.replace(/^http/, 'ws'), '--data', join(temp, 'part'), '--node', part!.url);
  expect(await countOf(part!)).toBe(1);

  const alone = await cosmic('search', 'kiln', '--node', part!.url);
  expect(alone.out).not.toContain('1240');
  expect(alone.err).toMatch(/keeps a part alone: any-tag birds, from 2020-01-01T00:00:00.000Z \(--wide/);
  const wide = await cosmic('search', 'kiln', '--wide', '--node', part!.url);
  expect(wide.out).toMatch(/1240[^]*✓ signed by[^]*found at http/);
  expect(wide.err).toMatch(/keeps 1 block \(any-tag birds.*\)[^]*keeps 2 blocks: 1 hit that nobody/);

  expect((await cosmic('peers', '--node', full!.url)).out).toMatch(/← .* proven .*keeps any-tag birds/);
  const status = await cosmic('status', '--node', part!.url);
  expect(status.out).toMatch(/keeps {6}any-tag birds[^]*peers {6}1 connected\n +connected {2}→ ws:.* proven · in step/);
  expect((await full!.client.status()).peering[0]).toMatchObject({ proven: true, coverage: [{ tagsAny: ['birds'] }] });
}, 120_000);

test('what is published at it goes on; with another subscription it fetches what is wanted then', async () => {
  const [full, part] = nodes;
  writeFileSync(join(temp, 'gull.md'), 'Another gull, published at the small node.\n');
  await publish('gull', 'none', part!);
  await until(async () => (await countOf(full!)) >= 3);
  await part!.stop();
  await subscribe([{ tagsAny: ['fire'] }]);
  const before = await countOf(full!);
  await startPart();
  await until(async () => (await cosmic('search', 'kiln', '--node', nodes[1]!.url)).out.includes('1240'));
  expect(await countOf(full!)).toBe(before);
}, 180_000);
