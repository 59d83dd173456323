import { Worker } from 'node:worker_threads';
import { CosmicError } from '@cosmicembeddings/sdk';
import { faultOfWorker } from '../../store/sqlite/driver.js';
import { workerMemory } from '../../worker-memory.js';
import type { Wanted } from './match.js';
import type { MatcherSetup, Stretch, Taken, ToMatcher } from './matcher-worker.js';

/** The thread that compares blocks with watches; it begins with the first of them. */
export interface Matcher {
  add(watch: number, wanted: Wanted): void;
  drop(watch: number): void;
  /** @throws CosmicError node.internal where it did not come back or could not read, node.stopping */
  take(stretch: Stretch): Promise<Taken>;
  close(): Promise<void>;
}

/** A slice of work takes a twentieth of a second; loading plug-ins at the start some more. */
const HANGS_MS = 30_000;

interface Open {
  readonly resolve: (taken: Taken) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

export function openMatcher(setup: MatcherSetup): Matcher {
  const wanted = new Map<number, Wanted>();
  const open = new Map<number, Open>();
  let numbers = 0;
  let worker: Worker | undefined;
  let ended: Promise<void> = Promise.resolve();
  let isClosed = false;

  function started(): Worker {
    if (worker !== undefined) return worker;
    const mine = new Worker(new URL('./matcher-worker.js', import.meta.url), {
      workerData: setup,
      resourceLimits: workerMemory,
    });
    worker = mine;
    mine.on('message', ({ number, ...taken }: Taken) => {
      const one = open.get(number);
      if (one === undefined) return;
      open.delete(number);
      clearTimeout(one.timer);
      if (taken.error === undefined) one.resolve({ number, ...taken });
      else one.reject(new CosmicError('node.internal', `watches: ${taken.error}`));
    });
    mine.on('error', (thrown) => lose(mine, String(faultOfWorker(thrown))));
    ended = new Promise((resolve) => {
      mine.once('exit', () => {
        lose(mine, 'its worker ended');
        resolve();
      });
    });
    for (const [watch, one] of wanted) post({ type: 'add', watch, wanted: one });
    return mine;
  }

  function post(message: ToMatcher): void {
    worker?.postMessage(message);
  }

  /** The next request begins another one, which is told of every watch again. */
  function lose(mine: Worker, why: string): void {
    if (worker !== mine) return;
    worker = undefined;
    void mine.terminate();
    for (const { reject, timer } of open.values()) {
      clearTimeout(timer);
      reject(new CosmicError(isClosed ? 'node.stopping' : 'node.internal', `watches: ${why}`));
    }
    open.clear();
  }

  return {
    add: (watch, one) => {
      wanted.set(watch, one);
      post({ type: 'add', watch, wanted: one });
    },
    drop: (watch) => {
      wanted.delete(watch);
      post({ type: 'drop', watch });
    },
    take: (stretch) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new CosmicError('node.stopping', 'watches'));
        const mine = started();
        const number = ++numbers;
        const timer = setTimeout(() => lose(mine, 'it did not come back'), HANGS_MS).unref();
        open.set(number, { resolve, reject, timer });
        post({ type: 'take', number, ...stretch });
      }),
    close: async () => {
      isClosed = true;
      post({ type: 'close' });
      await ended;
    },
  };
}
