import { describe, expect, test } from '@jest/globals';
import { CosmicError, parseCid, type BlockStore } from '@cosmicembeddings/sdk';
import { Session } from '@cosmicembeddings/sdk/sync';
import { peerAddress } from '../../src/sync/index.js';
import { makeBlock, nodeDid, World } from '../../src/testing/index.js';

const BLOCKS = Array.from({ length: 40 }, (_, n) => makeBlock(n));

describe('peers', () => {
  test('a block published at one end of a line reaches the other end, once', async () => {
    const world = new World(1);
    for (const links of [[], [0], [1]]) await world.add(links);
    await world.clock.advance(2_000);
    await world.nodes[0]!.publish(BLOCKS[0]!);
    await world.until(() => world.converged(1), 3_000, 10);
    expect([...world.nodes[2]!.verdicts]).toEqual([['stored', 1]]);
    expect([...world.nodes[1]!.verdicts]).toEqual([['stored', 1]]);
    expect(world.nodes[2]!.peers.status()).toMatchObject([
      { state: 'connected', direction: 'out', received: 1, sent: 0, node: world.nodes[1]!.did },
    ]);
    await world.close();
  });

  test('what was published before anybody met is found by reconciliation, both ways', async () => {
    const world = new World(2);
    await world.add();
    for (const block of BLOCKS.slice(0, 20)) await world.nodes[0]!.publish(block);
    await world.add();
    for (const block of BLOCKS.slice(15, 40)) await world.nodes[1]!.publish(block);
    await world.nodes[1]!.peers.add('http://node0');
    await world.until(() => world.converged(40), 10_000);
    expect(world.nodes[0]!.ids()).toEqual(world.nodes[1]!.ids());
    expect([...world.nodes[0]!.verdicts]).toEqual([['stored', 20]]);
    await world.close();
  });

  test('a node that was away catches up, and what it took in meanwhile gets out', async () => {
    const world = new World(3);
    for (const links of [[], [0], [1]]) await world.add(links);
    await world.clock.advance(2_000);
    const closing = world.nodes[1]!.peers.close();
    await world.clock.advance(3_000);
    await closing;
    for (const block of BLOCKS.slice(0, 10)) await world.nodes[0]!.publish(block);
    for (const block of BLOCKS.slice(10, 20)) await world.nodes[2]!.publish(block);
    await world.clock.advance(60_000);
    world.nodes[1]!.peers = world.peersOf(1, [0]);
    await world.nodes[1]!.peers.start();
    await world.until(() => world.converged(20), 120_000);
    await world.close();
  });
});

describe('before it is read what is decided here', () => {
  /** A node that was closed, with other answers to what is decided. */
  async function restarted(world: World, items: BlockStore['items']): Promise<void> {
    const closing = world.nodes[1]!.peers.close();
    await world.clock.advance(3_000);
    await closing;
    world.nodes[1]!.store.items = items;
    world.nodes[1]!.peers = world.peersOf(1, [0]);
    await world.nodes[1]!.peers.start();
  }

  test('no session begins, in either direction', async () => {
    const world = new World(4);
    const [one, other] = [await world.add(), await world.add()];
    for (const block of BLOCKS.slice(0, 5)) await one.publish(block);
    const items = other.store.items.bind(other.store);
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    await restarted(world, (...range) => gate.then(() => items(...range)));
    await one.peers.add(other.address);
    await world.clock.advance(5_000);
    expect(other.ids()).toEqual([]);
    expect(other.peers.status()).toMatchObject([{ state: 'connecting' }]);
    expect(other.peers.faults()).toEqual([]);
    release();
    await world.until(() => world.converged(5), 60_000);
    await world.close();
  });

  test('a store that cannot be read is a fault that is named', async () => {
    const world = new World(5);
    for (let n = 0; n < 2; n++) await world.add();
    await restarted(world, () => Promise.reject(new CosmicError('store.corrupt', 'decided')));
    await world.clock.advance(1_000);
    expect(world.nodes[1]!.peers.faults()).toEqual([
      'no sync: what is decided here cannot be read: CosmicError: store.corrupt: decided',
    ]);
    expect(world.nodes[1]!.peers.status()).toMatchObject([{ received: 0, sent: 0 }]);
    await world.close();
  });
});

