import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect, createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from '@jest/globals';
import { didOf, publicKeyOf, sha256, sign, type Clock } from '@cosmicembeddings/sdk';
import { createMemoryStore, type MemoryStore } from '@cosmicembeddings/sdk/memory';
import { systemClock } from '../../src/clock.js';
import { keepRoom } from '../../src/http/crowd.js';
import { createPeers, listenForPeers, peerTlsOf, type Peers } from '../../src/sync/index.js';
import { selfSigned } from '../../src/sync/websocket/certificate.js';
import { createWebSocketNetwork } from '../../src/sync/websocket/index.js';
import { createDoor, makeBlock, nodeDid, quiet, seedOf } from '../../src/testing/index.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Running {
  readonly port: number;
  readonly store: MemoryStore;
  readonly peers: Peers;
  publish(wire: Uint8Array): Promise<unknown>;
}

async function start(n: number, peers: readonly string[] = [], key?: (address: string) => string): Promise<Running> {
  const store = createMemoryStore({ epoch: `tls-${n}` });
  const door = createDoor(
    store,
    systemClock.now,
    () => void store.head().then((head) => node.peers.announcements.notify(head)),
  );
  const tls = await listenForPeers({ port: 0 }, '127.0.0.1', seedOf(n), 100);
  const network = createWebSocketNetwork({ path: '/v2/peer', ...(key === undefined ? {} : { keyFor: key }) });
  network.attach(tls.server);
  closers.push(tls.close);
  let nonces = 0;
  const node: Running = {
    port: tls.port,
    store,
    peers: createPeers({
      network,
      store,
      accept: door.accept,
      clock: systemClock as Clock,
      did: nodeDid(n),
      identity: {
        sign: (message) => sign(message, seedOf(n)),
        nonce: () => sha256(new TextEncoder().encode(`${n} ${tls.port} ${++nonces}`)),
      },
      networkId: 'dev',
      peers,
      log: quiet,
      limits: { backoffMinMs: 20 },
    }),
    publish: (wire) => door.accept(wire, { type: 'own' }),
  };
  closers.push(() => node.peers.close());
  await node.peers.start();
  return node;
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const of = (port: number, n?: number) => `wss://127.0.0.1:${port}${n === undefined ? '' : `#${nodeDid(n)}`}`;
const errorOf = async (node: Running): Promise<string> => {
  await until(() => node.peers.status()[0]?.lastError !== undefined);
  return node.peers.status()[0]!.lastError!;
};

test('a certificate for the node’s own key is one that others read, the same each time', () => {
  const { cert } = selfSigned(seedOf(1));
  const read = new X509Certificate(cert);
  expect(read.verify(read.publicKey)).toBe(true);
  expect(selfSigned(seedOf(1)).cert).toBe(cert);
  expect(new Date(read.validTo).getUTCFullYear()).toBe(9999);
  const { x } = read.publicKey.export({ format: 'jwk' });
  expect(didOf(new Uint8Array(Buffer.from(x!, 'base64url')))).toBe(didOf(publicKeyOf(seedOf(1))));
});

/** Passes on what comes, both ways, until either side or the test ends it. */
function passOn(victim: Socket, onward: Socket): void {
  closers.push(async () => {
    victim.destroy();
    onward.destroy();
  });
  for (const [from, to] of [
    [victim, onward],
    [onward, victim],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  }
  victim.pipe(onward);
  onward.pipe(victim);
}

async function listening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
}

describe('wss: by the node’s own key', () => {
  test('both prove themselves and the connection, and sync', async () => {
    const one = await start(1);
    await one.publish(makeBlock(1));
    const two = await start(2, [of(one.port, 1)]);
    await until(() => two.store.blocks().length === 1);
    expect(two.peers.status()).toMatchObject([{ proven: true, node: nodeDid(1), state: 'connected' }]);
    expect(one.peers.status()).toMatchObject([{ proven: true, node: nodeDid(2), direction: 'in' }]);
  });

  test('a key that is not the expected one is refused before anything is said', async () => {
    const one = await start(1);
    const two = await start(2, [of(one.port, 3)]);
    expect(await errorOf(two)).toMatch(/peer\.unproven: .*not of the key that is expected/);
    // A connection may have come in; nothing was heard on it.
    expect(one.peers.status().every(({ bytesIn }) => bytesIn === 0)).toBe(true);
  });

  test('without knowing whom to expect, or with an API key to show, somebody has to vouch for the certificate', async () => {
    const one = await start(1);
    expect(await errorOf(await start(2, [of(one.port)]))).toMatch(/self.signed certificate/);
    expect(await errorOf(await start(3, [of(one.port, 1)], () => 'secret'))).toMatch(/self.signed certificate/);
  });

  test('somebody in the middle who ends TLS, even with the node’s key, gets no proof', async () => {
    const one = await start(1);
    // It has all but the connection: its own TLS to the victim under the true certificate and key, and passes the frames on.
    const middle = createTlsServer({ ...selfSigned(seedOf(1)), minVersion: 'TLSv1.3' }, (victim) =>
      passOn(victim, tlsConnect({ port: one.port, host: '127.0.0.1', rejectUnauthorized: false })),
    );
    await listening(middle);
    const two = await start(2, [of((middle.address() as AddressInfo).port, 1)]);
    expect(await errorOf(two)).toMatch(/peer\.unproven: .*signature is not that of its node/);
  });

  test('one who only passes bytes on changes nothing', async () => {
    const one = await start(1);
    const relay = createServer((victim) => passOn(victim, connect(one.port, '127.0.0.1')));
    await listening(relay);
    const two = await start(2, [of((relay.address() as AddressInfo).port, 1)]);
    await until(() => two.peers.status()[0]?.proven === true);
  });

  test('TLS 1.2 is not spoken, and nothing but peers is served', async () => {
    const one = await start(1);
    const older = tlsConnect({ port: one.port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    await expect(new Promise((_, reject) => older.once('error', reject))).rejects.toThrow(/protocol version/i);
    const asking = tlsConnect({ port: one.port, host: '127.0.0.1', rejectUnauthorized: false });
    asking.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    const [answer] = await new Promise<[Buffer]>((resolve) => asking.once('data', (data: Buffer) => resolve([data])));
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 426/);
    asking.destroy();
  });
});

test('connections that never shake hands keep nobody out', async () => {
  const tls = await listenForPeers({ port: 0 }, '127.0.0.1', seedOf(1), 4, keepRoom);
  closers.push(tls.close);
  const silent = Array.from({ length: 8 }, () => connect(tls.port, '127.0.0.1').on('error', () => undefined));
  closers.push(async () => silent.forEach((socket) => socket.destroy()));
  await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  const asking = tlsConnect({ port: tls.port, host: '127.0.0.1', rejectUnauthorized: false });
  closers.push(async () => asking.destroy());
  await new Promise((resolve, reject) => asking.once('secureConnect', resolve).once('error', reject));
  // What was upgraded is no idle connection: the silent ones make room for the next, not it.
  const upgraded = new Promise<Socket>((resolve) =>
    tls.server.once('upgrade', (_, socket) => resolve(socket as Socket)),
  );
  asking.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: any\r\n\r\n');
  const peer = await upgraded;
  for (let n = 0; n < 6; n++) {
    const next = connect(tls.port, '127.0.0.1').on('error', () => undefined);
    closers.push(async () => next.destroy());
    await new Promise((resolve) => next.once('connect', resolve));
  }
  const heard = new Promise<Buffer>((resolve, reject) => {
    asking.once('data', resolve).once('close', () => reject(new Error('the peer was let go')));
  });
  peer.write('still here');
  expect((await heard).toString()).toBe('still here');
});

test('a configuration that cannot be served says which setting', async () => {
  expect(peerTlsOf(undefined)).toBeUndefined();
  expect(() => peerTlsOf({ port: 0, certFile: 'x' })).toThrow(/certFile and keyFile/);
  expect(() => peerTlsOf({})).toThrow(/peerTls/);
  const listen = (certFile: string, keyFile: string) =>
    listenForPeers({ port: 0, certFile, keyFile }, '127.0.0.1', seedOf(1), 10);
  await expect(listen('/nowhere', '/nowhere')).rejects.toThrow(/config\.malformed: peerTls\.certFile/);
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  closers.push(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'bad'), 'no PEM');
  await expect(listen(join(folder, 'bad'), join(folder, 'bad'))).rejects.toThrow(/config\.malformed: peerTls/);
  const { cert, key } = selfSigned(seedOf(5));
  await writeFile(join(folder, 'cert'), cert);
  await writeFile(join(folder, 'key'), key);
  const own = await listen(join(folder, 'cert'), join(folder, 'key'));
  await own.close();
});
