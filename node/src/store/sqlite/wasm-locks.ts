import { getEnvironmentData, isMainThread, setEnvironmentData, threadId, type Worker } from 'node:worker_threads';
import { rmSync, statSync } from 'node:fs';
import { rollBack } from './hot-journal.js';

/**
 * The locks of SQLite as WebAssembly are folders, which nobody takes away when a thread is ended in the middle of a statement
 * or a transaction: the file would stay locked until the process ends. So all threads of a process note in shared memory which
 * file they may have locked. What a thread that was ended had noted is an orphan, and who then waits in vain for a while, with
 * no other thread at that file, takes its lock away.
 */
const NAME = 'cosmic/wasm-locks';
const SLOTS = 512;
/** Looks in a row at which nobody had the file. Who waits looks every 20 ms at most. */
const LOOKS = 25;
const FIELDS = 3;
const THREAD = 0;
const FILE = 1;
/** When it became an orphan, in seconds since 1970. */
const ENDED = 2;
const ORPHAN = -1;

/** [thread + 1 (0: free), file (0: none), ended] of each open database; undefined where a thread does not share it. */
const table: Int32Array | undefined = tableOf();

function tableOf(): Int32Array | undefined {
  const found = getEnvironmentData(NAME) as Int32Array | undefined;
  if (found !== undefined || !isMainThread) return found;
  const made = new Int32Array(new SharedArrayBuffer(SLOTS * FIELDS * 4));
  // Threads that are started from here on get it.
  setEnvironmentData(NAME, made);
  return made;
}

export interface LockNote {
  /** The file may be locked from here on: a statement runs, or a transaction is open. */
  begin(): void;
  end(): void;
  /** After one more try that found the file locked: takes an orphan's lock away. */
  waited(): void;
  free(): void;
}

export function noteLocks(path: string): LockNote {
  const file = hashOf(path);
  const slot = claim();
  const lock = `${path}.lock`;
  let looks = 0;
  let seen: number | undefined;
  const note = (index: number, value: number): void => {
    if (table !== undefined && slot >= 0) Atomics.store(table, slot + index, value);
  };
  return {
    begin: () => note(FILE, file),
    end: () => note(FILE, 0),
    waited: () => {
      note(FILE, 0);
      const made = madeAt(lock);
      // A lock that was made after the thread had ended is another's: of this process, or of one that looks beside it.
      const isOrphan = made !== undefined && made === seen && made < orphanedAt(file) && !isAtWork(file);
      looks = isOrphan ? looks + 1 : 0;
      seen = made;
      if (looks < LOOKS) return;
      looks = 0;
      // While the lock stands nobody is in the file; what the thread had begun there must not be taken for done.
      rollBack(path);
      rmSync(lock, { recursive: true, force: true });
      freeOrphans(file);
    },
    free: () => {
      note(FILE, 0);
      note(THREAD, 0);
    },
  };
}

/** Call it where a worker is started that may be ended from outside. */
export function watchLocksOf(worker: Worker): void {
  const mark = worker.threadId + 1;
  worker.once('exit', () =>
    each((slot, thread, file) => {
      if (thread !== mark) return;
      Atomics.store(table!, slot + ENDED, Math.floor(Date.now() / 1000));
      Atomics.store(table!, slot + THREAD, file === 0 ? 0 : ORPHAN);
    }),
  );
}

/** A slot of this thread's own; −1: there is none left. */
function claim(): number {
  for (let slot = 0; slot < (table?.length ?? 0); slot += FIELDS)
    if (Atomics.compareExchange(table!, slot + THREAD, 0, threadId + 1) === 0) return slot;
  return -1;
}

function each(look: (slot: number, thread: number, file: number) => void): void {
  for (let slot = 0; slot < (table?.length ?? 0); slot += FIELDS)
    look(slot, Atomics.load(table!, slot + THREAD), Atomics.load(table!, slot + FILE));
}

/** In milliseconds since 1970, rounded up to a second; 0: no thread left one. */
function orphanedAt(file: number): number {
  let at = 0;
  each((slot, thread, of) => {
    if (of === file && thread === ORPHAN) at = Math.max(at, (Atomics.load(table!, slot + ENDED) + 1) * 1000);
  });
  return at;
}

function isAtWork(file: number): boolean {
  let found = false;
  each((_, thread, of) => (found ||= of === file && thread > 0));
  return found;
}

function freeOrphans(file: number): void {
  each((slot, thread, of) => {
    if (of === file && thread === ORPHAN) Atomics.store(table!, slot + THREAD, 0);
  });
}

function madeAt(lock: string): number | undefined {
  try {
    return statSync(lock).ctimeMs;
  } catch {
    return undefined;
  }
}

/** FNV-1a, never 0. Two files of one hash are only waited for a little longer. */
function hashOf(path: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return hash === 0 ? 1 : hash;
}
