import { describe, expect, test } from '@jest/globals';
import { parseCid } from '@cosmicembeddings/sdk';
import { encodeFrame, Session } from '@cosmicembeddings/sdk/sync';
import { digestOf } from '../../src/sync/peer/wire.js';
import { makeBlock, nodeDid, World, type Stranger } from '../../src/testing/index.js';

const BLOCKS = Array.from({ length: 60 }, (_, n) => makeBlock(n));
const spam = (n: number) => {
  const digest = new Uint8Array(32).fill(n >> 16);
  digest[30] = n >> 8;
  digest[31] = n;
  return { timeMs: 1_690_000_000_000 + n, digest };
};

/** Forged copies: true headers under signatures that are not theirs. */
function forged(from: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const bad = makeBlock(from + i).slice();
    bad[bad.length - 250] ^= 1;
    return bad;
  });
}

describe('shares, not pools', () => {
  test('eight who announce 16,384 ids each and give none keep nobody’s blocks out', async () => {
    const world = new World(20);
    const victim = await world.add();
    await world.add();
    const liars: Stranger[] = [];
    for (let n = 0; n < 8; n++) liars.push(await world.stranger(`liar${n}`, victim, 200 + n));
    await world.clock.advance(100);
    for (const [n, liar] of liars.entries())
      for (let i = 0; i < 16_384; i += 1024)
        await liar.say(liar.session.have(Array.from({ length: 1024 }, (_, k) => spam((n << 16) + i + k))));
    await world.clock.advance(1_000);
    // They promise the honest blocks as well, before anybody can give them.
    for (const block of BLOCKS) await world.nodes[1]!.publish(block);
    const promised = world.nodes[1]!.store.blocks().map(({ id, timeMs }) => ({ timeMs, digest: parseCid(id).digest! }));
    for (const liar of liars) await liar.say(liar.session.have(promised));
    await world.nodes[1]!.peers.add('ws://node0');
    await world.until(() => world.converged(BLOCKS.length), 60_000);
    await world.close();
  });

  test('another’s name displaces nobody: a claim from a dialled peer, the honest one came in', async () => {
    const world = new World(21);
    const victim = await world.add();
    await world.add([0]);
    const impostor = world.loopback.network('ws://impostor/v2/peer');
    const said: string[] = [];
    void (async () => {
      for await (const line of impostor.accept()) {
        const session = new Session({ network: 'dev', node: nodeDid(1) });
        for (const wish of session.open(0)) if (wish.type === 'send') await line.send(wish.frame);
        void (async () => {
          for await (const frame of line) for (const wish of session.receive(frame, 0)) said.push(wish.type);
        })();
      }
    })();
    await victim.peers.add('ws://impostor');
    await world.clock.advance(2_000);
    expect(said).toContain('ready');
    expect(victim.peers.status().map(({ direction, proven }) => [direction, proven])).toEqual([
      ['out', false],
      ['in', true],
    ]);
    // Relayed blocks are announced, not pushed: they arrive only if the victim asks for them.
    const author = await world.add([1]);
    await world.clock.advance(1_000);
    for (const block of BLOCKS) await author.publish(block);
    await world.until(() => world.converged(BLOCKS.length), 10_000);
    await world.close();
  });

  test('128 hellos from one place: an honest node gets in, and the idle ones make room', async () => {
    const world = new World(22);
    const victim = await world.add([], { limits: { arrivalsPerSecond: 200, arrivalsBurst: 200 } });
    for (let n = 0; n < 128; n++) await world.stranger(`idle${n}`, victim, { claims: 300 + n });
    await world.clock.advance(1_000);
    await world.nodes[0]!.publish(BLOCKS[0]!);
    const honest = await world.add([0]);
    await world.until(() => honest.store.blocks().length === 1, 10_000);
    expect(victim.peers.status().length).toBeLessThanOrEqual(128);
    expect(victim.peers.status().filter(({ proven }) => proven === true)).toHaveLength(1);
    await world.close();
  });
});

