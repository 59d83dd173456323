import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBlock, sha256, utf8, type ValueMap } from '@cosmicembeddings/sdk';
import { pairsOnNode } from '@cosmicembeddings/sdk/api';
import { npyOf } from '@cosmicembeddings/sdk/archive';
import { createLexicalEmbedder, lexicalSpace } from '@cosmicembeddings/sdk/embedders';
import { createEnglishEmbedder } from '@cosmicembeddings/sdk/embedders/english';
import { encodeKey, keyOfSeed } from '@cosmicembeddings/sdk/keys';
import { packRows, spaceIdOf } from '@cosmicembeddings/sdk/space';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';
import { identityOf } from '../../src/keys/author.js';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
const lexical = createLexicalEmbedder();
const seeds = { own: new Uint8Array(32).fill(7), stranger: new Uint8Array(32).fill(8) };
const BLOCKS = 3;
let temp: string;
let node: DemoNode;
let gate: Server;
/** Told of each publication before it goes on to the node. */
let onPublish: () => 'pass' | 'hold' | 'cut' = () => 'pass';

/** The node behind an address at which publications can be held up. */
beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-across-'));
  node = await startNode('one', { folder: temp, peers: [], detached: false });
  gate = createServer((asked, answer) => {
    const said = asked.method === 'POST' && /^\/v2\/blocks(\?|$)/.test(asked.url!) ? onPublish() : 'pass';
    if (said === 'cut') asked.socket.destroy();
    if (said !== 'pass') return;
    const { host: _, ...headers } = asked.headers;
    const passed = request(new URL(asked.url!, node.url), { method: asked.method!, headers }, (given) => {
      answer.writeHead(given.statusCode!, given.headers);
      given.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
}, 120_000);
afterAll(async () => {
  gate?.closeAllConnections();
  gate?.close();
  node?.kill();
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
});

interface Done {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function cosmic(args: readonly string[], onStart: (kill: () => void) => void = () => undefined): Promise<Done> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COSMIC_')));
  const env = { ...clean, COSMIC_PRIVATE_KEY: await encodeKey(keyOfSeed(seeds.own)) };
  const { port } = gate.address() as AddressInfo;
  const where = ['--home', join(temp, 'home'), '--node', `http://127.0.0.1:${port}`, '--network', network];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...where, ...args], { env });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, out, err }));
    child.stdin.end();
    onStart(() => void child.kill('SIGKILL'));
  });
}

let network = 'dev';

/** A block with the lexical vectors of `of` beside `text`. */
async function publish(text: string, of: string, seed: Uint8Array): Promise<string> {
  const { vectors } = await lexical.embed([of], { role: 'passage' });
  const fields = {
    space: { ...lexicalSpace },
    embedding: packRows(vectors, 'f32'),
    input_type: 'text',
    input_reference: [{ hash: sha256(utf8(text)), origin: 'test' }],
    texts: [text],
  } as unknown as ValueMap;
  const { author } = await identityOf(seed, network);
  const made = await createBlock({ kind: 'embedding/1', fields, timeMs: Date.now() }, author);
  const [answer] = await node.client.publish([made.wire], { wait: 'views' });
  expect(answer).toMatchObject({ status: 'stored' });
  return made.id;
}

test('cosmic reembed goes on where it was killed, and retires what is there; cosmic attest tells the true from the false', async () => {
  network = (await node.client.status()).network;
  const old: string[] = [];
  for (let i = 0; i < BLOCKS; i++)
    old.push(await publish(`The kiln of house ${i} is hot.`, `The kiln of house ${i} is hot.`, seeds.own));
  const move = [
    'reembed',
    '--from',
    spaceIdOf(lexicalSpace),
    '--to',
    'builtin/english-1',
    '--with',
    'builtin',
    '--json',
  ];
  let published = 0;
  const killed = await cosmic([...move, '--yes'], (kill) => {
    onPublish = () => {
      if (published++ < 1) return 'pass';
      kill();
      return 'hold';
    };
  });
  expect([killed.status, published]).toEqual([null, 2]);
  onPublish = () => 'pass';
  const resumed = await cosmic([...move, '--yes']);
  expect(JSON.parse(resumed.out)).toMatchObject({ done: 1, blocks: BLOCKS - 1, published: BLOCKS - 1, empty: 0 });
  const retired = await cosmic([...move, '--yes', '--retire']);
  expect(JSON.parse(retired.out)).toEqual({ retired: old, staying: 0 });

  const honest = await publish('Herons stand in the shallows.', 'Herons stand in the shallows.', seeds.stranger);
  const lying = await publish('Bees leave at dawn.', 'Something else altogether.', seeds.stranger);
  const attested = await cosmic(['attest', honest, lying, old[0]!, '--with', 'lexical', '--json']);
  expect(attested.status).not.toBe(0);
  expect((JSON.parse(attested.out) as { attestations: unknown }).attestations).toMatchObject([
    { id: honest, agrees: true, rows: 1 },
    { id: lying, agrees: false, rows: 1 },
    { id: old[0], error: { code: 'attest.own' } },
  ]);
  // The command waits for durable blocks, not for views: on a busy machine these come a little later.
  const said = async (): Promise<unknown> => (await node.client.view('attestations', 'of', { id: lying })).result;
  while (((await said()) as { differ: number }).differ === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await said()).toMatchObject({ agree: 0, differ: 1 });
}, 120_000);

