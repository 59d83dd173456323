import {
  CosmicError,
  type Clock,
  type Cursor,
  type Follower,
  type Head,
  type Tail,
  type TailItem,
  type Wants,
} from '@cosmicembeddings/sdk';
import type { Beat } from './alive.js';
import { isPressed, noteLag, PATIENT_REST_MAX_MS, restAfter, type Pressure } from './give-way.js';
import { AFTER_FAULT_MS, BATCH, LOOK_EVERY_MS, REST_LOOK_MS, SLICE_MS, TRIES } from './pace.js';
import { Waiters } from './waiters.js';

/** What a follower's loop needs of the store; in a worker it answers at once. */
export interface Followed {
  tail(cursor: Cursor, max: number, wants?: Wants): Tail | Promise<Tail>;
  head(): Head | Promise<Head>;
}

export interface FollowOptions {
  readonly store: Followed;
  readonly clock: Clock;
  /** What the cores are wanted for: while others come first, the follower rests more than it works. */
  readonly pressure?: Pressure;
  /** Items read at one time. Default 256. */
  readonly batch?: number;
  /** How long it waits for a hint before it looks by itself. Default 500. */
  readonly lookEveryMs?: number;
  /** Says what is worked on, to whoever would end it if it hung. */
  readonly beat?: Beat;
  /** Numbers of items that an earlier one failed on, by this version: passed over. */
  readonly faults?: ReadonlySet<number>;
  /** Take one item at a time up to this number: the last one did not come back from somewhere before it. */
  readonly carefulTo?: number;
  /** Gives other work of this thread its turn. */
  readonly yieldTurn?: () => Promise<void>;
  /** It answers up to another place: further, in another epoch, or back where something has to be made again. */
  onMoved?(position: Cursor): void;
  /** It failed on one item, which it passes over from now on. */
  onFault?(item: TailItem, error: unknown): void;
  /** It stands still and tries again, or goes on: what holds it up. */
  onStopped?(error: unknown): void;
}

export interface Progress {
  readonly name: string;
  /** Taken, and seen by whoever asks. */
  readonly position: Cursor;
  /** Sequence numbers of the store that it does not answer for yet. */
  readonly lag: number;
  /** Why it stands still for now. */
  readonly stopped?: string;
}

export interface Following {
  readonly name: string;
  position(): Cursor;
  /** Resolves when it answers for all up to `seq`. */
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
  /** Has it take what there is up to `seq` without resting, until `deadlineMs` of the clock at most. Answers how far it answers. */
  catchUp(seq: number, deadlineMs: number): Promise<Cursor>;
  progress(): Progress;
  /** What it had is lost: it goes on from what `durable` says now. */
  resume(): void;
  /** A hint that the store has moved, to `seq` where that is known; may be lost without harm. */
  notify(seq?: number): void;
  /** Ends after the batch or the slice under way. */
  close(): Promise<void>;
}

/** Numbers of bad blocks that are remembered: one each, and anybody can send them. */
const FAILED_MAX = 10_000;

/** What a block's content, or its kind's code, did: waiting would not help, so it is passed over at once. */
export class BlockFault extends Error {}

/** Reads a block with its kind's code. @throws BlockFault whatever that throws */
export function readingBlock<T>(id: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new BlockFault(`${id}: ${String(error)}`, { cause: error });
  }
}

/**
 * The one loop behind everything that trails the store: wakes, reads what is wanted in batches, gives way to the door,
 * rests when there is nothing, tries again where the disk is full or the store cannot be read, starts over in another
 * life of the store, and says how far it is. One item that cannot be taken never holds up those behind it.
 * @throws what `follower.durable` and the store's `head` throw at the start
 */
