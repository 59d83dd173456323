import { setImmediate as immediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  CosmicError,
  type Arrival,
  type Code,
  type Cursor,
  type PutResult,
  type Tail,
  type Wants,
} from '@cosmicembeddings/sdk';
import { openDatabase, faultOf, faultOfWorker } from './driver.js';
import { RecentTail } from './recent-tail.js';
import { configure } from './schema.js';
import { answerOf } from './writer-answer.js';
import {
  packArrivals,
  resultsOf,
  unpackOutcomes,
  type WriterReply,
  type WriterRequest,
  type WriterResult,
  type WriterSetup,
} from './writer-protocol.js';
import { StoreWriter, type HeadNumbers, type Outcome } from './writer.js';
import { handOver, preciseMs, type Worked } from '../../thread-work.js';
import { workerMemory } from '../../worker-memory.js';

/** One writer, one transaction and one fsync for all puts that wait together. */
export interface GroupCommit {
  put(arrivals: readonly Arrival[]): Promise<PutResult[]>;
  ask(request: WriterRequest): Promise<WriterResult>;
  head(): HeadNumbers;
  /** Entries of the tail after `cursor` where they were written lately; undefined: ask the file. */
  recent(cursor: Cursor, max: number, wants: Wants): Tail | undefined;
  close(): Promise<void>;
}

interface Waiting {
  readonly arrivals: readonly Arrival[];
  readonly worked: ((worked: Worked) => void) | undefined;
  resolve(results: PutResult[]): void;
  reject(error: unknown): void;
}

const GROUP_MAX = 1024;
const GROUP_MAX_BYTES = 16 * 1024 * 1024;
/** Groups under way: one being written, one packed and waiting, so that the writer never idles. */
const DEPTH = 2;
/**
 * Small groups of several blocks follow each other at this distance at least: a commit writes some ten pages however few its blocks are, so
 * a thousand single blocks a second are better written twenty at a time.
 */
const SMALL = 64;
const PAUSE_MS = 5;
const ANSWERS_AT_A_TIME = 128;
/** Puts that wait at most; more are refused as busy. */
const WAITING_MAX = 65_536;

export async function openGroupCommit(setup: WriterSetup): Promise<GroupCommit> {
  const line = setup.engine === 'wasm' ? inLine(setup) : await inWorker(setup);
  const waiting: Waiting[] = [];
  const recent = new RecentTail();
  let head = line.head();
  let underWay = 0;
  let scheduled = false;
  let pausing: NodeJS.Timeout | undefined;

  let lastMs = -Infinity;
  let lastSize = 0;
  const schedule = (): void => {
    if (scheduled || underWay >= DEPTH || waiting.length === 0) return;
    const hurry = waiting.length >= SMALL || lastSize <= 1;
    const pauseMs = hurry ? 0 : lastMs + PAUSE_MS - performance.now();
    if (pauseMs > 0) {
      pausing ??= setTimeout(() => {
        pausing = undefined;
        void flush();
      }, pauseMs);
      return;
    }
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      void flush();
    });
  };
  const written = (): void => {
    underWay -= 1;
    schedule();
  };
  const flush = async (): Promise<void> => {
    if (underWay >= DEPTH || waiting.length === 0) return;
    clearTimeout(pausing);
    pausing = undefined;
    lastMs = performance.now();
    underWay += 1;
    const group = takeGroup(waiting);
    lastSize = group.length;
    try {
      const arrivals = group.flatMap((item) => item.arrivals);
      const outcomes = (await line.ask({ type: 'put', blocks: packArrivals(arrivals) })) as readonly Outcome[];
      const results = resultsOf(arrivals, outcomes);
      head = line.head();
      const worked = line.worked();
      for (const item of group) item.worked?.(worked);
      recent.note(arrivals, outcomes, head.epoch);
      written();
      let at = 0;
      for (let i = 0; i < group.length; i++) {
        // Each answer may end a request: a large group's would hold up the event loop.
        if (i > 0 && i % ANSWERS_AT_A_TIME === 0) await immediate();
        group[i]!.resolve(results.slice(at, (at += group[i]!.arrivals.length)));
      }
    } catch (error) {
      written();
      for (const item of group) item.reject(error);
    }
  };
  return {
    put: (arrivals) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= WAITING_MAX)
          return reject(new CosmicError('node.busy', `${waiting.length} blocks wait to be written`));
        waiting.push({ arrivals, worked: handOver('store'), resolve, reject });
        schedule();
      }),
    ask: async (request) => {
      const result = await line.ask(request);
      head = line.head();
      if (request.type === 'erase' || request.type === 'judge') recent.clear();
      return result;
    },
    head: () => head,
    recent: (cursor, max, wants) => recent.after(cursor, max, wants),
    close: () => line.close(),
  };
}