describe('who holds a want and answers others', () => {
  /** A liar promises the honest block and much else, and then answers everything but that, `say` by `say`. */
  async function held(seed: number, say: (liar: Stranger, n: number) => Promise<void>, others: Uint8Array[]) {
    const world = new World(seed);
    const victim = await world.add();
    const honest = await world.add();
    await honest.publish(BLOCKS[0]!);
    const liar = await world.stranger('liar', victim, 260);
    await world.clock.advance(100);
    const { id, timeMs } = honest.store.blocks()[0]!;
    const items = others.map((digest) => ({ timeMs: 1_690_000_000_000, digest }));
    await liar.say(liar.session.have([{ timeMs, digest: parseCid(id).digest! }, ...items]));
    await world.clock.advance(100);
    await honest.peers.add(victim.address);
    let asked = 0;
    const ms = await world.until(
      () => {
        if (world.clock.now() % 5_000 < 250 && asked < others.length) void say(liar, asked++);
        return victim.ids().includes(id);
      },
      400_000,
      250,
    );
    expect(asked).toBeLessThan(others.length);
    await world.close();
    return ms;
  }

  test('by saying of one after the other that it is gone: the held one goes to another holder all the same', async () => {
    const ids = Array.from({ length: 200 }, (_, n) => spam(n).digest);
    const gone = (liar: Stranger, n: number) => liar.say(liar.session.gone('block.not_found', [ids[n]!]));
    expect(await held(32, gone, ids)).toBeLessThan(15_000);
  });

  test('by giving blocks of its own that were asked for later', async () => {
    const own = BLOCKS.slice(10);
    const digests = own.map((wire) => digestOf(wire)!);
    const give = (liar: Stranger, n: number) => liar.say(liar.session.give([own[n]!]));
    // Those that were asked for together with it, sixteen, hold it up: who gives in whatever order is no liar.
    expect(await held(33, give, digests)).toBeLessThan(16 * 5_000 + 35_000);
  });
});

describe('work that others cause', () => {
  test('fifty thousand pings are answered as slowly as they deserve, and an honest peer notices nothing', async () => {
    const world = new World(23);
    const victim = await world.add();
    const pinger = await world.stranger('pinger', victim, 201);
    await world.clock.advance(100);
    const before = world.bytes;
    void (async () => {
      for (let n = 0; n < 50_000 && !pinger.ended; n++) await pinger.sayRaw(encodeFrame({ type: 'ping', nonce: n }));
    })();
    const honest = await world.add([0]);
    await world.clock.advance(30_000);
    for (const block of BLOCKS) await honest.publish(block);
    await world.until(() => world.converged(BLOCKS.length), 3_000);
    // 2,048 at once, then sixty-four a second.
    const pong = encodeFrame({ type: 'pong', nonce: 2_000 }).length;
    expect(world.bytes - before).toBeLessThan(50_000 * pong + 4_500 * pong + 300_000);
    await world.close();
  });

  test('reconciliations without end are slowed down', async () => {
    const world = new World(24);
    const victim = await world.add();
    for (const block of BLOCKS) await victim.publish(block);
    const asker = await world.stranger('asker', victim, 202);
    await world.clock.advance(100);
    let answers = 0;
    const ask = (): void => {
      void asker.sayRaw(
        encodeFrame({ type: 'reconcile', message: Uint8Array.of(0x61, 0, 0, 1, ...new Uint8Array(16)) }),
      );
    };
    const seen = asker.session.receive.bind(asker.session);
    asker.session.receive = (frame, now) => {
      if (frame.length > 100 && answers++ < 1e6)
        queueMicrotask(() => void asker.sayRaw(encodeFrame({ type: 'settled' })).then(ask));
      return frame.length > 100 ? [] : seen(frame, now);
    };
    ask();
    await world.clock.advance(120_000);
    const first = answers;
    await world.clock.advance(60_000);
    expect(first).toBeGreaterThan(50);
    // A reconciliation costs 64 KiB and more, and a MiB a second is what one may cause.
    expect(answers - first).toBeLessThan(60 * 16);
    await world.close();
  });
});

