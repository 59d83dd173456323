import { Worker } from 'node:worker_threads';
import { CosmicError, type Cursor, type Head } from '@cosmicembeddings/sdk';
import { faultOfWorker, isDamage } from '../../store/sqlite/driver.js';
import type { Pressure } from '../../follow/give-way.js';
import type { EngineSetting } from './graph.js';
import type { HostRules, HostStatus, SearchQuestion, VectorsAnswer } from './host.js';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.js';
import { workerMemory } from '../../worker-memory.js';

export type { EngineName, EngineSetting } from './graph.js';
export type { HostRules, HostStatus, VectorsAnswer } from './host.js';
export type { Background, SpaceStatus } from './space-index.js';
export type { ScoredRow } from './top-rows.js';

export interface VectorsOptions {
  /** Folder of the index's own files; they can be deleted at any time. */
  readonly folder: string;
  readonly engine: EngineSetting;
  /** The store that the index follows: the node's data folder and SQLite engine. */
  readonly reader: { readonly folder: string; readonly engine: string };
  readonly plugins?: readonly string[];
  /** Demote rows that are near everything. Default true. */
  readonly guard?: boolean;
  /** Threads of the graph engine. Default 2, or 1 on a single core. */
  readonly threads?: number;
  /** Blocks at the door: while they are many, indexing rests more than it works. */
  readonly pressure?: Pressure;
  readonly rules?: Partial<HostRules>;
  /** Module with `openReader(setup)`, in place of the SQLite reader. */
  readonly readerModule?: string;
}

export interface SearchOptions {
  /** Bitset over labels; over a SharedArrayBuffer it is not copied. */
  readonly allow?: Uint8Array;
  /** Also answer how the query stands to the space's background sample. */
  readonly background?: boolean;
  /** Scan every row. */
  readonly exact?: boolean;
  readonly signal?: AbortSignal;
}

/** Rows of all spaces behind one worker, which follows the store by itself. */
export interface Vectors {
  /** The engine in use; `exact` where no native one could be loaded (`notes` says why). */
  readonly engine: string;
  /** An unknown space answers no hits. @throws CosmicError space.dims_mismatch, node.internal */
  search(space: string, query: Float32Array, k: number, options?: SearchOptions): Promise<VectorsAnswer>;
  /** A hint that the store's head moved; may be lost without harm. */
  notify(head: Head): void;
  /** Resolves when rows of blocks up to `seq` are found by every search. */
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
  position(): Cursor;
  /** Recall@10 of the last compared search. */
  recall(): number | undefined;
  notes(): readonly string[];
  status(): Promise<HostStatus>;
  /** Writes everything now, graphs included. */
  save(): Promise<void>;
  close(): Promise<void>;
}

interface Waiting {
  readonly question: SearchQuestion;
  readonly resolve: (answer: VectorsAnswer) => void;
  readonly reject: (error: unknown) => void;
  sent: number;
}

/** A worker that dies is started again this often within a minute; then searches fail. */
const RESTARTS_MAX = 5;

export async function openVectors(options: VectorsOptions): Promise<Vectors> {
  const client = new VectorsClient(options);
  await client.start();
  return client;
}

class VectorsClient implements Vectors {
  engine = 'exact';
  private worker: Worker | undefined;
  private position_: Cursor = { epoch: '', seq: 0 };
  private notes_: readonly string[] = [];
  private recall_: number | undefined;
  private readonly open = new Map<number, Waiting>();
  private readonly calls = new Map<
    number,
    { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void }
  >();
  private queued: Waiting[] = [];
  private nextId = 0;
  private flushing = false;
  private notified = false;
  private headSeq: number | undefined;
  private readonly waiters = new Set<{
    readonly seq: number;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }>();
  private restarts: number[] = [];
  private ended: Promise<void> = Promise.resolve();
  private failure: CosmicError | undefined;
  private closing = false;

  constructor(private readonly options: VectorsOptions) {}

