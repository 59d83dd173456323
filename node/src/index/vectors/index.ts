import { CosmicError, type Cursor, type Head } from '@cosmicembeddings/sdk';
import { faultOfWorker, isDamage } from '../../store/sqlite/driver.js';
import { createHints, FollowerWorker, type FaultList, type Pressure } from '../../follow/index.js';
import { handOver, type Worked } from '../../thread-work.js';
import type { EngineSetting } from './graph.js';
import type { HostRules, HostStatus, SearchQuestion, VectorsAnswer } from './host.js';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.js';
import type { Neighbours } from './neighbours.js';
import { unpackAnswers } from './packed-answers.js';

export type { EngineName, EngineSetting } from './graph.js';
export type { HostRules, HostStatus, VectorsAnswer } from './host.js';
export { NONE, type Neighbours } from './neighbours.js';
export type { Background } from './background.js';
export type { SpaceStatus } from './space-index.js';
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
  /** Rows of an author that came lately are near everything. */
  onNear?(author: string, rows: number): void;
  /** Blocks that it passes over. */
  readonly faults?: FaultList;
  readonly rules?: Partial<HostRules>;
  /** Module with `openReader(setup)`, in place of the SQLite reader, and what else it is told. */
  readonly readerModule?: string;
  readonly readerOptions?: unknown;
  /** As a follower. Default `vectors`. */
  readonly name?: string;
  /** How far what it saved goes: counts for as long as it has not begun. */
  readonly from?: Cursor;
}

export interface SearchOptions {
  /** Bitset over labels; over a SharedArrayBuffer it is not copied. */
  readonly allow?: Uint8Array;
  /** Labels of the rows to score, and of no others. */
  readonly among?: Uint32Array;
  /** Also answer how the query stands to the space's background sample. */
  readonly background?: boolean;
  /** Scan every row. */
  readonly exact?: boolean;
  readonly signal?: AbortSignal;
}

/** Rows of all spaces behind one worker, which follows the store by itself. */
export interface VectorFollower {
  readonly name: string;
  /** The engine in use; `exact` where no native one could be loaded (`notes` says why). */
  readonly engine: string;
  /** An unknown space answers no hits. @throws CosmicError space.dims_mismatch, node.internal */
  search(space: string, query: Float32Array, k: number, options?: SearchOptions): Promise<VectorsAnswer>;
  /**
   * What is nearest to rows of a space, by label, k for each; as many of them as go into some milliseconds. undefined: the index
   * has no such space. @throws CosmicError node.stopping, or what ended the worker
   */
  neighbours(space: string, labels: Uint32Array, k: number): Promise<Neighbours | undefined>;
  /** A hint that the store's head moved; may be lost without harm. */
  notify(head: Head): void;
  /** Resolves when rows of blocks up to `seq` are found by every search. */
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
  position(): Cursor;
  /** Why it stands still for now. */
  stopped(): string | undefined;
  /** Recall@10 of the last compared search. */
  recall(): number | undefined;
  notes(): readonly string[];
  status(): Promise<HostStatus>;
  /** Writes everything now, graphs included. */
  save(): Promise<void>;
  close(): Promise<void>;
}

type Call =
  | { readonly type: 'status' | 'save' }
  | { readonly type: 'neighbours'; readonly space: string; readonly labels: Uint32Array; readonly k: number };

interface Waiting {
  readonly question: SearchQuestion;
  readonly resolve: (answer: VectorsAnswer) => void;
  readonly reject: (error: unknown) => void;
  readonly worked: ((worked: Worked) => void) | undefined;
  sent: number;
}

/** One whose thread starts when it is first asked, or told to begin. */
export interface LateVectors extends VectorFollower {
  /** Resolves when it follows, or is out of order (`notes` say why). */
  begin(): Promise<void>;
}

export async function openVectors(options: VectorsOptions): Promise<VectorFollower> {
  const client = new VectorsClient(options);
  await client.start();
  return client;
}

export function lateVectors(options: VectorsOptions): LateVectors {
  return new VectorsClient(options);
}

class VectorsClient implements LateVectors {
  engine = 'exact';
  private readonly worker: FollowerWorker<ToWorker, FromWorker>;
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
  private starting: Promise<void> | undefined;
  /** Why it could not start. */
  private unstarted: unknown;

  constructor(private readonly options: VectorsOptions) {
    const { plugins = [], guard = true, folder, engine, reader, threads, rules, readerModule } = options;
    const { name = 'vectors', readerOptions } = options;
    const setup: WorkerSetup = {
      name,
      folder,
      engine,
      reader,
      plugins,
      guard,
      ...(threads === undefined ? {} : { threads }),
      ...(rules === undefined ? {} : { rules }),
      ...(readerModule === undefined ? {} : { readerModule }),
      ...(readerOptions === undefined ? {} : { readerOptions }),
    };
    this.worker = new FollowerWorker<ToWorker, FromWorker>({
      name,
      module: new URL('./worker.js', import.meta.url),
      setup,
      ...(options.pressure === undefined ? {} : { pressure: options.pressure }),
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      ...(options.from === undefined ? {} : { from: options.from }),
      faultOf: faultOfWorker,
      receive: (message) => this.receive(message),
      lost: (fault) => this.askAgain(fault),
      failed: (error) => this.fail(error),
      started: () => this.flushSoon(),
    });
  }