export async function follow(follower: Follower, options: FollowOptions): Promise<Following> {
  const { store, clock, pressure, beat, faults = new Set<number>() } = options;
  const batch = options.batch ?? BATCH;
  const stopping = new AbortController();
  const waiters = new Waiters();
  const failed = new Set(faults);
  let carefulTo = options.carefulTo ?? 0;
  /** How often the item of that number failed in a row. */
  let tries = 0;
  let triedSeq = 0;
  let stopped: string | undefined;
  let wake: (() => void) | undefined;
  let woken = false;
  let isLost = false;
  let working: Promise<unknown> = Promise.resolve();

  let headSeq = 0;
  /** What it has taken; what it answers for may be less. */
  let position = await start();
  let answered = answersTo();

  async function start(): Promise<Cursor> {
    const head = await store.head();
    headSeq = head.seq;
    const saved = await follower.durable();
    if (saved !== undefined && saved.epoch === head.epoch && saved.seq <= head.seq) return saved;
    if (saved !== undefined) await follower.restart?.(head.epoch);
    return { epoch: head.epoch, seq: follower.wants.from === 'head' ? head.seq : 0 };
  }

  /** Batches never overlap: those of the loop and those of `catchUp`. Its own work must not hold up who catches up. */
  function step(): Promise<boolean> {
    const turn = working.then(advance);
    working = turn.catch(() => undefined);
    return turn;
  }

  /** One batch; false where there is nothing to take, or no room for it. */
  async function advance(): Promise<boolean> {
    if (isLost) {
      isLost = false;
      moveTo(await start());
    }
    const room = Math.min(batch, follower.room?.() ?? batch);
    if (room <= 0) return false;
    const { items, upTo } = await store.tail(position, position.seq < carefulTo ? 1 : room, follower.wants);
    if (upTo.epoch !== position.epoch) {
      await follower.restart?.(upTo.epoch);
      carefulTo = 0;
    }
    if (upTo.epoch === position.epoch && upTo.seq === position.seq) return false;
    headSeq = Math.max(headSeq, upTo.seq);
    const before = { ...position, carefulTo };
    const reached = await takeAll(items, upTo);
    if (!isLost) moveTo(reached);
    if (carefulTo > before.carefulTo) return true;
    return items.length > 0 && (position.seq !== before.seq || position.epoch !== before.epoch);
  }

  async function takeAll(items: readonly TailItem[], upTo: Cursor): Promise<Cursor> {
    const sound = failed.size === 0 ? items : items.filter(({ seq }) => !failed.has(seq));
    try {
      return await takeSome(sound, upTo);
    } catch (error) {
      if (isForLater(error) || sound.length === 0) throw error;
      if (sound.length > 1) {
        // Which one it is shows when they come one at a time.
        carefulTo = Math.max(carefulTo, sound.at(-1)!.seq);
        return position;
      }
      const item = sound[0]!;
      tries = item.seq === triedSeq ? tries + 1 : 1;
      triedSeq = item.seq;
      if (!(error instanceof BlockFault) && tries < TRIES) throw error;
      failed.add(item.seq);
      // The oldest lie far behind, and are tried again should it ever go back.
      if (failed.size > FAILED_MAX) failed.delete(failed.values().next().value!);
      options.onFault?.(item, error);
      return takeSome([], upTo);
    }
  }

  async function takeSome(items: readonly TailItem[], upTo: Cursor): Promise<Cursor> {
    if (items.length > 0) beat?.begin(items[0]!.seq, items.at(-1)!.seq);
    try {
      return (await follower.take(items, upTo, (item) => beat?.at(item.seq))) ?? upTo;
    } finally {
      beat?.end();
    }
  }

  async function idleSlice(): Promise<boolean> {
    return (await follower.idle?.(SLICE_MS)) ?? false;
  }

  function moveTo(cursor: Cursor): void {
    if (isSame(cursor, position)) return;
    position = cursor;
    stopped = undefined;
    tell();
  }

  function answersTo(): Cursor {
    return follower.reached?.(position) ?? position;
  }

  /** One truth for whoever waits, looks or is told. */
  function tell(): void {
    const now = answersTo();
    if (isSame(now, answered)) return;
    answered = now;
    waiters.reach(answered.seq);
    options.onMoved?.(answered);
  }

  async function loop(): Promise<void> {
    if (pressure?.isPatient === true && isPressed(pressure, clock.now())) await giveWay(PATIENT_REST_MAX_MS);
    while (!stopping.signal.aborted) {
      const startedMs = clock.now();
      let restMs: number;
      try {
        const took = await step();
        const busy = (await idleSlice()) || took;
        tell();
        const nowMs = clock.now();
        if (took) noteLag(headSeq - position.seq, pressure, nowMs);
        restMs = busy ? restAfter(nowMs - startedMs, pressure, nowMs) : -1;
      } catch (error) {
        if (stopping.signal.aborted) return;
        stopped = error instanceof Error ? error.message : String(error);
        options.onStopped?.(error);
        await clock.sleep(AFTER_FAULT_MS, stopping.signal).catch(() => undefined);
        continue;
      }
      if (restMs < 0) await rest();
      else if (restMs > 0) await giveWay(restMs);
      else await options.yieldTurn?.();
    }
  }

  /** For so long at most: others may be done before. */
  async function giveWay(restMs: number): Promise<void> {
    const untilMs = clock.now() + restMs;
    for (let leftMs = restMs; leftMs > 0 && !stopping.signal.aborted; leftMs = untilMs - clock.now()) {
      await clock.sleep(Math.min(leftMs, REST_LOOK_MS), stopping.signal).catch(() => undefined);
      if (!isPressed(pressure, clock.now())) return;
    }
  }

  /** Until woken, or until it is time to look. */
  async function rest(): Promise<void> {
    if (!woken && !stopping.signal.aborted) {
      const resting = new AbortController();
      await new Promise<void>((resolve) => {
        wake = resolve;
        clock.sleep(options.lookEveryMs ?? LOOK_EVERY_MS, resting.signal).then(resolve, () => undefined);
      });
      wake = undefined;
      resting.abort(new Error('woken'));
    }
    woken = false;
  }

  function stir(): void {
    woken = true;
    wake?.();
  }

  const running = loop();
  return {
    name: follower.name,
    position: () => answered,
    waitFor: (seq, signal) => {
      if (answered.seq >= seq) return Promise.resolve();
      stir();
      return waiters.wait(seq, signal);
    },
    catchUp: async (seq, deadlineMs) => {
      headSeq = Math.max(headSeq, Number.isFinite(seq) ? seq : 0);
      while (position.seq < seq && !stopping.signal.aborted) {
        // What cannot be taken now (a full disk) the loop tries again; who asks learns how far it reaches.
        const hasMore = await step().catch(() => false);
        if (!hasMore || clock.now() >= deadlineMs) break;
      }
      tell();
      return answered;
    },
    progress: () => ({
      name: follower.name,
      position: answered,
      lag: Math.max(0, headSeq - answered.seq),
      ...(stopped === undefined ? {} : { stopped }),
    }),
    resume: () => {
      isLost = true;
      stir();
    },
    notify: (seq) => {
      if (seq !== undefined) headSeq = Math.max(headSeq, seq);
      stir();
    },
    close: async () => {
      stopping.abort(new CosmicError('node.stopping', `follower ${follower.name}`));
      stir();
      await running;
      await working;
      waiters.fail(stopping.signal.reason);
    },
  };
}

function isSame(a: Cursor, b: Cursor): boolean {
  return a.epoch === b.epoch && a.seq === b.seq;
}

/** Not a fault of what was read: a full disk, or a store that cannot be read now. */
function isForLater(error: unknown): boolean {
  return error instanceof CosmicError && (error.code === 'node.storage_full' || error.code === 'node.stopping');
}
