import { Worker } from 'node:worker_threads';
import { CosmicError, type Cursor, type Head, type TextHit, type TextIndex } from '@cosmicembeddings/sdk';
import { faultOfWorker } from '../../store/sqlite/driver.js';
import { unpackAnswer, type WordAnswer, type WordQuestion } from './index.js';
import type { TextReply, TextRequest, TextSetup } from './text-worker.js';
import { workerMemory } from '../../worker-memory.js';

export interface SqliteText extends TextIndex {
  /** Drives the index to the head seen now, or as far as the deadline (this machine's clock) allows. */
  catchUp(deadlineMs: number): Promise<Cursor>;
  /** Scores by the words' postings in memory, for hybrid searches; undefined while these are not loaded yet. */
  match(query: string, question: WordQuestion): Promise<WordAnswer | undefined>;
  /** Texts that hold what stands in quotes. */
  phrases(query: string, k: number, allow?: Uint8Array): Promise<TextHit[]>;
  notify(head: Head): void;
  close(): Promise<void>;
}

type Asked =
  | { readonly type: 'catchUp'; readonly deadlineMs: number }
  | {
      readonly type: 'search';
      readonly query: string;
      readonly k: number;
      readonly allow?: Uint8Array;
      readonly phrases?: boolean;
    }
  | ({ readonly type: 'match'; readonly query: string } & WordQuestion)
  | { readonly type: 'close' };

/** Full-text search (FTS5, porter stemmer) in a worker that follows the store by itself. */
export async function openText(setup: TextSetup): Promise<SqliteText> {
  const worker = new Worker(new URL('./text-worker.js', import.meta.url), {
    workerData: setup,
    resourceLimits: workerMemory,
  });
  const pending = new Map<number, { resolve(reply: TextReply): void; reject(error: unknown): void }>();
  let numbers = 0;
  let position: Cursor = { epoch: '', seq: 0 };
  let headSeq = -1;
  let fault: unknown;
  const ask = (request: Asked): Promise<TextReply> =>
    new Promise((resolve, reject) => {
      if (fault !== undefined) return reject(fault);
      const number = ++numbers;
      pending.set(number, { resolve, reject });
      worker.postMessage({ ...request, number } as TextRequest);
    });
  const end = (error: unknown): void => {
    fault ??= error;
    for (const { reject } of pending.values()) reject(fault);
    pending.clear();
  };
  const ready = new Promise<void>((resolve, reject) => {
    worker.on('message', (reply: TextReply) => {
      position = reply.position;
      if (reply.number === 0) return resolve();
      const waiting = pending.get(reply.number);
      pending.delete(reply.number);
      if (reply.error === undefined) waiting?.resolve(reply);
      else
        waiting?.reject(reply.code === undefined ? new Error(reply.error) : new CosmicError(reply.code, reply.error));
    });
    worker.on('error', (thrown) => {
      const error = faultOfWorker(thrown);
      reject(error);
      end(error);
    });
    worker.on('exit', () => end(new Error('the text index is closed')));
  });
  await ready;
  const find = async (
    query: string,
    k: number,
    allow: Uint8Array | undefined,
    phrases: boolean,
  ): Promise<TextHit[]> => [
    ...((await ask({ type: 'search', query, k, phrases, ...(allow === undefined ? {} : { allow }) })).hits ?? []),
  ];
  return {
    position: async () => {
      if (headSeq > position.seq) await ask({ type: 'catchUp', deadlineMs: 0 });
      return position;
    },
    catchUp: async (deadlineMs) => {
      // Nothing arrived since the index was last seen at the head: no need to ask.
      if (headSeq >= 0 && position.seq >= headSeq) return position;
      return (await ask({ type: 'catchUp', deadlineMs })).position;
    },
    search: (query, k, allow) => find(query, k, allow, false),
    phrases: (query, k, allow) => find(query, k, allow, true),
    match: async (query, question) => {
      const { match } = await ask({ type: 'match', query, ...question });
      return match === undefined ? undefined : unpackAnswer(match);
    },
    notify: (head) => {
      headSeq = head.seq;
    },
    close: async () => {
      if (fault !== undefined) return;
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      await ask({ type: 'close' });
      await exited;
    },
  };
}
