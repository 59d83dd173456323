import { Worker } from 'node:worker_threads';
import { CosmicError, type Cursor } from '@cosmicembeddings/sdk';
import { workerMemory } from '../worker-memory.js';
import { createSharedBeat, watchBeat, type Working } from './alive.js';
import { openFaults, type FaultList } from './faults.js';
import type { Pressure } from './give-way.js';
import type { FollowerPart, FromFollower } from './serve.js';
import { Waiters } from './waiters.js';
import { watchLocksOf } from '../store/sqlite/wasm-locks.js';

export interface FollowerWorkerOptions<Out> {
  readonly name: string;
  readonly module: URL;
  /** What the module's `workerData` holds beside `follower`. */
  readonly setup: object;
  readonly faults?: FaultList;
  readonly pressure?: Pressure;
  /** How far what it saved goes, for as long as it has not started. */
  readonly from?: Cursor;
  /** A `take` without a sign of life for so long is ended. Default 5,000. */
  readonly hangsMs?: number;
  /** What the worker answers, `FromFollower` apart. */
  receive(message: Out): void;
  /** The worker is gone and another one starts: what was asked of it is lost. */
  lost(fault: unknown): void;
  /** It is gone for good. */
  failed(fault: unknown): void;
  /** It follows: for the first time, or again. */
  started?(): void;
  /** What SQLite or another library threw, with a code where there is one. */
  faultOf(thrown: unknown): unknown;
}

/** A worker that dies is started again this often within a minute; then it is out of order. */
const RESTARTS_MAX = 5;
const HANGS_MS = 5_000;
const LOOK_EVERY_MS = 500;

/**
 * The main thread's half of a follower that lives in a worker: starts it, starts it again when it died, ends it when a
 * block does not come back and has the next one pass over that block, and knows how far it is.
 */
export class FollowerWorker<In, Out extends { readonly type: string }> {
  private worker: Worker | undefined;
  private position_: Cursor;
  private version = '';
  private stopped_: string | undefined;
  private readonly waiters = new Waiters();
  private readonly faults: FaultList;
  private carefulTo = 0;
  private hung: Working | undefined;
  private restarts: number[] = [];
  private ended: Promise<void> = Promise.resolve();
  private failure_: unknown;
  private closing = false;

  constructor(private readonly options: FollowerWorkerOptions<Out>) {
    this.faults = options.faults ?? openFaults();
    this.position_ = options.from ?? { epoch: '', seq: 0 };
  }

  get name(): string {
    return this.options.name;
  }

  /** Why it is out of order, or closed; undefined while it works. */
  get failure(): unknown {
    return this.failure_;
  }

  get isRunning(): boolean {
    return this.worker !== undefined;
  }

  position(): Cursor {
    return this.position_;
  }

  /** Why it stands still for now. */
  stopped(): string | undefined {
    return this.stopped_;
  }

  /** Resolves when the worker follows. @throws what ended it before */
  start(): Promise<void> {
    const beat = createSharedBeat();
    const { name, module, setup, pressure } = this.options;
    const part: FollowerPart = {
      beat,
      faults: this.faults.of(name),
      carefulTo: this.carefulTo,
      ...(pressure === undefined ? {} : { pressure }),
    };
    const worker = new Worker(module, { workerData: { ...setup, follower: part }, resourceLimits: workerMemory });
    watchLocksOf(worker);
    this.worker = worker;
    const look = watchBeat(beat, this.options.hangsMs ?? HANGS_MS);
    const watching = setInterval(() => {
      const working = look(performance.now());
      if (working !== undefined && this.hung === undefined) this.end(worker, working);
    }, LOOK_EVERY_MS).unref();
    return new Promise((resolve, reject) => {
      let following = false;
      let fault: unknown;
      worker.on('message', (message: Out | FromFollower) => {
        if (this.note(message as FromFollower)) {
          if (message.type === 'following') {
            following = true;
            resolve();
          }
        } else this.options.receive(message as Out);
      });
      worker.on('error', (thrown) => {
        fault = this.options.faultOf(thrown);
      });
      this.ended = new Promise((ended) => {
        worker.once('exit', () => {
          clearInterval(watching);
          ended();
          this.worker = undefined;
          if (!following) reject(fault ?? new Error(`${name}: its worker did not start`));
          else if (!this.closing) this.restart(fault ?? new Error(`${name}: its worker ended`));
        });
      });
    });
  }

  post(message: In): void {
    this.worker?.postMessage(message);
  }

  waitFor(seq: number, signal?: AbortSignal): Promise<void> {
    if (this.failure_ !== undefined) return Promise.reject(this.failure_ as Error);
    return this.position_.seq >= seq ? Promise.resolve() : this.waiters.wait(seq, signal);
  }

  /** Asks the worker to close by `message` and waits for its end. */
  async close(message: In): Promise<void> {
    if (!this.closing) {
      this.closing = true;
      this.failure_ ??= new CosmicError('node.stopping', `${this.name} is closed`);
      this.post(message);
    }
    await this.ended;
    this.waiters.fail(this.failure_);
  }

  /** Was the message about following? */
  private note(message: FromFollower): boolean {
    switch (message.type) {
      case 'following':
      case 'moved':
        if (message.type === 'following') this.version = message.version;
        this.stopped_ = undefined;
        this.position_ = message.position;
        if (message.position.seq >= this.carefulTo) this.carefulTo = 0;
        this.waiters.reach(message.position.seq);
        if (message.type === 'following') this.options.started?.();
        return true;
      case 'fault':
        this.file(message.seq, message.why);
        return true;
      case 'stopped':
        this.stopped_ = message.why;
        return true;
      default:
        return false;
    }
  }

  private file(seq: number, why: string): void {
    this.faults.add(this.name, { seq, epoch: this.position_.epoch, version: this.version, why });
  }

  /** The thread does not answer: which block it is that holds it, or among which it is, stands in the beat. */
  private end(worker: Worker, working: Working): void {
    this.hung = working;
    if (working.first === working.last) this.file(working.first, 'it did not come back');
    else this.carefulTo = working.last;
    void worker.terminate();
  }

  /** The next worker starts from what is saved and reads the rest from the store. */
  private restart(fault: unknown): void {
    const nowMs = performance.now();
    // A block that hung is not met again: that is no reason to give up.
    if (this.hung === undefined) this.restarts = [...this.restarts.filter((at) => nowMs - at < 60_000), nowMs];
    this.hung = undefined;
    this.options.lost(fault);
    if (this.restarts.length > RESTARTS_MAX)
      return this.fail(
        new CosmicError(
          'node.internal',
          `the worker of ${this.name} failed ${RESTARTS_MAX} times in a minute: ${String(fault)}`,
          { cause: fault },
        ),
      );
    this.start().catch((error: unknown) => this.fail(error));
  }

  private fail(error: unknown): void {
    this.failure_ = error;
    this.waiters.fail(error);
    this.options.failed(error);
  }
}
