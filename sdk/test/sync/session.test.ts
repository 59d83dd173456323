import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encode, type Value } from '../../src/codec/index.js';
import { didOf, publicKeyOf, sha256 } from '../../src/crypto/index.js';
import {
  createItemSet,
  decodeFrame,
  encodeFrame,
  frameLimits,
  Session,
  Wants,
  type Frame,
  type Wish,
} from '../../src/sync/index.js';

const did = (n: number): string => didOf(publicKeyOf(sha256(Uint8Array.of(n))));
const digest = (n: number): Uint8Array => sha256(Uint8Array.of(n >> 8, n & 255));
const hello = (more: Record<string, Value> = {}): Uint8Array =>
  encode({
    type: 'hello',
    version: 1,
    network: 'dev',
    node: did(2),
    limits: { frame_bytes: 262_144, wants: 16 },
    ...more,
  });
const typesOf = (wishes: readonly Wish[]): string[] =>
  wishes.map((wish) =>
    wish.type === 'send' ? `send ${(decodeFrame(wish.frame) as { frame: Frame }).frame.type}` : wish.type,
  );
const end = (wishes: readonly Wish[]) => wishes.find((wish) => wish.type === 'close');

function ready(): Session {
  const session = new Session({ network: 'dev', node: did(1) });
  expect(typesOf(session.open(0))).toEqual(['send hello']);
  expect(typesOf(session.receive(hello(), 0))).toEqual(['ready']);
  return session;
}

/** Two sessions over the given sets, frames delivered at once; answers what each was offered and found. */
function meet(left: number[], right: number[]) {
  const sets = [left, right].map((numbers) => createItemSet(numbers.map((n) => ({ timeMs: n, digest: digest(n) }))));
  const sides = [1, 2].map((n) => new Session({ network: 'dev', node: did(n) }));
  const seen = [new Map<string, number>(), new Map<string, number>()];
  const queue: { to: number; frame: Uint8Array }[] = [];
  let frames = 0;
  const fulfil = (side: number, wishes: readonly Wish[]): void => {
    for (const wish of wishes) {
      if (wish.type === 'send') queue.push({ to: 1 - side, frame: wish.frame });
      else if (wish.type === 'items') fulfil(side, sides[side]!.items(sets[side]!, 0));
      else {
        const count = wish.type === 'offered' ? wish.items.length : wish.type === 'needed' ? wish.ids.length : 1;
        seen[side]!.set(wish.type, (seen[side]!.get(wish.type) ?? 0) + count);
        if (wish.type === 'needed' && wish.more) fulfil(side, sides[side]!.proceed(0));
      }
    }
  };
  const run = (): void => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      frames++;
      fulfil(next.to, sides[next.to]!.receive(next.frame, 0));
    }
  };
  sides.forEach((side, n) => fulfil(n, side.open(0)));
  run();
  fulfil(0, sides[0]!.reconcile());
  run();
  return { seen, frames, sides };
}