function takeGroup(waiting: Waiting[]): Waiting[] {
  let blocks = 0;
  let bytes = 0;
  let count = 0;
  while (count < waiting.length && blocks < GROUP_MAX && bytes < GROUP_MAX_BYTES) {
    for (const { block } of waiting[count]!.arrivals) bytes += block.envelope.length + (block.body?.length ?? 0);
    blocks += waiting[count]!.arrivals.length;
    count += 1;
  }
  return waiting.splice(0, count);
}

interface Line {
  ask(request: WriterRequest): Promise<WriterResult>;
  head(): HeadNumbers;
  /** When it was at what it answered last. */
  worked(): Worked;
  close(): Promise<void>;
}

async function inWorker(setup: WriterSetup): Promise<Line> {
  const worker = new Worker(new URL('./writer-worker.js', import.meta.url), {
    workerData: setup,
    resourceLimits: workerMemory,
  });
  const pending: { resolve(result: WriterResult): void; reject(error: unknown): void }[] = [];
  let head: HeadNumbers = { epoch: '', seq: 0, count: 0, labels: 0 };
  let worked: Worked = [0, 0];
  let fault: unknown;
  const asked = (request?: WriterRequest): Promise<WriterResult> =>
    new Promise((resolve, reject) => {
      if (fault !== undefined) return reject(fault);
      pending.push({ resolve, reject });
      if (request !== undefined)
        worker.postMessage(
          request,
          request.type === 'put'
            ? [request.blocks.bytes.buffer as ArrayBuffer, request.blocks.numbers.buffer as ArrayBuffer]
            : [],
        );
    });
  worker.on('message', (reply: WriterReply) => {
    ({ head, worked } = reply);
    const { resolve, reject } = pending.shift()!;
    if (reply.ok)
      resolve(reply.result !== undefined && 'numbers' in reply.result ? unpackOutcomes(reply.result) : reply.result);
    else
      reject(reply.code === undefined ? new Error(reply.message) : new CosmicError(reply.code as Code, reply.message));
  });
  const end = (error: unknown): void => {
    fault ??= error;
    for (const { reject } of pending.splice(0)) reject(fault);
  };
  worker.on('error', (thrown) => end(faultOfWorker(thrown)));
  worker.on('exit', () => end(new Error('the store is closed')));
  await asked();
  return {
    ask: asked,
    head: () => head,
    worked: () => worked,
    close: async () => {
      if (fault !== undefined) return;
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      await asked({ type: 'close' });
      await exited;
    },
  };
}

/** For engines whose connections cannot share a file: the writer works in this thread. */
function inLine(setup: WriterSetup): Line {
  const database = openDatabase(setup.engine, setup.path);
  configure(database, setup.engine);
  const writer = new StoreWriter(database, setup.path);
  let closed = false;
  let worked: Worked = [0, 0];
  return {
    ask: async (request) => {
      if (closed) throw new Error('the store is closed');
      const fromMs = preciseMs();
      try {
        return answerOf(request, writer, database);
      } catch (error) {
        throw faultOf(error);
      } finally {
        worked = [fromMs, preciseMs()];
      }
    },
    head: () => writer.head(),
    worked: () => worked,
    close: async () => {
      if (closed) return;
      closed = true;
      answerOf({ type: 'close' }, writer, database);
    },
  };
}
