import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createMemoryStore, type MemoryStore } from '@cosmicembeddings/sdk/memory';
import { systemClock } from '../../src/clock.js';
import { createWebSocketNetwork } from '../../src/sync/websocket/index.js';
import { createPeers, peersFile, type Peers } from '../../src/sync/index.js';
import { createDoor, makeBlock, nodeDid, quiet } from '../../src/testing/index.js';

interface Running {
  readonly http: Server;
  readonly store: MemoryStore;
  readonly peers: Peers;
  readonly url: string;
  publish(wire: Uint8Array): Promise<unknown>;
  /** Resolves when the store holds so many blocks. */
  holds(count: number): Promise<void>;
  close(): Promise<void>;
}

const running: Running[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((node) => node.close()));
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function start(n: number, peers: readonly string[], folder?: string): Promise<Running> {
  const store = createMemoryStore({ epoch: `sockets-${n}` });
  const waiting: { count: number; resolve: () => void }[] = [];
  const stored = (): void => {
    void store.head().then((head) => node.peers.announcements.notify(head));
    for (const one of waiting) if (store.blocks().length >= one.count) one.resolve();
  };
  const door = createDoor(store, systemClock.now, stored);
  const http = createServer();
  const network = createWebSocketNetwork({ path: '/v2/peer' });
  network.attach(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const node: Running = {
    http,
    store,
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    peers: createPeers({
      network,
      store,
      accept: door.accept,
      clock: systemClock,
      did: nodeDid(n),
      networkId: 'dev',
      peers,
      log: quiet,
      limits: { backoffMinMs: 20 },
      ...(folder === undefined ? {} : { folder }),
    }),
    publish: (wire) => door.accept(wire, { type: 'own' }),
    holds: (count) =>
      new Promise((resolve) => (store.blocks().length >= count ? resolve() : waiting.push({ count, resolve }))),
    close: async () => {
      await node.peers.close();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
  running.push(node);
  await node.peers.start();
  return node;
}

describe('peers over sockets', () => {
  test('three nodes in a line: catch-up and live, both ways, blocks large and small', async () => {
    const a = await start(1, []);
    for (let n = 0; n < 30; n++) await a.publish(makeBlock(n, { bodyBytes: n === 7 ? 3_000_000 : 300 }));
    const b = await start(2, [a.url]);
    const c = await start(3, [b.url]);
    await c.holds(30);
    await c.publish(makeBlock(30));
    await b.publish(makeBlock(31));
    await a.publish(makeBlock(32));
    await Promise.all([a.holds(33), b.holds(33), c.holds(33)]);
    // The store knows a block a moment before the door's answer is counted.
    await new Promise((resolve) => setImmediate(resolve));
    expect(c.peers.status()).toMatchObject([{ state: 'connected', received: 32, sent: 1, node: nodeDid(2) }]);
  });

  test('added peers are kept in the data folder, removed ones are not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cosmic-peers-'));
    folders.push(folder);
    const a = await start(1, []);
    await a.publish(makeBlock(1));
    const b = await start(2, [], folder);
    await b.peers.add(a.url);
    await b.holds(1);
    const address = `${a.url.replace('http', 'ws')}/v2/peer`;
    expect(JSON.parse(await readFile(join(folder, 'peers.json'), 'utf8'))).toEqual({ version: 1, peers: [address] });
    await a.publish(makeBlock(2));
    await b.holds(2);
    await b.close();
    running.splice(running.indexOf(b), 1);
    await a.publish(makeBlock(3));
    const again = await start(3, [], folder);
    await again.holds(3);
    await again.peers.remove(a.url);
    expect(await peersFile(folder).load()).toEqual([]);
    expect(again.peers.status()).toEqual([]);
  });

  test('a damaged list of peers is reported, not ignored', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cosmic-peers-'));
    folders.push(folder);
    await writeFile(join(folder, 'peers.json'), '{"version":1,"peers":[5]}');
    await expect(peersFile(folder).load()).rejects.toMatchObject({ code: 'store.corrupt' });
    expect(await peersFile(join(folder, 'nowhere')).load()).toEqual([]);
  });
});
