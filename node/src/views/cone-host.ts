import { Worker } from 'node:worker_threads';
import { CosmicError, type Clock, type Cursor } from '@cosmicembeddings/sdk';
import { faultOfWorker } from '../store/sqlite/driver.js';
import { workerMemory } from '../worker-memory.js';
import { createSharedBeat, Waiters, watchBeat, type Working } from '../follow/index.js';
import type { ConeReply, ConeRequest, ConeSetup, PackedBlocks } from './cone-protocol.js';
import { watchLocksOf } from '../store/sqlite/wasm-locks.js';

/** A cone's worker as the main thread sees it: it is started again when it ends, and ended when a view does not. */
export interface ConeHost {
  position(): Cursor;
  isReady(): boolean;
  /** Why it stands still for good. */
  failure(): string | undefined;
  /** Resolves when all up to `seq` is taken. @throws CosmicError view.failed; the signal's reason */
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface ConeHostOptions {
  readonly setup: Omit<ConeSetup, 'bars' | 'carefulTo' | 'beat' | 'view'>;
  readonly clock: Clock;
  /** All that the cone hides, whenever its worker begins; whether it is whole. */
  onOpened(fallen: PackedBlocks, ready: boolean): void;
  onMoved(moved: Extract<ConeReply, { type: 'moved' }>): void;
  /** A block that a view cannot take, or a view that cannot go on: named, everything else goes on. */
  onFault(detail: string): void;
}

/** A view that shows no sign of life for so long is ended. */
const HANG_MS = 5_000;
const LOOK_MS = 500;
const AGAIN_MS = 1_000;
/** A view that did not come to an end so often stands still for good. */
const HANGS_MAX = 4;
const HEAP_MB = 256;

export async function openConeHost(options: ConeHostOptions): Promise<ConeHost> {
  const { setup, clock } = options;
  const { views } = setup.cone;
  const working = new Int32Array(new SharedArrayBuffer(4));
  const bars: { readonly view: string; readonly seq: number }[] = [];
  const waiters = new Waiters();
  const closing = new AbortController();
  let hangs = 0;
  let carefulTo = 0;
  let position: Cursor = { epoch: '', seq: -1 };
  let isReady = false;
  let isAsked = false;
  let failure: string | undefined;
  let worker: Worker | undefined;
  /** Told to end, and not gone yet. */
  let ending: Worker | undefined;
  let opened!: () => void;
  let refused!: (error: unknown) => void;
  const first = new Promise<void>((resolve, reject) => ([opened, refused] = [resolve, reject]));
  let hung: ReturnType<typeof watchBeat>;

  function start(): void {
    Atomics.store(working, 0, 0);
    // Its own: what the one before it was ended in says nothing of it.
    const beat = createSharedBeat();
    hung = watchBeat(beat, HANG_MS);
    const mine = new Worker(new URL('./cone-worker.js', import.meta.url), {
      workerData: { ...setup, bars, carefulTo, beat, view: working.buffer as SharedArrayBuffer } satisfies ConeSetup,
      resourceLimits: { ...workerMemory, maxOldGenerationSizeMb: HEAP_MB },
    });
    watchLocksOf(mine);
    worker = mine;
    isAsked = false;
    mine.on('message', (reply: ConeReply) => hear(reply));
    mine.on('error', (thrown) => {
      if (worker !== mine) return;
      const error = faultOfWorker(thrown);
      options.onFault(`views ${views.join(', ')}: ${String(error)}`);
      ended(hung(Infinity), String(error));
      // Before it has opened its file, a worker that ends would only end again.
      refused(error);
    });
    mine.on('exit', () => {
      if (worker !== mine || closing.signal.aborted) return;
      worker = undefined;
      if (failure === undefined) void clock.sleep(AGAIN_MS, closing.signal).then(start, () => undefined);
    });
    if (waiters.size > 0) ask();
  }

  function ask(): void {
    if (isAsked || worker === undefined) return;
    isAsked = true;
    worker.postMessage({ type: 'catchUp' } satisfies ConeRequest);
  }

  function hear(reply: ConeReply): void {
    if (reply.type === 'opened') {
      position = reply.position;
      isReady = reply.ready;
      options.onOpened(reply.fallen, reply.ready);
      opened();
    } else if (reply.type === 'moved') {
      position = reply.position;
      isReady ||= reply.ready;
      options.onMoved(reply);
    } else if (reply.type === 'caughtUp') isAsked = false;
    else if (reply.type === 'fault') options.onFault(`view ${reply.view} cannot take ${reply.at}: ${reply.detail}`);
    else options.onFault(reply.detail);
    settle();
  }

  function settle(): void {
    waiters.reach(position.seq);
    if (waiters.size > 0) ask();
  }

  /** Which view it was, on which block: that one is left out from now on. */
  function ended(at: Working | undefined, how: string): void {
    const view = views[Atomics.load(working, 0) - 1];
    if (view === undefined || at === undefined) return;
    hangs += 1;
    const { first, last } = at;
    if (first === last && !bars.some((bar) => bar.view === view && bar.seq === first)) {
      bars.push({ view, seq: first });
      options.onFault(
        `view ${view} did not come to an end with the block at ${first}, which it is not given again: ${how}`,
      );
    } else options.onFault(`view ${view} did not come to an end with the blocks from ${first} to ${last}: ${how}`);
    carefulTo = Math.max(carefulTo, last);
    if (hangs < HANGS_MAX) return;
    failure = `view ${view} did not come to an end ${hangs} times; the last time at ${last}`;
    options.onFault(`${failure}; its cone (${views.join(', ')}) stands still`);
    opened();
    waiters.fail(new CosmicError('view.failed', failure));
  }

  const watchdog = setInterval(() => {
    if (worker === undefined || worker === ending) return;
    const at = hung(clock.now());
    if (at === undefined) return;
    ending = worker;
    const how = `no sign of life for ${HANG_MS} ms`;
    if (Atomics.load(working, 0) === 0)
      options.onFault(`views ${views.join(', ')}: begun again at the blocks from ${at.first} to ${at.last}: ${how}`);
    else ended(at, how);
    void worker.terminate();
  }, LOOK_MS);
  watchdog.unref();

  start();
  await first;
  return {
    position: () => position,
    isReady: () => isReady,
    failure: () => failure,
    waitFor(seq, signal) {
      if (position.seq >= seq) return Promise.resolve();
      if (failure !== undefined) return Promise.reject(new CosmicError('view.failed', failure));
      const reached = waiters.wait(seq, signal);
      ask();
      return reached;
    },
    async close() {
      closing.abort(new CosmicError('node.stopping', 'views'));
      clearInterval(watchdog);
      const mine = worker;
      if (mine === undefined) return;
      const exited = new Promise<void>((resolve) => mine.once('exit', () => resolve()));
      mine.postMessage({ type: 'close' } satisfies ConeRequest);
      // One that is in a view which does not come to an end does not hear it.
      const late = setTimeout(() => void mine.terminate(), HANG_MS);
      await exited;
      clearTimeout(late);
      waiters.fail(closing.signal.reason);
    },
  };
}
