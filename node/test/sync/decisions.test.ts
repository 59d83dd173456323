import { describe, expect, test } from '@jest/globals';
import { codes, type Code } from '@cosmicembeddings/sdk';
import { afterAttempt } from '../../src/sync/backoff.js';
import { isHere, tellableOf, whomToAsk } from '../../src/sync/meeting/meet.js';
import { mayCompare, overdueOf, wantedOf } from '../../src/sync/peer/asking.js';
import { consequenceOf } from '../../src/sync/peer/consequence.js';
import { refusalBy } from '../../src/sync/refusal.js';
import { rankLinks } from '../../src/sync/standby.js';

const ID = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
const DID = (n: number): string => `did:key:z${n}`;

describe('what a verdict of the door means', () => {
  test('of every code it is known who is to blame', () => {
    for (const code of Object.keys(codes) as Code[]) {
      const { type } = consequenceOf({ status: 'rejected', code, detail: '', id: ID });
      const { fault } = codes[code];
      const expected =
        code === 'policy.not_covered'
          ? 'uncovered'
          : fault === 'operator'
            ? 'declined'
            : fault === 'node'
              ? 'again'
              : 'bad';
      expect([code, type]).toEqual([code, expected]);
    }
  });

  test('a bad block is charged, unless it may be sound elsewhere', () => {
    const of = (code: Code, more = {}): unknown =>
      consequenceOf({ status: 'rejected', code, detail: '', id: ID, ...more });
    expect(of('block.bad_signature')).toEqual({ type: 'bad', code: 'block.bad_signature', charged: true });
    expect(of('block.unknown_version')).toMatchObject({ charged: false });
    expect(of('block.bad_signature', { marginal: true })).toMatchObject({ charged: false });
  });

  test('what is for later rests; a full door rests its bearer too', () => {
    expect(consequenceOf({ status: 'later', id: ID, retryAtMs: 9 })).toEqual({ type: 'later', atMs: 9, pause: false });
    expect(consequenceOf({ status: 'rejected', code: 'policy.budget', detail: '', id: ID, retryAtMs: 9 })).toEqual({
      type: 'later',
      atMs: 9,
      pause: true,
    });
    expect(consequenceOf({ status: 'stored', id: ID, seq: 1 })).toEqual({ type: 'kept', fresh: true });
    expect(consequenceOf({ status: 'known', id: ID })).toEqual({ type: 'kept', fresh: false });
  });
});

describe('what to ask of a peer next', () => {
  const asked = {
    isDialled: false,
    received: 0,
    inFlight: 3,
    judging: 0,
    resting: false,
    isFed: false,
    quietMs: 0,
    feedQuietMs: 0,
  };
  const limits = { wantMs: 30_000 };

  test('who has given nothing gets a third of the patience', () => {
    expect(overdueOf({ ...asked, quietMs: 10_001 }, limits)).toBe('wants');
    expect(overdueOf({ ...asked, quietMs: 10_001, received: 1 }, limits)).toBeUndefined();
    expect(overdueOf({ ...asked, quietMs: 30_001, received: 1 }, limits)).toBe('wants');
    expect(overdueOf({ ...asked, feedQuietMs: 30_001, inFlight: 0, isFed: true }, limits)).toBe('feed');
  });

  test('nothing is overdue while its blocks are at the door, or it is not read', () => {
    expect(overdueOf({ ...asked, quietMs: 1e9, judging: 1 }, limits)).toBeUndefined();
    expect(overdueOf({ ...asked, quietMs: 1e9, resting: true }, limits)).toBeUndefined();
  });

  test('sets are compared when nothing that is known to be missing is under way', () => {
    const state = { isReconciling: false, queued: 0, isFed: false, holdsBack: false };
    expect(mayCompare(state)).toBe(true);
    for (const one of [{ isReconciling: true }, { queued: 1 }, { isFed: true }, { holdsBack: true }])
      expect(mayCompare({ ...state, ...one })).toBe(false);
  });

  test('of an offer is wanted what is not here, not refused and not for later', () => {
    const items = [1, 2, 3, 4, 5].map((n) => ({ digest: Uint8Array.of(n) }));
    const { wanted, retryAtMs } = wantedOf(items, 100, {
      isDecided: (digest) => digest[0] === 1,
      isGone: (key) => key === '\x02',
      retryAt: (key) => (key === '\x03' ? 150 : key === '\x04' ? 100 : undefined),
    });
    expect(wanted.map(({ digest }) => digest[0])).toEqual([4, 5]);
    expect(retryAtMs).toBe(150);
  });
});