test('cosmic spaces canaries vouches for a space, and cosmic spaces shows that the node reproduces them', async () => {
  const published = await cosmic(['spaces', 'canaries', '--with', 'builtin', '--json']);
  expect(published.err).toBe('');
  const { canaries } = JSON.parse(published.out) as { canaries: { id: string; model: string; texts: number }[] };
  expect(canaries).toMatchObject([{ model: 'builtin/english-1', texts: 66 }]);
  const attested = await cosmic(['spaces', '--with', 'builtin']);
  expect(attested.status).not.toBe(0);
  expect(attested.err).toMatch(/--with goes with/);
  const { out } = await cosmic(['spaces']);
  expect(out).toMatch(/canaries reproduced by this node’s embedder: of the SDK \(4 texts\)/);
}, 60_000);

test('cosmic translator fit publishes what it fitted from two files, though the node has closed the connection meanwhile', async () => {
  let state = 19;
  const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  const rows = Array.from({ length: 60 }, () => Float32Array.from({ length: 6 }, next));
  const [from, to] = [join(temp, 'from.npy'), join(temp, 'to.npy')];
  writeFileSync(from, npyOf(rows, 6));
  writeFileSync(
    to,
    npyOf(
      rows.map((row) => row.slice(1).map((x, i) => x - row[i]!)),
      5,
    ),
  );
  let asked = 0;
  onPublish = () => (asked++ === 0 ? 'cut' : 'pass');
  const fitted = await cosmic([
    'translator',
    'fit',
    '--from',
    'first',
    '--to',
    'second',
    '--pairs',
    from,
    to,
    '--json',
  ]);
  expect([fitted.status, asked]).toEqual([0, 2]);
  const { id } = JSON.parse(fitted.out) as { id: string };
  const verified = await cosmic(['translator', 'verify', id, '--json']);
  expect(JSON.parse(verified.out)).toMatchObject({ id, agrees: true });
  for (const [space, ids] of [
    ['second', [{ id }]],
    ['third', []],
  ] as const)
    expect(JSON.parse((await cosmic(['translator', 'list', '--to', space, '--json'])).out)).toMatchObject({
      translators: ids,
    });
  const one = await cosmic(['translator', 'fit', '--from', 'first', '--to', 'first', '--pairs', from, from]);
  expect([one.status, one.err]).toEqual([2, expect.stringContaining('one space')]);
}, 120_000);

test('anchors are found on a node: texts that lie there in one space, embedded here in the other', async () => {
  const texts = Array.from(
    { length: 36 },
    (_, i) => `House ${i} keeps ${i % 7} herons, ${i % 5} kilns and ${i % 3} bees.`,
  );
  const fields = {
    space: { ...lexicalSpace },
    embedding: packRows((await lexical.embed(texts, { role: 'passage' })).vectors, 'f32'),
    input_type: 'text',
    input_reference: texts.map((text) => ({ hash: sha256(utf8(text)), origin: 'test' })),
    texts,
  } as unknown as ValueMap;
  const { author } = await identityOf(seeds.stranger, network);
  const { wire } = await createBlock({ kind: 'embedding/1', fields, timeMs: Date.now() }, author);
  expect(await node.client.publish([wire], { wait: 'views' })).toMatchObject([{ status: 'stored' }]);
  const fitted = await cosmic([
    ...['translator', 'fit', '--from', spaceIdOf(lexicalSpace), '--to', 'builtin/english-1'],
    ...['--to-embedder', 'builtin', '--json'],
  ]);
  expect([fitted.status, fitted.err]).toEqual([0, expect.stringContaining('more embedded here')]);
  const { anchors, quality } = JSON.parse(fitted.out) as { anchors: number; quality: { n: number } };
  const english = createEnglishEmbedder(
    readFileSync(fileURLToPath(new URL('../../../sdk/assets/english-1.bin', import.meta.url))),
  );
  const found = await pairsOnNode(node.client, lexicalSpace, english.space, [english], { texts: 100 });
  expect(found.pairs).toHaveLength(anchors + quality.n);
  expect(found.inBoth + found.embedded).toBeGreaterThanOrEqual(texts.length);
}, 120_000);
