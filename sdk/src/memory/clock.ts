import type { Clock } from '../ports/index.js';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  wake(): void;
}

/** A clock that moves only when told to: tests and simulations wait for nothing. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, waking each sleeper at its time and letting what it started run before the next. */
  advance(ms: number): Promise<void>;
  /** Sleepers that wait. */
  readonly waiting: number;
}

/** Turns of the microtask queue after each step: more than any chain of awaits between two sleeps. */
const TURNS = 200;

export interface ManualClockOptions {
  readonly startMs?: number;
  /** Lets pending work run; the default turns the microtask queue, which is enough where nothing real is waited for. */
  settle?(): Promise<void>;
}

export function createManualClock({
  startMs = 1_700_000_000_000,
  settle = turnMicrotasks,
}: ManualClockOptions = {}): ManualClock {
  let nowMs = startMs;
  let order = 0;
  const timers = new Set<Timer>();
  const next = (limitMs: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers)
      if (
        timer.atMs <= limitMs &&
        (first === undefined || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order))
      )
        first = timer;
    return first;
  };
  return {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason as Error);
        const abort = (): void => {
          timers.delete(timer);
          reject(signal!.reason as Error);
        };
        const timer: Timer = {
          atMs: nowMs + Math.max(0, ms),
          order: order++,
          wake: () => {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        timers.add(timer);
        signal?.addEventListener('abort', abort, { once: true });
      }),
    advance: async (ms) => {
      const endMs = nowMs + ms;
      await settle();
      for (let timer = next(endMs); timer !== undefined; timer = next(endMs)) {
        nowMs = Math.max(nowMs, timer.atMs);
        // All sleepers of one moment wake together, in the order in which they fell asleep.
        for (; timer !== undefined; timer = next(nowMs)) {
          timers.delete(timer);
          timer.wake();
        }
        await settle();
      }
      nowMs = endMs;
      await settle();
    },
    get waiting() {
      return timers.size;
    },
  };
}

async function turnMicrotasks(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await Promise.resolve();
}