  start(): Promise<void> {
    const { plugins = [], guard = true, folder, engine, reader, threads, pressure, rules, readerModule } = this.options;
    const setup: WorkerSetup = {
      folder,
      engine,
      reader,
      plugins,
      guard,
      ...(threads === undefined ? {} : { threads }),
      ...(pressure === undefined ? {} : { pressure }),
      ...(rules === undefined ? {} : { rules }),
      ...(readerModule === undefined ? {} : { readerModule }),
    };
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: setup,
      resourceLimits: workerMemory,
    });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      let ready = false;
      let fault: unknown;
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') {
          ready = true;
          this.engine = message.engine;
          resolve();
        }
        this.receive(message);
      });
      worker.on('error', (thrown) => {
        fault = faultOfWorker(thrown);
      });
      this.ended = new Promise((ended) => {
        worker.once('exit', () => {
          ended();
          if (this.worker !== worker) return;
          this.worker = undefined;
          if (!ready)
            reject(
              isDamage(fault)
                ? fault
                : new CosmicError('node.internal', `the index worker did not start: ${String(fault)}`, {
                    cause: fault,
                  }),
            );
          if (!this.closing && ready) this.restart(fault);
        });
      });
    });
  }

  search(
    space: string,
    query: Float32Array,
    k: number,
    { allow, background, exact, signal }: SearchOptions = {},
  ): Promise<VectorsAnswer> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined || this.closing)
        return reject(this.failure ?? new CosmicError('node.stopping', 'the index is closed'));
      if (signal?.aborted === true) return reject(signal.reason);
      const question = {
        space,
        query,
        k,
        ...(allow === undefined ? {} : { allow }),
        ...(background === undefined ? {} : { background }),
        ...(exact === undefined ? {} : { exact }),
      };
      this.queued.push({ question, resolve, reject, sent: 0 });
      this.flushSoon();
    });
  }

  notify(head?: Head): void {
    if (head !== undefined) this.headSeq = head.seq;
    if (this.notified) return;
    this.notified = true;
    this.flushSoon();
  }

  waitFor(seq: number, signal?: AbortSignal): Promise<void> {
    if (this.position_.seq >= seq) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const stop = (): void => void (this.waiters.delete(waiter), signal?.removeEventListener('abort', abort));
      const abort = (): void => (stop(), reject(signal!.reason));
      const waiter = { seq, resolve: () => (stop(), resolve()), reject: (error: unknown) => (stop(), reject(error)) };
      this.waiters.add(waiter);
      signal?.addEventListener('abort', abort, { once: true });
      this.notify();
    });
  }

  position(): Cursor {
    return this.position_;
  }

  recall(): number | undefined {
    return this.recall_;
  }

  notes(): readonly string[] {
    return this.notes_;
  }

  status(): Promise<HostStatus> {
    return this.call('status');
  }

  save(): Promise<void> {
    return this.call('save');
  }

  async close(): Promise<void> {
    if (this.closing) return this.ended;
    this.closing = true;
    this.flush();
    this.post({ type: 'close' });
    await this.ended;
    this.failAll(new CosmicError('node.stopping', 'the index is closed'));
  }

  /** One message for all that one turn of the event loop asks. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => this.flush());
  }

  private flush(): void {
    this.flushing = false;
    if (this.worker === undefined) return;
    if (this.queued.length > 0) {
      const first = this.nextId;
      const batch = this.queued.splice(0);
      for (const waiting of batch) {
        waiting.sent++;
        this.open.set(this.nextId++, waiting);
      }
      this.post({
        type: 'search',
        first,
        questions: batch.map(({ question }) => question),
        ...(this.headSeq === undefined ? {} : { seq: this.headSeq }),
      });
    } else if (this.notified) this.post({ type: 'notify' });
    this.notified = false;
  }

  private receive(message: FromWorker): void {
    if (message.type === 'answers') {
      message.answers.forEach((answer, i) => {
        const waiting = this.open.get(message.first + i);
        this.open.delete(message.first + i);
        if ('code' in answer) waiting?.reject(new CosmicError(answer.code, answer.detail));
        else waiting?.resolve(answer);
      });
    } else if (message.type === 'progress') {
      this.position_ = message.position;
      if (message.notes !== undefined) {
        this.notes_ = message.notes;
        this.recall_ = message.recall ?? undefined;
      }
      for (const waiter of this.waiters) if (message.position.seq >= waiter.seq) waiter.resolve();
    } else if (message.type === 'status' || message.type === 'saved') {
      this.calls.get(message.id)?.resolve((message.type === 'status' ? message.status : undefined) as never);
      this.calls.delete(message.id);
    }
  }

  private call<T>(type: 'status' | 'save'): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined || this.closing || this.worker === undefined)
        return reject(this.failure ?? new CosmicError('node.stopping', 'the index is closed or starting'));
      const id = this.nextId++;
      this.calls.set(id, { resolve: resolve as (value: never) => void, reject });
      this.post({ type, id });
    });
  }

  private post(message: ToWorker): void {
    this.worker?.postMessage(message);
  }

  /** The next worker starts from what is saved and reads the rest from the store. A question that killed two is refused. */
  private restart(fault: unknown): void {
    const now = Date.now();
    this.restarts = [...this.restarts.filter((at) => now - at < 60_000), now];
    const open = [...this.open.values()];
    this.open.clear();
    this.failCalls(fault);
    for (const waiting of open) {
      if (waiting.sent < 2) this.queued.push(waiting);
      else
        waiting.reject(new CosmicError('node.internal', `the index worker failed: ${String(fault)}`, { cause: fault }));
    }
    if (this.restarts.length > RESTARTS_MAX)
      return this.fail(
        new CosmicError(
          'node.internal',
          `the index worker failed ${RESTARTS_MAX} times in a minute: ${String(fault)}`,
          { cause: fault },
        ),
      );
    this.start().then(
      () => this.flushSoon(),
      (error: unknown) => this.fail(error as CosmicError),
    );
  }

  private fail(error: CosmicError): void {
    this.failure = error;
    this.notes_ = [`the vector index is out of order: ${error.detail}`];
    this.failAll(error);
  }

  private failAll(error: CosmicError): void {
    for (const waiting of [...this.open.values(), ...this.queued.splice(0)]) waiting.reject(error);
    for (const waiter of [...this.waiters]) waiter.reject(error);
    this.open.clear();
    this.failCalls(error);
  }

  private failCalls(error: unknown): void {
    for (const call of this.calls.values()) call.reject(error);
    this.calls.clear();
  }
}
