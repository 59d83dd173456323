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
  const timers = new Timers();
  const next = (limitMs: number): Timer | undefined => {
    const first = timers.first();
    return first !== undefined && first.atMs <= limitMs ? first : undefined;
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

/** Sleepers by time, then by when they fell asleep: a heap. Who is woken or called off early is passed over when it is met. */
class Timers {
  private readonly heap: Timer[] = [];
  private readonly asleep = new Set<Timer>();

  get size(): number {
    return this.asleep.size;
  }

  add(timer: Timer): void {
    this.asleep.add(timer);
    let at = this.heap.push(timer) - 1;
    for (let up = (at - 1) >> 1; at > 0 && isBefore(timer, this.heap[up]!); up = (at - 1) >> 1) {
      this.heap[at] = this.heap[up]!;
      at = up;
    }
    this.heap[at] = timer;
  }

  delete(timer: Timer): void {
    this.asleep.delete(timer);
  }

  first(): Timer | undefined {
    while (this.heap.length > 0 && !this.asleep.has(this.heap[0]!)) this.drop();
    return this.heap[0];
  }

  private drop(): void {
    const last = this.heap.pop()!;
    const { length } = this.heap;
    if (length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= length) break;
      if (down + 1 < length && isBefore(this.heap[down + 1]!, this.heap[down]!)) down += 1;
      if (!isBefore(this.heap[down]!, last)) break;
      this.heap[at] = this.heap[down]!;
      at = down;
    }
    this.heap[at] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

async function turnMicrotasks(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await Promise.resolve();
}
