import { Worker } from 'node:worker_threads';
import { CosmicError } from '@cosmicembeddings/sdk';
import { FairQueue } from '../fair-queue.js';
import { faultOfWorker } from '../store/sqlite/driver.js';
import { threadTimeMs } from '../thread-time.js';
import { workerMemory } from '../worker-memory.js';
import type { QuestionAsked, QuestionReply, QuestionRequest, QuestionSetup } from './question-worker.js';
import { watchLocksOf } from '../store/sqlite/wasm-locks.js';

/** A worker that answers questions, one at a time; a new one takes the place of one that does not come to an end. */
export interface Questions {
  /** `who`: whose turn it takes. @throws CosmicError as the question does; view.failed for one that did not come to an end, view.busy for one that the machine did not get to, node.busy */
  ask(question: QuestionAsked, who?: string): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Reading is stopped after a quarter of a second; who is still at it after so much of the thread's own time reads nothing and would
 * go on for ever. On a busy machine much more time passes meanwhile.
 */
const END_MS = 2_000;
/** Nobody waits longer, whatever holds it up. */
const LATE_MS = 30_000;
const BEGIN_MS = 30_000;
const LOOK_MS = 500;
const WAITING_MAX = 256;
/** Of one address or key. */
const WAITING_EACH = 64;
const HEAP_MB = 128;

interface Open {
  readonly request: QuestionRequest;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

export function openQuestions(setup: QuestionSetup, onFault: (detail: string) => void): Questions {
  const waiting = new FairQueue<Open>(WAITING_MAX, WAITING_EACH);
  let numbers = 0;
  let current: Open | undefined;
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  let timePath: string | undefined;
  let isReady = false;
  let isClosed = false;

  function start(): Worker {
    const mine = new Worker(new URL('./question-worker.js', import.meta.url), {
      workerData: setup,
      resourceLimits: { ...workerMemory, maxOldGenerationSizeMb: HEAP_MB },
    });
    watchLocksOf(mine);
    isReady = false;
    mine.on('message', (reply: QuestionReply) => {
      if (worker === mine && reply.number === 0) {
        isReady = true;
        timePath = reply.timePath;
        arm();
      }
      if (worker !== mine || current?.request.number !== reply.number) return;
      const { resolve, reject } = current;
      current = undefined;
      clearTimeout(timer);
      if (reply.error === undefined) resolve(reply.answer);
      else reject(reply.code === undefined ? new Error(reply.error) : new CosmicError(reply.code, reply.error));
      next();
    });
    mine.on('error', (thrown) => {
      if (worker === mine) give(`${nameOf(current)}: ${String(faultOfWorker(thrown))}`);
    });
    return mine;
  }

  /** The question under way is answered by a failure, and the worker ends with it. */
  function give(detail: string, code: 'view.failed' | 'view.busy' = 'view.failed'): void {
    const [ended, open] = [worker, current];
    worker = undefined;
    current = undefined;
    clearTimeout(timer);
    void ended?.terminate();
    onFault(`questions: ${detail}`);
    open?.reject(new CosmicError(code, detail));
    next();
  }

  /** A worker that begins loads plug-ins first. */
  function arm(): void {
    clearTimeout(timer);
    if (current === undefined) return;
    if (!isReady) timer = setTimeout(() => give(`${nameOf(current)} did not begin`, 'view.busy'), BEGIN_MS);
    else look(performance.now() + LATE_MS, threadTimeMs(timePath));
  }

  function look(lateMs: number, beganMs: number | undefined): void {
    timer = setTimeout(() => {
      const usedMs = (threadTimeMs(timePath) ?? 0) - (beganMs ?? 0);
      if (usedMs >= END_MS) give(`${nameOf(current)} did not come to an end`);
      else if (performance.now() >= lateMs) give(`${nameOf(current)} was not done in time`, 'view.busy');
      else look(lateMs, beganMs);
    }, LOOK_MS);
  }

  function next(): void {
    if (current !== undefined) return;
    current = waiting.shift();
    if (current === undefined) return;
    worker ??= start();
    worker.postMessage(current.request);
    arm();
  }

  const ask = (question: QuestionAsked, who = ''): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (isClosed) return reject(new CosmicError('node.stopping', 'views'));
      if (!waiting.push({ request: { ...question, number: ++numbers }, resolve, reject }, who))
        return reject(new CosmicError('node.busy', 'too many questions to views'));
      next();
    });

  return {
    ask,
    async close() {
      if (worker === undefined) {
        isClosed = true;
        return;
      }
      const mine = worker;
      const exited = new Promise<void>((resolve) => mine.once('exit', () => resolve()));
      await ask({ type: 'close' }).catch(() => undefined);
      isClosed = true;
      await exited;
    },
  };
}

function nameOf(open: Open | undefined): string {
  const request = open?.request;
  return request?.type === 'ask' ? `${request.view}/${request.question}` : (request?.type ?? 'its worker');
}