describe('session', () => {
  test('hello, reconciliation, and each side hears what it lacks', () => {
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
    const { seen } = meet(range(0, 3000), range(100, 3300));
    expect(Object.fromEntries(seen[0]!)).toEqual({ ready: 1, needed: 300, reconciled: 1 });
    expect(Object.fromEntries(seen[1]!)).toEqual({ ready: 1, offered: 100 });
  });

  test('a second reconciliation sees what came in between', () => {
    const { sides } = meet([1], [1]);
    expect(typesOf(sides[0]!.reconcile())).toEqual(['items']);
    expect(sides[0]!.reconcile()).toEqual([]);
  });

  test('another network is told so and closed', () => {
    const session = new Session({ network: 'dev', node: did(1) });
    session.open(0);
    const wishes = session.receive(hello({ network: 'else' }), 0);
    expect(typesOf(wishes)).toEqual(['send bye', 'close']);
    expect(end(wishes)).toMatchObject({
      code: 'peer.wrong_network',
      detail: '"else" there, "dev" here',
      remote: false,
    });
    expect(session.receive(hello(), 0)).toEqual([]);
  });

  test('what the other side says last is passed on', () => {
    const wishes = ready().receive(encodeFrame({ type: 'bye', code: 'node.stopping', detail: 'restarting' }), 0);
    expect(wishes).toEqual([{ type: 'close', code: 'node.stopping', detail: 'restarting', remote: true }]);
    expect(end(ready().receive(encode({ type: 'bye', code: 'peer.of_the_future', detail: '' }), 0))).toMatchObject({
      code: 'peer.protocol',
    });
  });

  const broken: [string, Uint8Array][] = [
    ['no CBOR', Uint8Array.of(0xff)],
    ['not the one encoding', Uint8Array.of(0xb8, 0)],
    ['no map', encode([1])],
    ['no type', encode({ kind: 'ping' })],
    ['a second hello', hello()],
    ['an answer to nothing', encode({ type: 'reconciled', message: Uint8Array.of(0x61) })],
    ['an id of 31 bytes', encode({ type: 'want', ids: [new Uint8Array(31)] })],
    ['too many ids', encode({ type: 'want', ids: Array.from({ length: 1025 }, () => new Uint8Array(32)) })],
    ['no list', encode({ type: 'give', blocks: 5 })],
    ['a negative time', encode({ type: 'have', items: [[-1, new Uint8Array(32)]] })],
    ['a nonce that is text', encode({ type: 'ping', nonce: 'x' })],
    ['a code of another form', encode({ type: 'gone', code: 'GONE', ids: [] })],
  ];
  test.each(broken)('%s ends it with peer.protocol', (_, frame) => {
    expect(end(ready().receive(frame, 0))).toMatchObject({ code: 'peer.protocol', remote: false });
  });

  test('a broken reconciliation ends it too', () => {
    const session = ready();
    expect(
      typesOf(session.receive(encodeFrame({ type: 'reconcile', message: Uint8Array.of(0x61, 0, 0, 9) }), 0)),
    ).toEqual(['items']);
    expect(end(session.items(createItemSet(), 0))).toMatchObject({ code: 'peer.protocol' });
  });

  test('an answerer that never comes to an end is left', () => {
    const session = ready();
    session.reconcile();
    const items = Array.from({ length: 100 }, (_, n) => ({ timeMs: n, digest: digest(n) }));
    session.items(createItemSet(items), 0);
    const endless = encodeFrame({ type: 'reconciled', message: Uint8Array.of(0x61, 0, 0, 1, ...new Uint8Array(16)) });
    let rounds = 0;
    let closed: Wish | undefined;
    while (closed === undefined && rounds < 1000) {
      closed = end(session.receive(endless, 0));
      rounds++;
    }
    expect(closed).toMatchObject({ code: 'peer.protocol', detail: 'a reconciliation that does not advance' });
    expect(rounds).toBeLessThan(100);
  });

  test('unknown frames and unknown keys are ignored', () => {
    const session = ready();
    expect(session.receive(encode({ type: 'aurora', cells: new Uint8Array(9) }), 0)).toEqual([]);
    expect(typesOf(session.receive(encode({ type: 'ping', nonce: 5, mood: 'good' }), 0))).toEqual(['send pong']);
    expect(session.receive(encode({ type: 'constructor' }), 0)).toEqual([]);
  });

  test('deadlines: no hello, a long silence, no answer; quiet lines are pinged', () => {
    const unborn = new Session({ network: 'dev', node: did(1) });
    unborn.open(0);
    expect(unborn.tick(9_000)).toEqual([]);
    expect(end(unborn.tick(11_000))).toMatchObject({ code: 'peer.protocol', detail: 'no hello came' });
    const quiet = ready();
    expect(typesOf(quiet.tick(31_000))).toEqual(['send ping']);
    expect(typesOf(quiet.tick(61_500))).toEqual(['send ping']);
    expect(quiet.tick(95_000, false)).toEqual([]);
    expect(end(quiet.tick(186_000))).toMatchObject({ code: 'peer.protocol', detail: 'silent for 91000 ms' });
    const asking = ready();
    asking.reconcile();
    asking.items(createItemSet(), 0);
    expect(end(asking.tick(61_000))).toMatchObject({ detail: 'no answer to reconcile' });
  });

  test('an oversized frame ends it before it is decoded', () => {
    expect(end(ready().receive(new Uint8Array(frameLimits.frameBytes + 1), 0))).toMatchObject({
      code: 'peer.protocol',
    });
  });

  test('no bytes make it throw', () => {
    const frames: Frame[] = [
      { type: 'reconcile', message: Uint8Array.of(0x61, 0, 0, 2, 0) },
      { type: 'have', items: [{ timeMs: 5, digest: digest(5) }] },
      { type: 'want', ids: [digest(1), digest(2)] },
      { type: 'give', blocks: [new Uint8Array(50)] },
      { type: 'gone', code: 'block.not_found', ids: [digest(1)] },
    ];
    fc.assert(
      fc.property(
        fc.nat(frames.length - 1),
        fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 }),
        fc.uint8Array({ maxLength: 60 }),
        (which, changes, noise) => {
          const bent = encodeFrame(frames[which]!).slice();
          for (const [at, value] of changes) bent[at % bent.length] = value;
          for (const wire of [bent, noise]) {
            const session = ready();
            const wishes = session.receive(wire, 0);
            for (const wish of wishes) if (wish.type === 'items') session.items(createItemSet(), 0);
          }
        },
      ),
      { numRuns: 1000 },
    );
  }, 30_000);
});

