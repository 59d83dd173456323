import { parentPort, workerData } from 'node:worker_threads';
import {
  CosmicError,
  createRegistry,
  type Code,
  type Cursor,
  type Follower,
  type TextHit,
} from '@cosmicembeddings/sdk';
import { serveFollower, type FollowerPart, type FromFollower } from '../../follow/index.js';
import { loadPlugins } from '../../plugins.js';
import { faultOf, isDamage, type SqliteEngine } from '../../store/sqlite/driver.js';
import { StoreReader } from '../../store/sqlite/reader.js';
import { packAnswer, type Bm25, type PackedAnswer } from './index.js';
import { TextFile, textVersion } from './text-file.js';
import { removeText } from './text-sum.js';

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
  | { readonly number: number; readonly type: 'notify'; readonly seq: number }
  | { readonly number: number; readonly type: 'close' };

export interface TextReply {
  readonly type: 'answer';
  readonly number: number;
  readonly position?: Cursor;
  readonly match?: PackedAnswer;
  readonly hits?: readonly TextHit[];
  readonly error?: string;
  readonly code?: Code;
}

const setup = workerData as TextSetup & { readonly follower: FollowerPart };
const port = parentPort!;
const registry = createRegistry(await loadPlugins(setup.plugins));
const reader = new StoreReader(setup.storePath, setup.engine);
let file = open();

function open(): TextFile {
  return TextFile.open(setup.path, setup.engine, { epoch: reader.epoch(), seq: reader.head().seq });
}

function anew(): void {
  try {
    file.abandon();
  } catch {
    // It is thrown away anyhow.
  }
  removeText(setup.path);
  file = open();
}

/** A damaged file is filled anew from the store; whatever else went wrong is for the caller. */
function orAnew<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isDamage(error)) throw error;
    anew();
    void ready.then((following) => following.resume());
    return work();
  }
}

const follower: Follower = {
  name: 'text',
  version: textVersion,
  wants: {},
  durable: () => file.position,
  restart: anew,
  take: (items, upTo, at) => {
    try {
      file.take(items, upTo, registry, at);
    } catch (error) {
      if (!isDamage(error)) throw faultOf(error);
      anew();
    }
    return file.position;
  },
  idle: () => orAnew(() => file.tidy()),
};

const ready = serveFollower(follower, { store: reader, part: setup.follower, port });
const following = await ready;

async function answer(request: TextRequest): Promise<Omit<TextReply, 'type' | 'number'>> {
  switch (request.type) {
    case 'catchUp':
      return { position: await following.catchUp(request.seq, request.deadlineMs) };
    case 'search':
      return { hits: orAnew(() => file.search(request.query, request.k, request.allow, request.phrases)) };
    case 'match': {
      const found = file.words.search(request.query, request);
      return found === undefined ? {} : { match: packAnswer(found) };
    }
    case 'notify':
      following.notify(request.seq);
      return {};
    case 'close':
      await following.close();
      file.close();
      reader.close();
      return {};
  }
}

port.on('message', (request: TextRequest) => {
  answer(request)
    .catch((error: unknown) => {
      const fault = faultOf(error);
      return fault instanceof CosmicError
        ? { error: fault.detail, code: fault.code }
        : { error: String((error as Error).stack) };
    })
    .then((result) => {
      if (request.type !== 'notify')
        port.postMessage({ type: 'answer', number: request.number, ...result } satisfies TextReply);
      if (request.type === 'close') port.close();
    });
});

export type { FromFollower };
