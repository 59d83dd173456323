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
  /** Why it stands still, and until when. */
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
  /** A view that shows no sign of life for so long is ended. */
  readonly hangMs?: number;
}

const HANG_MS = 5_000;
const LOOK_MS = 500;
const AGAIN_MS = 1_000;
/** A view that did not come to an end so often within so long stands still for as long, and then goes on. */
const HANGS_MAX = 4;
const HANGS_WITHIN_MS = 3_600_000;
const HEAP_MB = 256;

export async function openConeHost(options: ConeHostOptions): Promise<ConeHost> {
  const { setup, clock, hangMs = HANG_MS } = options;
  const { views } = setup.cone;
  const working = new Int32Array(new SharedArrayBuffer(4));
  const bars: { readonly view: string; readonly seq: number }[] = [];
  const waiters = new Waiters();
  const closing = new AbortController();
  let hungMs: number[] = [];
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
    hung = watchBeat(beat, hangMs);
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
    const nowMs = clock.now();
    hungMs = [...hungMs.filter((ms) => ms > nowMs - HANGS_WITHIN_MS), nowMs];
    const { first, last } = at;
    if (first === last && !bars.some((bar) => bar.view === view && bar.seq === first)) {
      bars.push({ view, seq: first });
      options.onFault(
        `view ${view} did not come to an end with the block at ${first}, which it is not given again: ${how}`,
      );
    } else options.onFault(`view ${view} did not come to an end with the blocks from ${first} to ${last}: ${how}`);
    carefulTo = Math.max(carefulTo, last);
    if (hungMs.length < HANGS_MAX) return;
    const until = new Date(nowMs + HANGS_WITHIN_MS).toISOString();
    failure = `view ${view} did not come to an end ${hungMs.length} times within an hour; the last time at ${last}; it goes on at ${until}`;
    options.onFault(
      `${failure}, and its cone (${views.join(', ')}) stands still until then; a start of the node goes on at once`,
    );
    opened();
    waiters.fail(new CosmicError('view.failed', failure));
    void clock.sleep(HANGS_WITHIN_MS, closing.signal).then(goOn, () => undefined);
  }

  function goOn(): void {
    failure = undefined;
    hungMs = [];
    options.onFault(`views ${views.join(', ')}: go on after an hour`);
    // The worker that hung last may be on its way out yet: its end starts the next one.
    if (worker === undefined) start();
  }

  const watchdog = setInterval(() => {
    if (worker === undefined || worker === ending) return;
    const at = hung(clock.now());
    if (at === undefined) return;
    ending = worker;
    const how = `no sign of life for ${hangMs} ms`;
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
      const late = setTimeout(() => void mine.terminate(), hangMs);
      await exited;
      clearTimeout(late);
      waiters.fail(closing.signal.reason);
    },
  };
}
