import { parentPort, workerData } from 'node:worker_threads';
import { CosmicError, createRegistry, type Code, type Cursor, type TextHit } from '@cosmicembeddings/sdk';
import { systemClock } from '../../clock.js';
import {
  createLeisure,
  serveFollower,
  type FollowerPart,
  type Following,
  type FromFollower,
  type Serving,
} from '../../follow/index.js';
import { loadPlugins } from '../../plugins.js';
import { preciseMs, type Worked } from '../../thread-work.js';
import { createPauses } from '../../turns.js';
import { faultOf, type SqliteEngine } from '../../store/sqlite/driver.js';
import { packHolding, type PackedHolding } from '../../store/sqlite/holding.js';
import { StoreReader, tailCacheKb } from '../../store/sqlite/reader.js';
import { tidyAtRest } from '../../worker-memory.js';
import { packAnswer, type Bm25, type PackedAnswer } from './index.js';
import { TextsHolding } from './holding.js';
import { TextFiles } from './text-files.js';

/** A question waits so long for words to be loaded; then the table answers, as well as it can in a quarter of a second. */
const LOADING_MS = 2000;

export interface TextSetup {
  readonly storePath: string;
  readonly path: string;
  readonly engine: SqliteEngine;
  readonly plugins: readonly string[];
}

export type TextRequest =
  | { readonly number: number; readonly type: 'catchUp'; readonly seq: number; readonly deadlineMs: number }
  | {
      readonly number: number;
      readonly type: 'search';
      readonly query: string;
      readonly k: number;
      readonly allow?: Uint8Array;
      /** By what stands in quotes alone. */
      readonly phrases?: boolean;
    }
  | {
      readonly number: number;
      readonly type: 'match';
      readonly query: string;
      readonly k: number;
      readonly allow?: Uint8Array;
      readonly also?: Uint32Array;
      readonly bm25: Bm25;
    }
  | { readonly number: number; readonly type: 'holding'; readonly part: string }
  | { readonly number: number; readonly type: 'notify'; readonly seq: number }
  | { readonly number: number; readonly type: 'close' };

export interface TextReply {
  readonly type: 'answer';
  readonly number: number;
  readonly position?: Cursor;
  readonly match?: PackedAnswer;
  readonly hits?: readonly TextHit[];
  readonly holding?: PackedHolding;
  readonly worked: Worked;
  readonly error?: string;
  readonly code?: Code;
}

const setup = workerData as TextSetup & { readonly follower: FollowerPart };
const port = parentPort!;
const pause = createPauses();
const registry = createRegistry(await loadPlugins(setup.plugins));
const reader = new StoreReader(setup.storePath, setup.engine, tailCacheKb);
const holding = new TextsHolding(reader, registry);
const files = new TextFiles({
  path: setup.path,
  engine: setup.engine,
  registry,
  store: { epoch: reader.epoch(), seq: reader.head().seq },
  onChanged: () =>
    void loops.then(([following, building]) => {
      following.resume();
      building.resume();
    }),
  leisurely: createLeisure(setup.follower.pressure, () => systemClock.now()),
});
const untidied = tidyAtRest({ release: () => files.release() });
const loops = serve();
const [following, building] = await loops;

async function serve(): Promise<readonly [Serving, Following]> {
  const first = await serveFollower(files.follower, { store: reader, part: setup.follower, port });
  return [first, await first.beside(files.builder)];
}

/** Loading all words costs less than ranking by the table what a question of usual ones finds. */
async function wordsLoaded(untilMs: number): Promise<void> {
  while (files.loadWords() && preciseMs() < untilMs) await pause();
}

async function answer(request: TextRequest): Promise<Omit<TextReply, 'type' | 'number' | 'worked'>> {
  switch (request.type) {
    case 'catchUp':
      await following.catchUp(request.seq, request.deadlineMs);
      if (files.isBuilding) await building.catchUp(request.seq, request.deadlineMs);
      // Nothing more to take: how far it answers by now.
      return { position: await following.catchUp(0, request.deadlineMs) };
    case 'search':
      return { hits: files.search(request.query, request.k, request.allow, request.phrases) };
    case 'match': {
      await wordsLoaded(preciseMs() + LOADING_MS);
      const found = files.match(request.query, request);
      return found === undefined ? {} : { match: packAnswer(found) };
    }
    case 'holding':
      return { holding: packHolding(await holding.of(request.part)) };
    case 'notify':
      following.notify(request.seq);
      return {};
    case 'close':
      await following.close();
      untidied();
      files.close();
      reader.close();
      return {};
  }
}

port.on('message', (request: TextRequest) => {
  const fromMs = preciseMs();
  answer(request)
    .catch((error: unknown) => {
      const fault = faultOf(error);
      return fault instanceof CosmicError
        ? { error: fault.detail, code: fault.code }
        : { error: String((error as Error).stack) };
    })
    .then((result) => {
      if (request.type !== 'notify')
        port.postMessage({
          type: 'answer',
          number: request.number,
          worked: [fromMs, preciseMs()],
          ...result,
        } satisfies TextReply);
      if (request.type === 'close') port.close();
    });
});

export type { FromFollower };
