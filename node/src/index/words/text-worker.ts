import { parentPort, workerData } from 'node:worker_threads';
import { CosmicError, createRegistry, type Code, type Cursor, type TextHit } from '@cosmicembeddings/sdk';
import { loadPlugins } from '../../plugins.js';
import { packAnswer, type Bm25, type PackedAnswer } from './index.js';
import { restAfter, type Pressure } from '../../follow/give-way.js';
import { faultOf, isDamage, type SqliteEngine } from '../../store/sqlite/driver.js';
import { StoreReader } from '../../store/sqlite/reader.js';
import { TextFile } from './text-file.js';
import { removeText } from './text-sum.js';

export interface TextSetup {
  readonly storePath: string;
  readonly path: string;
  readonly engine: SqliteEngine;
  readonly plugins: readonly string[];
  readonly pressure?: Pressure;
}

export type TextRequest =
  | { readonly number: number; readonly type: 'catchUp'; readonly deadlineMs: number }
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
  | { readonly number: number; readonly type: 'close' };

export interface TextReply {
  readonly number: number;
  readonly match?: PackedAnswer;
  readonly hits?: readonly TextHit[];
  readonly position: Cursor;
  readonly error?: string;
  readonly code?: Code;
}

const BATCH = 256;
const IDLE_MS = 20;
const AFTER_FAULT_MS = 1000;

const setup = workerData as TextSetup;
const port = parentPort!;
const registry = createRegistry(await loadPlugins(setup.plugins));
const reader = new StoreReader(setup.storePath, setup.engine);
let file = open();

/** Not this file's damage: making the file anew would not help. */
class StoreUnreadable extends Error {}

function fromStore<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new StoreUnreadable(`the store: ${(error as Error).message}`, { cause: error });
  }
}

function open(): TextFile {
  const store = fromStore(() => ({ epoch: reader.epoch(), seq: reader.head().seq }));
  return TextFile.open(setup.path, setup.engine, store);
}

/** One batch of the tail; false at the head. */
function follow(): boolean {
  const { items } = fromStore(() => reader.tail(file.position, BATCH));
  if (items.length > 0) file.take(items, reader.epoch(), registry);
  return items.length > 0;
}

/** On a full disk the index stays where it is, and answers say how far that is. */
function followIfRoom(): boolean {
  try {
    return follow();
  } catch (error) {
    const fault = faultOf(error);
    if (fault instanceof CosmicError && fault.code === 'node.storage_full') return false;
    throw error;
  }
}

/** A damaged file is filled anew from the store; whatever else went wrong is for the caller. */
function orAnew<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreUnreadable || !isDamage(error)) throw error;
    try {
      file.abandon();
    } catch {
      // It is thrown away anyhow.
    }
    removeText(setup.path);
    file = open();
    return work();
  }
}

let closing = false;

/** Follows in the background, a batch a turn, so that questions come in between. */
function idle(): void {
  if (closing) return;
  let waitMs = IDLE_MS;
  const startedMs = performance.now();
  try {
    if (orAnew(() => file.check() || follow() || file.words.load()))
      waitMs = restAfter(performance.now() - startedMs, setup.pressure);
  } catch (error) {
    waitMs = AFTER_FAULT_MS;
    port.postMessage({ number: 0, position: file.position, error: String(error) } satisfies TextReply);
  }
  if (waitMs === 0) setImmediate(idle);
  else setTimeout(idle, waitMs).unref();
}

function answer(request: TextRequest): TextReply {
  if (request.type === 'catchUp') while (Date.now() < request.deadlineMs && followIfRoom());
  const hits =
    request.type === 'search' ? file.search(request.query, request.k, request.allow, request.phrases) : undefined;
  const found = request.type === 'match' ? file.words.search(request.query, request) : undefined;
  return {
    number: request.number,
    position: file.position,
    ...(hits === undefined ? {} : { hits }),
    ...(found === undefined ? {} : { match: packAnswer(found) }),
  };
}

port.on('message', (request: TextRequest) => {
  try {
    port.postMessage(orAnew(() => answer(request)));
  } catch (error) {
    const fault = faultOf(error);
    const code = fault instanceof CosmicError ? { code: fault.code } : {};
    port.postMessage({
      number: request.number,
      position: file.position,
      error: fault instanceof CosmicError ? fault.detail : String((error as Error).stack),
      ...code,
    } satisfies TextReply);
  }
  if (request.type === 'close') {
    closing = true;
    file.close();
    reader.close();
    port.close();
  }
});
port.postMessage({ number: 0, position: file.position } satisfies TextReply);
idle();