  get name(): string {
    return this.worker.name;
  }

  start(): Promise<void> {
    return (this.starting ??= this.worker.start().catch((fault: unknown) => {
      throw isDamage(fault)
        ? fault
        : new CosmicError('node.internal', `the index worker did not start: ${String(fault)}`, { cause: fault });
    }));
  }

  begin(): Promise<void> {
    if (this.failure !== undefined) return Promise.resolve();
    return this.start().catch((error: unknown) => {
      if (this.failure !== undefined) return;
      this.unstarted = error;
      this.fail(error);
    });
  }

  /** Why it answers nothing any more. */
  private get failure(): unknown {
    return this.worker.failure ?? this.unstarted;
  }

  search(
    space: string,
    query: Float32Array,
    k: number,
    { allow, among, background, exact, signal }: SearchOptions = {},
  ): Promise<VectorsAnswer> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) return reject(this.failure as Error);
      if (this.starting === undefined) void this.begin();
      if (signal?.aborted === true) return reject(signal.reason);
      const question = {
        space,
        query,
        k,
        ...(allow === undefined ? {} : { allow }),
        ...(among === undefined ? {} : { among }),
        ...(background === undefined ? {} : { background }),
        ...(exact === undefined ? {} : { exact }),
      };
      this.queued.push({ question, resolve, reject, worked: handOver('vectors'), sent: 0 });
      this.flushSoon();
    });
  }

  notify(head?: Head): void {
    if (head !== undefined) this.headSeq = head.seq;
    this.hint();
  }

  private readonly hint = createHints(() => this.tell());

  private tell(): void {
    if (this.notified) return;
    this.notified = true;
    this.flushSoon();
  }

  waitFor(seq: number, signal?: AbortSignal): Promise<void> {
    if (this.unstarted !== undefined) return Promise.reject(this.unstarted as Error);
    if (this.starting === undefined) void this.begin();
    this.tell();
    return this.worker.waitFor(seq, signal);
  }

  position(): Cursor {
    return this.worker.position();
  }

  stopped(): string | undefined {
    return this.worker.stopped();
  }

  recall(): number | undefined {
    return this.recall_;
  }

  notes(): readonly string[] {
    return this.notes_;
  }

  neighbours(space: string, labels: Uint32Array, k: number): Promise<Neighbours | undefined> {
    return this.call({ type: 'neighbours', space, labels, k });
  }

  status(): Promise<HostStatus> {
    return this.call({ type: 'status' });
  }

  save(): Promise<void> {
    return this.call({ type: 'save' });
  }

  async close(): Promise<void> {
    this.flush();
    await this.worker.close({ type: 'close' });
    this.failAll(this.worker.failure);
  }

  /** One message for all that one turn of the event loop asks. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => this.flush());
  }

  private flush(): void {
    this.flushing = false;
    if (!this.worker.isRunning) return;
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
    } else if (this.notified)
      this.post({ type: 'notify', ...(this.headSeq === undefined ? {} : { seq: this.headSeq }) });
    this.notified = false;
  }

  private receive(message: FromWorker): void {
    if (message.type === 'answers') {
      unpackAnswers(message.packed).forEach((answer, i) => {
        const waiting = this.open.get(message.first + i);
        this.open.delete(message.first + i);
        waiting?.worked?.(message.worked);
        if (answer instanceof CosmicError) waiting?.reject(answer);
        else waiting?.resolve(answer);
      });
    } else if (message.type === 'engine') {
      this.engine = message.engine;
    } else if (message.type === 'near') {
      for (const [author, rows] of message.authors) this.options.onNear?.(author, rows);
    } else if (message.type === 'notes') {
      this.notes_ = message.notes;
      this.recall_ = message.recall ?? undefined;
    } else {
      const value =
        message.type === 'status' ? message.status : message.type === 'neighbours' ? message.near : undefined;
      this.calls.get(message.id)?.resolve(value as never);
      this.calls.delete(message.id);
    }
  }

  private async call<T>(asked: Call): Promise<T> {
    if (this.starting === undefined) await this.begin();
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined || !this.worker.isRunning)
        return reject(this.failure ?? new CosmicError('node.stopping', 'the index is starting'));
      const id = this.nextId++;
      this.calls.set(id, { resolve: resolve as (value: never) => void, reject });
      this.post({ ...asked, id });
    });
  }

  private post(message: ToWorker): void {
    this.worker.post(message);
  }

  /** A question that ended two workers is refused. */
  private askAgain(fault: unknown): void {
    const open = [...this.open.values()];
    this.open.clear();
    this.failCalls(fault);
    for (const waiting of open) {
      if (waiting.sent < 2) this.queued.push(waiting);
      else
        waiting.reject(new CosmicError('node.internal', `the index worker failed: ${String(fault)}`, { cause: fault }));
    }
  }

  private fail(error: unknown): void {
    this.notes_ = [`the vector index is out of order: ${error instanceof CosmicError ? error.detail : String(error)}`];
    this.failAll(error);
  }

  private failAll(error: unknown): void {
    for (const waiting of [...this.open.values(), ...this.queued.splice(0)]) waiting.reject(error);
    this.open.clear();
    this.failCalls(error);
  }

  private failCalls(error: unknown): void {
    for (const call of this.calls.values()) call.reject(error);
    this.calls.clear();
  }
}