describe('when to dial again', () => {
  const limits = { backoffMinMs: 500, backoffMaxMs: 60_000 };
  const attempt = { wasReady: false, lastedMs: 0, isHearsay: false };

  test('later each time, soon after a long connection, seldom where both cannot agree', () => {
    expect(afterAttempt(attempt, 500, limits)).toEqual({ waitMs: 500, nextMs: 1_000 });
    expect(afterAttempt(attempt, 60_000, limits)).toEqual({ waitMs: 60_000, nextMs: 60_000 });
    const long = { ...attempt, code: 'node.unreachable', wasReady: true, lastedMs: 30_001 } as const;
    expect(afterAttempt(long, 60_000, limits)).toEqual({ waitMs: 500, nextMs: 1_000 });
    expect(afterAttempt({ ...long, code: 'peer.wrong_network' }, 500, limits)).toEqual({
      waitMs: 60_000,
      nextMs: 60_000,
    });
  });

  test('hearsay is dialled again only where it held', () => {
    expect(afterAttempt({ ...attempt, isHearsay: true }, 500, limits)).toBe('forget');
    const held = { wasReady: true, lastedMs: 1, isHearsay: true } as const;
    expect(afterAttempt({ ...held, code: 'peer.protocol' }, 500, limits)).toBe('forget');
    expect(afterAttempt({ ...held, code: 'node.unreachable' }, 500, limits)).toEqual({ waitMs: 500, nextMs: 1_000 });
  });
});

describe('several connections to one node', () => {
  const link = (name: string, isDialled: boolean, proven = true) => ({
    name,
    isDialled,
    isReady: true,
    session: { proven },
  });

  test('those that came in stand by while one is dialled; the newest stay', () => {
    const [dialled, first, second, third, other] = [
      link('a', true),
      link('a', false),
      link('a', false),
      link('a', false),
      link('b', false),
    ];
    const { standby, surplus } = rankLinks([dialled!, first!, second!, third!, other!], 2);
    expect([...standby].map(([one, isStandby]) => [one.name, isStandby])).toEqual([
      ['a', true],
      ['a', true],
      ['a', true],
      ['b', false],
    ]);
    expect(surplus).toEqual([first]);
  });

  test('whoever only says a name displaces nobody', () => {
    const { standby, surplus } = rankLinks([link('a', true, false), link('a', false), link('a', false, false)], 1);
    expect([...standby.values()]).toEqual([false]);
    expect(surplus).toEqual([]);
  });
});

test('who may not stay, and why', () => {
  const fine = {};
  expect(refusalBy({}, fine, 'a', false)).toBeUndefined();
  expect(refusalBy({ deny: ['a'] }, fine, 'a', true)).toBe('a is denied here');
  expect(refusalBy({ allow: ['a'] }, fine, 'a', false)).toBe('a is not on the list');
  expect(refusalBy({ allow: ['a'] }, fine, 'a', true)).toBeUndefined();
  expect(refusalBy({}, { bannedUntilMs: 0, why: 'x' }, 'a', true)).toBe('banned until 1970-01-01T00:00:00.000Z: x');
  expect(refusalBy({}, { bannedUntilMs: Infinity }, 'a', true)).toBe('banned until further notice: ');
});

describe('who tells of others', () => {
  const peer = (name: string, more = {}) => ({
    name,
    isReady: true,
    isDialled: true,
    session: { proven: true, hello: { node: name } },
    ...more,
  });

  test('those that this node chose are asked, now and then', () => {
    const [a, b, c] = [peer('a'), peer('b', { isDialled: false }), peer('c')];
    expect(whomToAsk([a, b, c], (one) => (one === c ? 50 : undefined), 100, { exchangeMs: 60 })).toEqual([a]);
  });

  test('who is here need not be dialled by another address', () => {
    expect(isHere(`ws://h/v2/peer#${DID(1)}`, DID(1), [])).toBe(true);
    expect(isHere(`ws://h/v2/peer#${DID(2)}`, DID(1), [peer(DID(2))])).toBe(true);
    expect(isHere(`ws://h/v2/peer#${DID(2)}`, DID(1), [peer(DID(2), { isReady: false })])).toBe(false);
    expect(isHere('ws://h/v2/peer', DID(1), [peer(DID(2))])).toBe(false);
  });

  test('of proven peers in the open network the address is told, of others none', () => {
    const dialled = [
      { address: 'ws://8.8.8.8/v2/peer', peer: peer(DID(2)) },
      { address: 'ws://9.9.9.9/v2/peer', peer: peer(DID(3), { session: { proven: false } }) },
      { address: 'ws://10.0.0.1/v2/peer', peer: peer(DID(4)) },
      { address: 'ws://1.1.1.1/v2/peer' },
    ];
    expect(tellableOf({ did: DID(1), addresses: ['ws://7.7.7.7/v2/peer'] }, dialled)).toEqual([
      `ws://7.7.7.7/v2/peer#${DID(1)}`,
      `ws://8.8.8.8/v2/peer#${DID(2)}`,
    ]);
  });
});