describe('who misbehaves is remembered', () => {
  test('eight bad blocks ban an identity; it is refused when it comes back, and let in when the ban is over', async () => {
    const world = new World(25);
    const victim = await world.add();
    const liar = await world.stranger('liar', victim, 203);
    await world.clock.advance(100);
    await liar.say(liar.session.give(forged(0, 20)));
    await world.clock.advance(1_000);
    expect(liar.farewell).toMatch(/^peer\.protocol: 8 bad blocks/);
    // Twenty came in one frame: the eighth bans, and no signature is looked at beyond it.
    expect(victim.verdicts.get('block.bad_signature')).toBe(8);
    await liar.close();
    const again = await world.stranger('liar2', victim, 203);
    await world.clock.advance(1_000);
    expect(again.farewell).toMatch(/^peer\.refused: banned until .*: 8 bad blocks/);
    expect(victim.peers.banned()).toMatchObject([
      { name: nodeDid(203), why: expect.stringContaining('block.bad_signature') },
    ]);
    const other = await world.stranger('other', victim, 204);
    await world.clock.advance(1_000);
    expect(other.count('ready')).toBe(1);
    await again.close();
    await world.clock.advance(11 * 60_000);
    const later = await world.stranger('liar3', victim, 203);
    await world.clock.advance(1_000);
    expect(later.count('ready')).toBe(1);
    expect(later.farewell).toBeUndefined();
    await world.close();
  });

  test('two connections of one identity have no more bad blocks judged than one', async () => {
    const world = new World(29);
    const victim = await world.add();
    const liars = [await world.stranger('left', victim, 207), await world.stranger('right', victim, 207)];
    await world.clock.advance(100);
    expect(liars.map((liar) => liar.farewell)).toEqual([undefined, undefined]);
    await Promise.all(liars.map((liar, n) => liar.say(liar.session.give(forged(20 * n, 20)))));
    await world.clock.advance(1_000);
    expect(victim.verdicts.get('block.bad_signature')).toBe(8);
    expect(victim.peers.banned()).toHaveLength(1);
    await world.close();
  });

  test('two connections of one identity have all their good blocks judged', async () => {
    const world = new World(30);
    const victim = await world.add();
    const bearers = [await world.stranger('left', victim, 208), await world.stranger('right', victim, 208)];
    await world.clock.advance(100);
    const halves = [BLOCKS.slice(0, BLOCKS.length / 2), BLOCKS.slice(BLOCKS.length / 2)];
    await Promise.all(bearers.map((bearer, n) => bearer.say(bearer.session.give(halves[n]!))));
    await world.clock.advance(1_000);
    expect(victim.verdicts.get('stored')).toBe(BLOCKS.length);
    expect(victim.peers.banned()).toEqual([]);
    await world.close();
  });

  test('seven bad blocks a connection do not go on for ever either', async () => {
    const world = new World(26);
    const victim = await world.add();
    let bad = 0;
    for (let n = 0; n < 5; n++) {
      const liar = await world.stranger(`liar${n}`, victim, 205);
      await world.clock.advance(100);
      if (liar.farewell !== undefined) break;
      await liar.say(liar.session.give(forged(10 * n, 7)));
      await world.clock.advance(500);
      bad = victim.verdicts.get('block.bad_signature') ?? 0;
      await liar.close();
      await world.clock.advance(500);
    }
    expect(bad).toBe(8);
    expect(victim.peers.banned()).toHaveLength(1);
    await world.close();
  });

  test('an operator bans and lets in again', async () => {
    const world = new World(27);
    const victim = await world.add();
    await world.add([0]);
    await world.clock.advance(1_000);
    victim.peers.ban(nodeDid(1), 60_000);
    await world.clock.advance(1_000);
    expect(world.nodes[1]!.peers.status()[0]!.lastError).toMatch(/^peer\.refused: .*by the operator/);
    victim.peers.allow(nodeDid(1));
    await world.until(() => victim.peers.status().some(({ state }) => state === 'connected'), 120_000);
    expect(() => victim.peers.ban('alice', 1)).toThrow(/did:key/);
    expect(() => victim.peers.ban(nodeDid(0), 1)).toThrow(/this node itself/);
    await world.close();
  });
});

describe('what an operator has to know', () => {
  test('a hello of version 999 is refused by name', async () => {
    const world = new World(28);
    const victim = await world.add();
    const network = world.loopback.network('ws://future');
    const session = new Session({ network: 'dev', node: nodeDid(206) });
    const open = session.open.bind(session);
    session.open = (now) => {
      open(now);
      const hello = {
        type: 'hello',
        version: 999,
        network: 'dev',
        node: nodeDid(206),
        limits: { frameBytes: 4_199_552, wants: 256 },
      } as const;
      return [{ type: 'send', frame: encodeFrame(hello) }];
    };
    const { Stranger } = await import('../../src/testing/index.js');
    const future = await Stranger.dial(network, victim.address, session, () => world.clock.now());
    await world.clock.advance(1_000);
    expect(future.farewell).toBe('peer.wrong_version: 999 there, 1 and 2 here');
    await world.close();
  });

  test('a node two hours slow says so; its peer says so too, but goes on being ready', async () => {
    const world = new World(29);
    const right = await world.add();
    const slow = await world.add([0], { clockOffsetMs: -2 * 3_600_000 });
    await world.clock.advance(2_000);
    expect(slow.peers.faults()).toEqual([expect.stringMatching(/^the clocks of the peers are 2 h ahead/)]);
    expect(slow.peers.clockOffsetMs()).toBeCloseTo(7_200_000, -3);
    expect(right.peers.faults()).toEqual([]);
    expect(right.peers.notes()).toEqual([expect.stringMatching(/^this node’s clock is 2 h ahead/)]);
    await world.close();
  });

  test('a copied data folder is named on both sides', async () => {
    const world = new World(30);
    const one = await world.add();
    const copy = await world.add([0], { keyOf: 0 });
    await world.clock.advance(2_000);
    for (const node of [one, copy]) expect(node.peers.faults()).toEqual([expect.stringMatching(/own key/)]);
    expect(copy.peers.status()[0]!.lastError).toMatch(/^peer\.same_identity/);
    await world.close();
  });

  test('whoever only says that it is this node raises no alarm', async () => {
    const world = new World(31);
    const one = await world.add();
    const liar = await world.stranger('liar', one, { claims: 0 });
    await world.clock.advance(2_000);
    expect(liar.farewell).toMatch(/the node itself, or says so/);
    expect(one.peers.faults()).toEqual([]);
    await world.close();
  });
});
