import { CosmicError, type Cursor, type Head, type TextHit, type TextIndex } from '@cosmicembeddings/sdk';
import { createHints, FollowerWorker, type FaultList, type Pressure } from '../../follow/index.js';
import { faultOfWorker } from '../../store/sqlite/driver.js';
import type { PackedHolding } from '../../store/sqlite/holding.js';
import { handOver, type Worked } from '../../thread-work.js';
import { unpackAnswer, type WordAnswer, type WordQuestion } from './index.js';
import type { TextReply, TextRequest, TextSetup } from './text-worker.js';

export interface SqliteText extends TextIndex {
  readonly name: string;
  /** Drives the index to the head seen now, or as far as the deadline (this machine's clock) allows. */
  catchUp(deadlineMs: number): Promise<Cursor>;
  /** Resolves when texts of blocks up to `seq` are found. */
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
  /** Why it stands still for now. */
  stopped(): string | undefined;
  /** Scores by the words' postings in memory, for hybrid searches; undefined while these are not loaded yet. */
  match(query: string, question: WordQuestion): Promise<WordAnswer | undefined>;
  /** Texts that hold what stands in quotes. */
  phrases(query: string, k: number, allow?: Uint8Array): Promise<TextHit[]>;
  /** Rows whose texts hold this one, character by character, as of now: all that is here is looked through. */
  holding(part: string): Promise<PackedHolding>;
  notify(head: Head): void;
  close(): Promise<void>;
}

type Asked =
  | { readonly type: 'catchUp'; readonly seq: number; readonly deadlineMs: number }
  | {
      readonly type: 'search';
      readonly query: string;
      readonly k: number;
      readonly allow?: Uint8Array;
      readonly phrases?: boolean;
    }
  | { readonly type: 'holding'; readonly part: string }
  | ({ readonly type: 'match'; readonly query: string } & WordQuestion);

export interface TextOptions extends TextSetup {
  readonly pressure?: Pressure;
  readonly faults?: FaultList;
}

interface Waiting {
  readonly request: Asked;
  readonly worked: ((worked: Worked) => void) | undefined;
  sent: number;
  resolve(reply: TextReply): void;
  reject(error: unknown): void;
}

/** Full-text search (FTS5) in a worker that follows the store by itself. */
export async function openText({ pressure, faults, ...setup }: TextOptions): Promise<SqliteText> {
  const pending = new Map<number, Waiting>();
  let numbers = 0;
  let headSeq = -1;
  const send = (waiting: Waiting): void => {
    const number = ++numbers;
    waiting.sent += 1;
    pending.set(number, waiting);
    worker.post({ ...waiting.request, number } as TextRequest);
  };
  const endAll = (error: unknown): void => {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  const worker = new FollowerWorker<TextRequest, TextReply>({
    name: 'text',
    module: new URL('./text-worker.js', import.meta.url),
    setup,
    ...(pressure === undefined ? {} : { pressure }),
    ...(faults === undefined ? {} : { faults }),
    faultOf: faultOfWorker,
    receive: (reply) => {
      const waiting = pending.get(reply.number);
      pending.delete(reply.number);
      waiting?.worked?.(reply.worked);
      if (reply.error === undefined) waiting?.resolve(reply);
      else
        waiting?.reject(reply.code === undefined ? new Error(reply.error) : new CosmicError(reply.code, reply.error));
    },
    // A question that ended two workers is not asked of a third.
    lost: (fault) => {
      const open = [...pending.values()];
      pending.clear();
      setImmediate(() => {
        for (const waiting of open) {
          if (waiting.sent < 2 && worker.failure === undefined) send(waiting);
          else waiting.reject(fault);
        }
      });
    },
    failed: endAll,
  });
  const ask = (request: Asked): Promise<TextReply> =>
    new Promise((resolve, reject) => {
      if (worker.failure !== undefined) return reject(worker.failure as Error);
      send({ request, worked: handOver('text'), sent: 0, resolve, reject });
    });
  const find = async (
    query: string,
    k: number,
    allow: Uint8Array | undefined,
    phrases: boolean,
  ): Promise<TextHit[]> => [
    ...((await ask({ type: 'search', query, k, phrases, ...(allow === undefined ? {} : { allow }) })).hits ?? []),
  ];
  const hint = createHints(() => {
    if (worker.position().seq < headSeq) worker.post({ number: 0, type: 'notify', seq: headSeq });
  });
  await worker.start();
  return {
    name: worker.name,
    position: () => Promise.resolve(worker.position()),
    stopped: () => worker.stopped(),
    waitFor: (seq, signal) => worker.waitFor(seq, signal),
    catchUp: async (deadlineMs) => {
      // Nothing arrived since the index was last seen at the head: no need to ask.
      if (headSeq >= 0 && worker.position().seq >= headSeq) return worker.position();
      const seq = headSeq >= 0 ? headSeq : Infinity;
      return (await ask({ type: 'catchUp', seq, deadlineMs })).position!;
    },
    search: (query, k, allow) => find(query, k, allow, false),
    phrases: (query, k, allow) => find(query, k, allow, true),
    match: async (query, question) => {
      const { match } = await ask({ type: 'match', query, ...question });
      return match === undefined ? undefined : unpackAnswer(match);
    },
    holding: async (part) => (await ask({ type: 'holding', part })).holding!,
    notify: (head) => {
      headSeq = head.seq;
      hint();
    },
    close: async () => {
      await worker.close({ number: 0, type: 'close' });
      endAll(worker.failure);
    },
  };
}
