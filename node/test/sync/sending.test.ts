import { expect, test } from '@jest/globals';
import type { Transport } from '@cosmicembeddings/sdk';
import { createManualClock } from '@cosmicembeddings/sdk/memory';
import { Wants } from '@cosmicembeddings/sdk/sync';
import { syncLimits } from '../../src/sync/limits.js';
import { Peer } from '../../src/sync/peer/peer.js';
import { Sending } from '../../src/sync/peer/sending.js';
import type { Connection, Shared } from '../../src/sync/peer/shared.js';

/** Counts what is hung on it, and on what is made of it. */
class Counted<T> extends Promise<T> {
  static hung = 0;
  override then<A, B>(...handlers: Parameters<Promise<T>['then']>): Promise<A | B> {
    Counted.hung += 1;
    return super.then(...handlers) as Promise<A | B>;
  }
}

test('a connection that lasts keeps nothing of the frames that went out over it', async () => {
  const clock = createManualClock();
  let end: () => void;
  const whenEnded = new Counted<void>((resolve) => (end = resolve));
  const state = { isEnded: false };
  const connection = {
    shared: { clock, limits: syncLimits },
    now: () => clock.now(),
    get isEnded() {
      return state.isEnded;
    },
    abandon: () => undefined,
  } as unknown as Connection;
  let taken = 0;
  const transport = {
    send: () => {
      taken += 1;
      return Promise.resolve();
    },
  } as unknown as Transport;
  const sending = new Sending(connection, transport, whenEnded);
  const running = sending.run();
  const send = async (frames: number): Promise<void> => {
    const upTo = taken + frames;
    for (let i = 0; i < frames; i++) sending.post(new Uint8Array(10));
    while (taken < upTo) await new Promise((resolve) => setImmediate(resolve));
  };
  await send(10);
  const before = Counted.hung;
  await send(500);
  expect(Counted.hung).toBe(before);
  expect(sending.bytesOut).toBe(5100);
  state.isEnded = true;
  end!();
  sending.wake();
  await running;
});

test('a connection that lasts keeps nothing of its rests, and a rest ends with it', async () => {
  const clock = createManualClock();
  const shared = {
    ...{ clock, limits: syncLimits, decided: { size: 0 }, wants: new Wants() },
    ...{ networkId: 'dev', did: 'did:key:z6Mk', random: () => 0.5 },
  } as unknown as Shared;
  const transport = { remote: { address: '10.0.0.1:1', direction: 'in' } } as unknown as Transport;
  const peer = new Peer('10.0.0.1:1#1', transport, shared);
  const inner = peer as unknown as { whenEnded: Promise<void>; rest(): Promise<void> };
  inner.whenEnded = new Counted<void>(() => undefined);
  peer.credit(-1e15);
  const before = Counted.hung;
  for (let i = 0; i < 20; i++) {
    const resting = inner.rest();
    await clock.advance(5_000);
    await resting;
  }
  expect(Counted.hung).toBe(before);
  const last = inner.rest();
  expect(clock.waiting).toBe(1);
  peer.close('node.stopping', '');
  await last;
  expect(clock.waiting).toBe(0);
});