describe('blocks of the largest size', () => {
  const LARGE = Array.from({ length: 5 }, (_, n) => makeBlock(500 + n, { bodyBytes: 4_190_000 }));

  test('reach a new peer, small ones among them', async () => {
    const world = new World(30);
    await world.add();
    for (const block of [...BLOCKS.slice(0, 10), ...LARGE, ...BLOCKS.slice(10)]) await world.nodes[0]!.publish(block);
    await world.add([0]);
    await world.until(() => world.converged(BLOCKS.length + LARGE.length), 10_000);
    expect(world.nodes[1]!.peers.status()).toMatchObject([{ state: 'connected', received: 45 }]);
    await world.close();
  });

  test('are read as they are taken: who asks and does not read costs one block, and is left after a while', async () => {
    const world = new World(31);
    const node = await world.add([], { limits: { takeMs: 60_000 } });
    for (const block of LARGE) await node.publish(block);
    const ids = node.store.blocks().map(({ id }) => parseCid(id).digest!);
    const get = node.store.get.bind(node.store);
    let loaded = 0;
    node.store.get = async (asked) => {
      const found = await get(asked);
      loaded += found.filter((block) => block !== undefined).length;
      return found;
    };
    const greedy = new Session({ network: 'dev', node: nodeDid(97) });
    const line = await world.loopback.network('ws://greedy').dial(node.address);
    for (const wish of greedy.open(0)) if (wish.type === 'send') await line.send(wish.frame);
    const [hello] = await Promise.all([line[Symbol.asyncIterator]().next(), world.clock.advance(100)]);
    greedy.receive(hello.value as Uint8Array, 0);
    for (const wish of greedy.want(Array.from({ length: 200 }, (_, n) => ids[n % ids.length]!)))
      if (wish.type === 'send') await line.send(wish.frame);
    await world.clock.advance(30_000);
    expect(loaded).toBe(1);
    expect(node.peers.status()).toMatchObject([{ state: 'connected' }]);
    await world.clock.advance(45_000);
    expect(node.peers.status()).toEqual([]);
    expect(loaded).toBe(1);
    await world.close();
  });
});

