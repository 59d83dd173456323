import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  checkAny,
  corePlugins,
  createBlock,
  createRegistry,
  portableChecks,
  RECEIPT_MAX,
  sha256,
  signerOfSeed,
  utf8,
  type Author,
  type CheckedBlock,
} from '@cosmicembeddings/sdk';
import { createClient, receiptsOf, witnessedMs, type NodeClient } from '@cosmicembeddings/sdk/api';
import { createManualClock, createMemoryStore } from '@cosmicembeddings/sdk/memory';
import { createSky, timeEvidence } from '@cosmicembeddings/sdk/sky';
import { createNode, type RunningNode } from '../../src/node.js';
import { loadConfig } from '../../src/operate/config.js';
import { createLog } from '../../src/log.js';
import { startReceipts } from '../../src/sync/receipts.js';

const folders: string[] = [];
const nodes: RunningNode[] = [];
let client: NodeClient;
const checks = portableChecks('dev');

async function start(peers: readonly string[]): Promise<RunningNode> {
  const data = await mkdtemp(join(tmpdir(), 'receipts-'));
  folders.push(data);
  const node = await createNode(
    await loadConfig({ data, port: 0, log: 'silent', receipts: true, index: 'exact', peers }),
    createLog('silent'),
  );
  nodes.push(node);
  return node;
}

beforeAll(async () => {
  const first = await start([]);
  await start([first.url]);
  client = createClient({ url: first.url });
}, 60_000);

afterAll(async () => {
  for (const node of nodes) await node.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

let salt = 0;
const author: Author = {
  signer: signerOfSeed(sha256(utf8('an author'))),
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
  salt: () => sha256(utf8(`salt ${++salt}`)).slice(0, 16),
};
const retraction = (n: number) =>
  createBlock({ kind: 'retract/1', fields: { reason: `block ${n}` }, timeMs: Date.UTC(2026, 0, 1) }, author);

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('two nodes countersign what comes in, and a reader that trusts both calls it witnessed', async () => {
  const blocks = await Promise.all([1, 2, 3].map(retraction));
  const beforeMs = Date.now();
  await client.publish(blocks.map(({ wire }) => wire));
  const both = await until(async () => {
    const receipts = await receiptsOf(client, blocks[0]!.id, checks);
    return receipts.length === 2 ? receipts : undefined;
  });
  const operators = nodes.map(({ did }) => did);
  expect(both.map(({ node }) => node).sort()).toEqual([...operators].sort());
  const byMs = witnessedMs(both, operators)!;
  expect(byMs).toBeGreaterThanOrEqual(beforeMs);
  expect(timeEvidence(Date.UTC(2026, 0, 1), undefined, byMs).tier).toBe('witnessed');
  // One word is none, nor is that of whom the reader does not know.
  expect(witnessedMs(both, operators.slice(0, 1))).toBeUndefined();
  expect(witnessedMs(both, operators, operators[0])).toBeUndefined();
  // Together, not one each: and none for the receipts themselves.
  const of = await Promise.all(blocks.map(({ id }) => receiptsOf(client, id, checks)));
  expect(new Set(of.flat().map(({ receipt }) => receipt)).size).toBeLessThan(of.flat().length);
  expect(await receiptsOf(client, both[0]!.receipt, checks)).toEqual([]);
}, 60_000);

test('a node that lies about receipts is found out', async () => {
  const [wanted, other] = await Promise.all([10, 11].map(retraction));
  await client.publish([wanted!.wire, other!.wire]);
  const [genuine] = await until(async () => {
    const receipts = await receiptsOf(client, wanted!.id, checks);
    return receipts.length === 2 ? receipts : undefined;
  });
  const lying = (told: object): Parameters<typeof receiptsOf>[0] => ({
    get: (id) => client.get(id),
    view: async () => ({ result: { receipts: [{ ...genuine, ...told }] } }) as never,
  });
  // Another time or name than what was signed.
  expect(await receiptsOf(lying({ seenMs: 5, node: 'did:key:z6Mkx' }), wanted!.id, checks)).toEqual([genuine]);
  // A block that is no receipt, and one that is not there.
  expect(await receiptsOf(lying({ receipt: other!.id }), wanted!.id, checks)).toEqual([]);
  const unknown = await retraction(99);
  expect(await receiptsOf(lying({ receipt: unknown.id }), wanted!.id, checks)).toEqual([]);
  // A receipt for others.
  expect(await receiptsOf(lying({}), unknown.id, checks)).toEqual([]);
}, 60_000);

test('?wait=receipts answers once they are signed', async () => {
  const block = await retraction(20);
  const own = { filter: { kinds: ['receipt/1'], authors: [nodes[0]!.did] }, page: { limit: 1000 } };
  const before = (await client.find(own.filter, own.page)).ids.length;
  await client.publish([block.wire], { wait: 'receipts' });
  expect((await client.find(own.filter, own.page)).ids.length).toBeGreaterThan(before);
}, 60_000);

test('nothing is signed before it is told to begin, however much there is to sign', async () => {
  const store = createMemoryStore();
  const clock = createManualClock({ startMs: Date.UTC(2026, 0, 2) });
  const blocks = await Promise.all([1, 2, 3].map((n) => retraction(5_000 + n)));
  await store.put(
    blocks.map(({ wire }) => ({ block: checkAny(wire, checks) as CheckedBlock, firstSeenMs: clock.now() })),
  );
  const signed: Uint8Array[] = [];
  const receipts = await startReceipts({
    store,
    clock,
    author,
    accept: (wire) => {
      signed.push(wire);
      return Promise.resolve({ status: 'stored', id: '', seq: 9 } as never);
    },
  });
  try {
    for (let n = 0; n < 20; n++) await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([receipts.position().seq, signed.length]).toEqual([3, 0]);
    receipts.begin();
    await until(async () => {
      await clock.advance(1_000);
      return signed.length > 0 ? signed : undefined;
    });
    expect(signed).toHaveLength(1);
  } finally {
    const closed = receipts.close();
    await clock.advance(10_000);
    await closed;
  }
});

test('a node that starts with more to countersign than one receipt holds signs at once, and wants for nothing', async () => {
  const data = await mkdtemp(join(tmpdir(), 'receipts-'));
  folders.push(data);
  const config = await loadConfig({ data, port: 0, log: 'silent', index: 'exact' });
  const before = await createNode(config, createLog('silent'));
  try {
    const blocks = await Promise.all(Array.from({ length: RECEIPT_MAX }, (_, n) => retraction(1_000 + n)));
    await createClient({ url: before.url }).publish(blocks.map(({ wire }) => wire));
  } finally {
    await before.close();
  }
  const errors: unknown[] = [];
  const log = Object.assign(createLog('silent'), { error: (...said: unknown[]) => void errors.push(said) });
  const node = await createNode(await loadConfig({ ...config, receipts: true }), log);
  nodes.push(node);
  const { ids } = await until(async () => {
    const found = await node.api.find({ kinds: ['receipt/1'] }, { limit: 9 });
    return found.ids.length > 0 || errors.length > 0 ? found : undefined;
  });
  expect([ids.length, errors]).toEqual([1, []]);
}, 240_000);
