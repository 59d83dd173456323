import { CosmicError } from '@cosmicembeddings/sdk';

export interface DearLimits {
  /** Estimated milliseconds of work that are under way at a time. */
  readonly roomMs: number;
  /** Requests that wait, over all and of one address or key; the operator's own (an empty name) have no bound of their own. */
  readonly waitingMax: number;
  readonly waitingEach: number;
  /** How long one waits before it is refused. */
  readonly patienceMs: number;
}

export const dearLimits: DearLimits = { roomMs: 200, waitingMax: 1024, waitingEach: 128, patienceMs: 30_000 };

/** Below this estimate a request is small: it begins at once, whatever else is under way. */
export const smallMs = 10;
/** While small requests come, dear ones together get one part in so many of the time: what they took is given back that much later. */
const PART = 5;
const REST_MAX_MS = 5_000;
/** What takes longer than so many times its estimate was kept waiting itself. */
const LATE = 3;
/** Small requests came so lately: somebody would wait for what dear ones take. */
const LATELY_MS = 500;

export interface DearRoom {
  /**
   * Resolves when a request of so many estimated milliseconds may begin, with what is to be called when it is done (more than
   * once does no harm). `who`: whose share of turns it takes. @throws CosmicError node.busy
   */
  enter(estimateMs: number, who: string, signal?: AbortSignal): Promise<() => void>;
  close(): void;
}

interface Waiting {
  readonly units: number;
  readonly estimateMs: number;
  begin(done: () => void): void;
  refuse(error: CosmicError): void;
}

const NOTHING = (): void => undefined;

/**
 * Requests that cost much more than others, a bounded amount of work at a time. Small ones always go first: while they come, what a
 * dear one took is given back after a rest. Of those that wait, each address or key has its turn after the others'.
 */
export function createDearRoom(
  limits: DearLimits = dearLimits,
  nowMs: () => number = () => performance.now(),
): DearRoom {
  /** By whose they are; the one whose turn is next stands first. */
  const queues = new Map<string, Set<Waiting>>();
  const resting = new Set<NodeJS.Timeout>();
  let taken = 0;
  let waiting = 0;
  let smallAtMs = -Infinity;
  let isClosed = false;

  const next = (): void => {
    for (let first = queues.entries().next().value; first !== undefined; first = queues.entries().next().value) {
      const [who, queue] = first;
      const [one] = queue;
      if (taken > 0 && taken + one!.units > limits.roomMs) return;
      queues.delete(who);
      queue.delete(one!);
      waiting -= 1;
      if (queue.size > 0) queues.set(who, queue);
      one!.begin(start(one!.units, one!.estimateMs));
    }
  };
  const start = (units: number, estimateMs: number): (() => void) => {
    taken += units;
    const sinceMs = nowMs();
    let isDone = false;
    return () => {
      if (isDone) return;
      isDone = true;
      const now = nowMs();
      const tookMs = Math.min(now - sinceMs, LATE * estimateMs);
      // Of several that go on beside each other, each has its share of the part.
      const heldMs = PART * tookMs * (limits.roomMs / units);
      const restMs = now - smallAtMs < LATELY_MS ? Math.min(REST_MAX_MS, heldMs - tookMs) : 0;
      if (restMs < 1 || isClosed) return giveBack(units);
      const timer = setTimeout(() => {
        resting.delete(timer);
        giveBack(units);
      }, restMs);
      resting.add(timer.unref());
    };
  };
  const giveBack = (units: number): void => {
    taken -= units;
    next();
  };

  return {
    enter: (estimateMs, who, signal) => {
      if (estimateMs < smallMs) {
        smallAtMs = nowMs();
        return Promise.resolve(NOTHING);
      }
      // Whole ones: what is left of sums of others would be a room that is never empty.
      const units = Math.ceil(Math.min(estimateMs, limits.roomMs));
      if (waiting === 0 && (taken === 0 || taken + units <= limits.roomMs))
        return Promise.resolve(start(units, estimateMs));
      const queue = queues.get(who) ?? new Set();
      if (isClosed || waiting >= limits.waitingMax || (who !== '' && queue.size >= limits.waitingEach))
        return Promise.reject(busy(`${waiting} requests that cost much wait, ${queue.size} of them yours`));
      return new Promise((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', leave);
        };
        const drop = (): void => {
          settle();
          if (queue.delete(one)) waiting -= 1;
          if (queue.size === 0 && queues.get(who) === queue) queues.delete(who);
        };
        const leave = (): void => {
          drop();
          reject(signal?.reason as Error);
        };
        const one: Waiting = {
          units,
          estimateMs,
          begin: (done) => {
            settle();
            resolve(done);
          },
          refuse: (error) => {
            drop();
            reject(error);
          },
        };
        const timer = setTimeout(
          () => one.refuse(busy('its turn did not come; ask for less, or later')),
          limits.patienceMs,
        );
        timer.unref();
        queue.add(one);
        queues.set(who, queue);
        waiting += 1;
        signal?.addEventListener('abort', leave, { once: true });
      });
    },
    close: () => {
      isClosed = true;
      for (const timer of resting) clearTimeout(timer);
      for (const queue of [...queues.values()])
        for (const one of [...queue]) one.refuse(new CosmicError('node.stopping', 'the node is stopping'));
    },
  };
}

function busy(detail: string): CosmicError {
  return new CosmicError('node.busy', detail);
}