describe('peers that disagree or misbehave', () => {
  test('another network is refused on both sides, and named', async () => {
    const world = new World(4);
    await world.add();
    await world.add([0], { networkId: 'other' });
    await world.clock.advance(5_000);
    const [status] = world.nodes[1]!.peers.status();
    expect(status).toMatchObject({ state: 'waiting', configured: true });
    expect(status!.lastError).toMatch(/^peer\.wrong_network: /);
    expect(world.nodes[0]!.peers.status()).toEqual([]);
    await world.close();
  });

  test('a node that dials itself notices', async () => {
    const world = new World(5);
    await world.add([0]);
    await world.clock.advance(5_000);
    expect(world.nodes[0]!.peers.status().find(({ configured }) => configured)!.lastError).toMatch(/the node itself/);
    await world.close();
  });

  test('what policy refuses is fetched once, and never again', async () => {
    const world = new World(6);
    await world.add();
    await world.add([0], { refuse: () => true, limits: { reconcileMs: 10_000 } });
    await world.clock.advance(2_000);
    await world.nodes[0]!.publish(BLOCKS[0]!);
    await world.clock.advance(120_000);
    expect([...world.nodes[1]!.verdicts]).toEqual([['policy.refused', 1]]);
    await world.restart(1, [0], { refuse: () => true });
    await world.clock.advance(60_000);
    expect([...world.nodes[1]!.verdicts]).toEqual([['policy.refused', 1]]);
    await world.close();
  });

  test('a block ahead of the clock is not fetched again before its time, then is', async () => {
    const world = new World(7);
    await world.add();
    await world.add([0], { limits: { reconcileMs: 20_000 } });
    await world.clock.advance(2_000);
    const ahead = makeBlock(900, { timeMs: world.clock.now() + 600_000 });
    // The door of the first node is bypassed: its clock may well be right.
    const { checkBlock, sha256, corePlugins, createRegistry } = await import('@cosmicembeddings/sdk');
    const block = checkBlock(ahead, {
      network: 'dev',
      registry: createRegistry(corePlugins),
      sha256,
      verify: () => true,
      sky: { check: () => ({ ok: true }) },
    });
    if (block.status !== 'checked') throw new Error(block.code);
    await world.nodes[0]!.store.put([{ block, firstSeenMs: 0 }]);
    await world.clock.advance(400_000);
    expect([...world.nodes[1]!.verdicts]).toEqual([['later', 1]]);
    await world.until(() => world.nodes[1]!.store.blocks().length === 1, 300_000, 1000);
    expect([...world.nodes[1]!.verdicts]).toEqual([
      ['later', 1],
      ['stored', 1],
    ]);
    await world.close();
  });

  test('a forged copy is charged to who brought it, and the true block comes from elsewhere', async () => {
    const world = new World(8);
    await world.add();
    const forged = BLOCKS.slice(0, 20).map((wire) => {
      const bad = wire.slice();
      bad[wire.length - 120] ^= 1;
      return bad;
    });
    await world.add([0]);
    await world.add([1]);
    await world.clock.advance(2_000);
    const liar = new Session({ network: 'dev', node: nodeDid(99) });
    const line = await world.loopback.network('ws://liar').dial(world.nodes[1]!.address);
    for (const wish of liar.open(world.clock.now())) if (wish.type === 'send') await line.send(wish.frame);
    const said: string[] = [];
    void (async () => {
      for await (const frame of line)
        for (const wish of liar.receive(frame, world.clock.now())) {
          if (wish.type === 'ready')
            for (const answer of liar.give(forged)) if (answer.type === 'send') await line.send(answer.frame);
          if (wish.type === 'close') said.push(`${wish.code}: ${wish.detail}`);
        }
    })();
    await world.clock.advance(5_000);
    expect(said).toEqual([expect.stringMatching(/^peer\.protocol: 8 bad blocks/)]);
    expect(world.nodes[1]!.store.blocks()).toEqual([]);
    for (const block of BLOCKS.slice(0, 20)) await world.nodes[0]!.publish(block);
    await world.until(() => world.converged(20), 20_000);
    await world.close();
  });

  test('a peer that offers and never gives is left, and the ids are asked of another', async () => {
    const world = new World(9);
    await world.add();
    await world.add([], { limits: { wantMs: 5_000 } });
    const block = BLOCKS[0]!;
    await world.nodes[0]!.publish(block);
    const stored = world.nodes[0]!.store.blocks()[0]!;
    const item = { timeMs: stored.timeMs, digest: parseCid(stored.id).digest! };
    const staller = new Session({ network: 'dev', node: nodeDid(98) });
    const line = await world.loopback.network('ws://staller').dial(world.nodes[1]!.address);
    const wanted: number[] = [];
    void (async () => {
      for (const wish of staller.open(0)) if (wish.type === 'send') await line.send(wish.frame);
      for await (const frame of line)
        for (const wish of staller.receive(frame, 0)) {
          if (wish.type === 'wanted') wanted.push(wish.ids.length);
          if (wish.type === 'ready')
            for (const answer of staller.have([item])) if (answer.type === 'send') await line.send(answer.frame);
        }
    })();
    await world.clock.advance(1_000);
    expect(wanted).toEqual([1]);
    await world.nodes[1]!.peers.add('ws://node0');
    await world.until(() => world.converged(1), 60_000);
    await world.close();
  });

  test('two nodes that dial each other keep one working link, and go on when it breaks', async () => {
    const world = new World(10);
    await world.add();
    await world.add([0]);
    await world.nodes[0]!.peers.add('ws://node1');
    await world.clock.advance(5_000);
    for (const block of BLOCKS.slice(0, 10)) await world.nodes[0]!.publish(block);
    for (const block of BLOCKS.slice(10, 20)) await world.nodes[1]!.publish(block);
    await world.until(() => world.converged(20), 5_000, 50);
    expect([...world.nodes[0]!.verdicts, ...world.nodes[1]!.verdicts]).toEqual([
      ['stored', 10],
      ['stored', 10],
    ]);
    await world.nodes[0]!.peers.remove('ws://node1');
    await world.clock.advance(3_000);
    for (const block of BLOCKS.slice(20, 30)) await world.nodes[0]!.publish(block);
    await world.until(() => world.converged(30), 5_000, 50);
    await world.close();
  });

  test('a body that one peer has no more is found at another', async () => {
    const world = new World(11);
    for (let n = 0; n < 2; n++) {
      await world.add();
      await world.nodes[n]!.publish(BLOCKS[0]!);
    }
    await world.nodes[0]!.store.erase([world.nodes[0]!.ids()[0]!], 'quota');
    await world.add([0]);
    await world.until(() => world.nodes[2]!.store.blocks()[0]?.body === null, 10_000);
    await world.nodes[2]!.peers.add('ws://node1');
    await world.until(() => world.nodes[2]!.store.blocks()[0]!.body !== null, 10_000);
    expect(world.nodes[0]!.store.blocks()[0]!.body).toBeNull();
    await world.close();
  });

  test('bad addresses are refused with what is wrong', async () => {
    const world = new World(12);
    await world.add();
    await expect(world.nodes[0]!.peers.add('ftp://x')).rejects.toMatchObject({ code: 'request.malformed' });
    await expect(world.nodes[0]!.peers.add('ws://u:p@x')).rejects.toMatchObject({ code: 'request.malformed' });
    await expect(world.nodes[0]!.peers.remove('ws://nobody')).rejects.toMatchObject({ code: 'request.not_found' });
    expect(peerAddress('localhost:8080')).toBe('ws://localhost:8080/v2/peer');
    expect(peerAddress('https://node.example/')).toBe('wss://node.example/v2/peer');
    expect(peerAddress('ws://[::1]:9/v2/peer')).toBe('ws://[::1]:9/v2/peer');
    await world.close();
  });
});
