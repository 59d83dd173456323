import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  corePlugins,
  createBlock,
  createRegistry,
  RECEIPT_MAX,
  sha256,
  signerOfSeed,
  utf8,
  type Author,
} from '@cosmicembeddings/sdk';
import { createClient } from '@cosmicembeddings/sdk/api';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { createLog } from '../../src/log.js';
import { createNode, type RunningNode } from '../../src/node.js';
import { loadConfig } from '../../src/operate/config.js';

let data: string;
let taken: Server;
let node: RunningNode | undefined;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'receipts-begin-'));
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await node?.close();
  await new Promise((resolve) => taken.close(resolve));
  await rm(data, { recursive: true, force: true });
});

async function start(settings: object): Promise<RunningNode> {
  return createNode(
    await loadConfig({ data, port: 0, log: 'silent', index: 'exact', verifyWorkers: 1, ...settings }),
    createLog('silent'),
  );
}

const receipts = async (of: RunningNode): Promise<number> => {
  const found = await createClient({ url: of.url }).find({ kinds: ['receipt/1'] }, { limit: 10 });
  return found.ids.length;
};

test('receipts are signed once a node has come up, and not by one that could not', async () => {
  let salt = 0;
  const author: Author = {
    signer: signerOfSeed(sha256(utf8('an author'))),
    network: 'dev',
    registry: createRegistry(corePlugins),
    sky: createSky(),
    salt: () => sha256(utf8(`salt ${++salt}`)).slice(0, 16),
  };
  node = await start({ receipts: false });
  // So many are due for a receipt at once.
  const blocks = [];
  for (let n = 0; n < RECEIPT_MAX; n++)
    blocks.push(
      await createBlock({ kind: 'retract/1', fields: { reason: `block ${n}` }, timeMs: Date.UTC(2026, 0, 1) }, author),
    );
  await createClient({ url: node.url }).publish(blocks.map(({ wire }) => wire));
  await node.close();
  node = undefined;

  // It comes as far as listening, the last step before its receipts begin.
  await expect(start({ receipts: true, port: (taken.address() as AddressInfo).port })).rejects.toThrow(/EADDRINUSE/);
  node = await start({ receipts: false });
  expect(await receipts(node)).toBe(0);
  await node.close();
  node = undefined;

  node = await start({ receipts: true });
  while ((await receipts(node)) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
}, 240_000);