describe('wants', () => {
  const items = (...numbers: number[]) => numbers.map((n) => ({ digest: digest(n), timeMs: n }));

  test('an id is asked of one holder at a time, and of the next when that one does not give', () => {
    const wants = new Wants();
    wants.offered('a', items(1, 2));
    wants.offered('b', items(1));
    expect(wants.next('a', 10, 0)).toEqual([digest(1), digest(2)]);
    expect(wants.next('b', 10, 0)).toEqual([]);
    expect(wants.refused('a', digest(1))).toBe(true);
    expect(wants.next('b', 10, 0)).toEqual([digest(1)]);
    expect(wants.refused('b', digest(1))).toBe(false);
    expect(wants.settle(digest(2))).toBe(2);
    expect(wants.size).toBe(0);
    expect(wants.inFlight('a')).toBe(0);
  });

  test('each peer has a share of its own, and what does not fit is said', () => {
    const wants = new Wants(3);
    expect(wants.offered('a', items(1, 2, 3, 4))).toBe(1);
    expect(wants.offered('b', items(5, 6, 7))).toBe(0);
    wants.setShare('c', 1);
    expect(wants.offered('c', items(1, 8))).toBe(1);
    expect(wants.next('a', 2, 0)).toHaveLength(2);
    expect(wants.next('a', 2, 0)).toHaveLength(0);
    for (const peer of ['a', 'b', 'c']) wants.leave(peer);
    expect(wants.size).toBe(0);
  });

  test('however many promise an id, the one who has it is asked in the end', () => {
    const wants = new Wants();
    for (let n = 0; n < 100; n++) wants.offered(`liar ${n}`, items(1));
    wants.offered('honest', items(1));
    for (let n = 0; n < 100; n++) {
      expect(wants.next(`liar ${n}`, 10, 0)).toHaveLength(1);
      wants.refused(`liar ${n}`, digest(1));
    }
    expect(wants.next('honest', 10, 0)).toEqual([digest(1)]);
  });

  test('whatever happens, nothing is asked of two at once and nothing is left over', () => {
    const action = fc.tuple(
      fc.constantFrom('offered', 'next', 'settle', 'refused', 'deferred', 'stalled', 'leave'),
      fc.constantFrom('a', 'b', 'c'),
      fc.nat(9),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const wants = new Wants(6);
        const asked = new Map<string, string>();
        const drop = (peer: string) => asked.forEach((of, id) => of === peer && asked.delete(id));
        for (const [what, peer, n] of actions) {
          if (what === 'offered') wants.offered(peer, items(n, (n + 1) % 10));
          else if (what === 'next') {
            for (const id of wants.next(peer, 3, 0)) {
              expect(asked.has(id.join())).toBe(false);
              asked.set(id.join(), peer);
            }
          } else if (what === 'settle') {
            wants.settle(digest(n));
            asked.delete(digest(n).join());
          } else if (what === 'refused' || what === 'deferred') {
            wants[what](peer, digest(n));
            if (asked.get(digest(n).join()) === peer) asked.delete(digest(n).join());
          } else {
            wants[what](peer);
            drop(peer);
          }
          for (const one of ['a', 'b', 'c'])
            expect(wants.inFlight(one)).toBe([...asked.values()].filter((of) => of === one).length);
        }
        for (const one of ['a', 'b', 'c']) wants.leave(one);
        expect(wants.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});

test('a coverage that is passed on for is as short as one in a hello', () => {
  const relays = (tags: number, subscriptions: number): string => {
    const tagsAny = Array.from({ length: tags }, (_, n) => `a-tag-that-has-some-length-${n}`);
    const coverage = Array.from({ length: subscriptions }, () => ({ tagsAny }));
    return decodeFrame(encode({ type: 'relays', relays: [{ hops: 1, coverage }] } as unknown as Value)).status;
  };
  expect(relays(8, 8)).toBe('ok');
  expect(relays(8, 32)).toBe('rejected');
});
