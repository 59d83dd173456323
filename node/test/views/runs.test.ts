import { expect, test } from '@jest/globals';
import { createManualClock } from '@cosmicembeddings/sdk/memory';
import { CosmicError, type Cursor } from '@cosmicembeddings/sdk';
import type { ConePlan } from '@cosmicembeddings/sdk/views';
import { createHidden } from '../../src/views/hidden.js';
import { createMoves } from '../../src/views/moves.js';
import {
  answering,
  coneState,
  earlierOf,
  judging,
  leastPosition,
  type ConeRun,
  type Standing,
} from '../../src/views/runs.js';
import { settleHidden, waitJudged } from '../../src/views/settle.js';
import { watchAnswers } from '../../src/views/watch.js';

const plan = (fingerprint: string, hides = true): ConePlan =>
  ({ name: 'a+b', fingerprint, views: [{ name: 'a', ...(hides ? { hides: {} } : {}) }, { name: 'b' }] }) as never;

interface Host extends Standing {
  seq: number;
  ready: boolean;
  failed?: string;
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
}
const host = (seq: number, ready: boolean, failed?: string): Host => ({
  seq,
  ready,
  ...(failed === undefined ? {} : { failed }),
  position(): Cursor {
    return { epoch: 'e', seq: this.seq };
  },
  isReady() {
    return this.ready;
  },
  failure() {
    return this.failed;
  },
  waitFor: (_, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    }),
});
const run = (wanted: Host, earlier: readonly Host[] = [], frozen: readonly string[] = []): ConeRun<Host> => ({
  plan: plan('new'),
  wanted: { plan: plan('new'), host: wanted },
  earlier: earlier.map((one) => ({ plan: plan('old'), host: one })),
  frozen,
});
const coded = (code: string): object => expect.objectContaining({ code });

test('the wanted state answers once it is whole, until then an earlier one, and none says how far it is', () => {
  const [ready, building, old] = [host(9, true), host(3, false), host(8, true)];
  expect(answering(run(ready, [old]), 'a', 9).host).toBe(ready);
  expect(answering(run(building, [old]), 'b', 9).host).toBe(old);
  expect(() => answering(run(building), 'a', 9)).toThrow(
    expect.objectContaining({ code: 'view.building', detail: 'a has taken 3 of 9' }),
  );
  expect(() => answering(run(building, [old]), 'c', 9)).toThrow(coded('view.building'));
  expect(() => answering(run(host(0, false, 'it hangs')), 'a', 9)).toThrow(coded('view.failed'));
  expect(() => answering(run(host(9, true, 'it hangs'), [old]), 'a', 9)).toThrow(coded('view.failed'));
  expect([judging(run(ready, [old])), judging(run(building, [old])), judging(run(building))]).toEqual([
    ready,
    old,
    undefined,
  ]);
  expect(coneState(run(building))).toEqual({ name: 'a+b', position: { epoch: 'e', seq: 3 }, building: true });
});

test('earlier states are whole ones of the same views, where the wanted one is not', () => {
  const note = (fingerprint: string, views: string[], ready = true) => ({ fingerprint, views, known: [], ready });
  const notes = [
    note('old', ['a@1']),
    note('other', ['c@1']),
    note('half', ['b@2'], false),
    note('new', ['a@2', 'b@2'], false),
  ];
  expect(earlierOf(notes, plan('new')).map(({ fingerprint }) => fingerprint)).toEqual(['old']);
  expect(earlierOf([...notes.slice(0, 3), note('new', ['a@2', 'b@2'])], plan('new'))).toEqual([]);
  expect([leastPosition([]), leastPosition([5, 2, 7].map((seq) => ({ epoch: 'e', seq })))?.seq]).toEqual([
    undefined,
    2,
  ]);
});

test('a search waits two seconds for what is hidden, and is refused only where nothing is known', async () => {
  const clock = createManualClock({ startMs: 0 });
  const moves = createMoves();
  expect(settleHidden([run(host(9, true))], 9, moves, clock)).toBeUndefined();
  expect(settleHidden([run(host(3, true, 'it hangs'))], 9, moves, clock)).toBeUndefined();
  const after = async (late: ConeRun<Host>): Promise<unknown> => {
    const settled = settleHidden([late], 9, moves, clock)!.then(
      () => 'goes on',
      (error: unknown) => error,
    );
    await clock.advance(2_000);
    moves.move();
    return settled;
  };
  expect(await after(run(host(3, true)))).toBe('goes on');
  expect(await after(run(host(3, false), [host(3, true)]))).toBe('goes on');
  expect(await after(run(host(3, false), [], ['frozen']))).toBe('goes on');
  expect(await after(run(host(3, false)))).toMatchObject({ code: 'view.building' });
});

test('who waits however long for what is hidden hears that a view stands still, also before its first state was whole', async () => {
  const moves = createMoves();
  const building = host(3, false);
  const waited = waitJudged(run(building), 9, moves, new AbortController().signal);
  building.failed = 'it hangs';
  moves.move();
  await expect(waited).rejects.toMatchObject(coded('view.failed'));
}, 5_000);

test('what a state that is being built hides counts all at once', () => {
  const hidden = createHidden();
  const ids = Uint8Array.of(0, ...Array.from({ length: 32 }, () => 7));
  const blocks = { ids, labels: Uint32Array.of(1, 2) };
  hidden.replace('new', blocks, false);
  expect([hidden.size, [...hidden.bits()]]).toEqual([0, []]);
  hidden.change('new', { ids, labels: Uint32Array.of(4, 1) }, undefined);
  expect([...hidden.bits()]).toEqual([]);
  hidden.count('new');
  expect([hidden.size, [...hidden.bits()]]).toEqual([1, [0b10110]]);
  hidden.drop('new');
  expect(hidden.size).toBe(0);
});

test('a watcher hears what changed, not that more was read, and goes on over what may be asked again', async () => {
  const clock = createManualClock({ startMs: 0 });
  const moves = createMoves();
  const ending = new AbortController();
  const answer = (result: number, seq: number) => ({ result, cursor: { epoch: 'e', seq } });
  const busy = new CosmicError('view.busy', '');
  const answers: unknown[] = [answer(1, 1), answer(1, 2), busy, answer(2, 3)];
  const asked = async (): Promise<never> => {
    const next = answers.shift();
    if (answers.length === 0) ending.abort(new Error('enough'));
    if (next instanceof Error) throw next;
    return next as never;
  };
  const heard: unknown[] = [];
  const watching = (async () => {
    for await (const one of watchAnswers(asked, moves, clock, ending.signal)) heard.push(one.result);
  })();
  while (!ending.signal.aborted) {
    moves.move();
    await clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await watching;
  expect(heard).toEqual([1, 2]);
  const refused = watchAnswers(
    () => Promise.reject(new CosmicError('view.failed', '')),
    moves,
    clock,
    new AbortController().signal,
  );
  await expect(refused[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'view.failed' });
});
