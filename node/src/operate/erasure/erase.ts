import { existsSync, rmSync } from 'node:fs';
import {
  createRegistry,
  CosmicError,
  parseCid,
  type BlockId,
  type BlockStore,
  type EraseReason,
  type Registry,
} from '@cosmicembeddings/sdk';
import type { KeptFiles, Stopped } from '../../follow/kept-files.js';
import { keptCommon } from '../../index/common/kept.js';
import { keptHome } from '../../index/home/kept.js';
import { keptMaps } from '../../index/map/kept.js';
import { keptVectors } from '../../index/vectors/kept.js';
import { keptText } from '../../index/words/kept.js';
import { loadPlugins } from '../../plugins.js';
import { openSqlite, storeFile, type SqliteOptions, type SqliteParts } from '../../store/sqlite/index.js';
import { lockFolder } from '../../store/sqlite/lock.js';
import { compact, openUpkeep } from '../../store/sqlite/upkeep.js';
import { keptViews } from '../../views/kept.js';
import { existingStore } from '../folder.js';
import type { OnProgress } from '../told-progress.js';
import { defaultWithheld, eraseAs, type Withheld } from '../withhold.js';
import { journalFolder, JournalWriter, openJournal, type Erasure, type Journal } from './journal.js';
import { prove, proofLimits, type Proof, type ProofLimits } from './prove.js';

export interface EraseReport extends Proof {
  readonly erased: number;
  /** Followers' files that held something of it and were taken away; the node makes them anew. */
  readonly removed: readonly string[];
}

/** Where an erasure stands; whatever ends it there, it can be taken up again. */
export type Phase = 'planned' | 'erasing' | 'erased' | 'followed' | 'forgotten' | 'compacted' | 'proven';

export interface EraseOptions extends SqliteOptions {
  readonly limits?: ProofLimits;
  onPhase?(phase: Phase): void;
  /** Told how far each part of it is. */
  progress?(what: string): OnProgress;
}

/** The rooms that keep files beside the store. */
export const keptFiles: readonly KeptFiles[] = [keptText, keptVectors, keptHome, keptCommon, keptMaps, keptViews];

const BATCH = 256;
const NOTED_AT_ONCE = 16;
const CATCH_UP_MS = 10 * 60_000;

/**
 * Erases bodies in a data folder that no node has open, and proves it by looking through every file. An erasure that was
 * interrupted is finished first. Memory does not grow with how many there are.
 * @throws CosmicError store.locked, request.malformed for something that is no id, before anything is erased
 */
export async function eraseAndProve(options: EraseOptions, erasures: readonly Erasure[]): Promise<EraseReport> {
  for (const { id } of erasures) refuseMalformed(id);
  const begun = await resumeErasure(options);
  if (begun !== undefined && erasures.length === 0) return begun;
  if (begun !== undefined && begun.traces.length > 0 && erasures.length > 0) journalOf(options.folder)?.done();
  return finish(options, await plan(options, erasures));
}

/** The same for some ids and one reason. */
export function erasuresOf(
  ids: readonly BlockId[],
  reason: EraseReason,
  withhold: readonly Withheld[] = defaultWithheld(reason),
): Erasure[] {
  return ids.map((id) => ({ id, reason, withhold }));
}

/** Finishes the erasure that was begun in this folder; undefined: there is none. @throws CosmicError store.locked */
export async function resumeErasure(options: EraseOptions): Promise<EraseReport | undefined> {
  const journal = journalOf(options.folder);
  return journal === undefined ? undefined : finish(options, journal);
}

/** What was begun must be done before blocks are served: bodies go, the proof is left to whoever resumes. */
export async function eraseWhatWasBegun(folder: string, parts: SqliteParts, registry: Registry): Promise<number> {
  const journal = journalOf(folder);
  if (journal === undefined) return 0;
  await eraseAll(journal.erasures, parts, registry);
  return journal.erasures.length;
}

/**
 * Notes what an erasure in a running node is to leave no trace of, before the first body goes: the proof waits for
 * `resumeErasure` in the stopped folder. Gives way to others of the thread after every few blocks.
 */
export async function noteForProof(
  folder: string,
  { store, registry }: { readonly store: Pick<BlockStore, 'get'>; readonly registry: Registry },
  erasures: readonly Erasure[],
): Promise<void> {
  const writer = new JournalWriter(folder, true);
  try {
    for (let at = 0; at < erasures.length; at += NOTED_AT_ONCE) {
      const some = erasures.slice(at, at + NOTED_AT_ONCE);
      const blocks = await store.get(some.map(({ id }) => id));
      some.forEach((erasure, i) => blocks[i] && writer.add(erasure, blocks[i], registry));
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    writer.abandon();
    throw error;
  }
  writer.commit();
}

function journalOf(folder: string): Journal | undefined {
  // One that was not complete has erased nothing.
  for (const end of ['.part', '.done']) {
    const left = `${journalFolder(folder)}${end}`;
    if (existsSync(left)) rmSync(left, { recursive: true, force: true });
  }
  return openJournal(folder);
}

function refuseMalformed(id: BlockId): void {
  try {
    if (parseCid(id).digest !== undefined) return;
  } catch {
    // Said below.
  }
  throw new CosmicError('request.malformed', `not a block id: ${id.slice(0, 100)}`);
}

async function plan(options: EraseOptions, erasures: readonly Erasure[]): Promise<Journal> {
  const registry = createRegistry(await loadPlugins(options.plugins ?? []));
  const parts = await openSqlite(options);
  try {
    const writer = new JournalWriter(options.folder);
    const noted = options.progress?.('noting');
    try {
      for (let at = 0; at < erasures.length; at += BATCH) {
        const some = erasures.slice(at, at + BATCH);
        const blocks = await parts.store.get(some.map(({ id }) => id));
        some.forEach((erasure, i) => writer.add(erasure, blocks[i], registry));
        noted?.(at + some.length, erasures.length);
      }
    } catch (error) {
      writer.abandon();
      throw error;
    }
    const journal = writer.commit();
    options.onPhase?.('planned');
    return journal;
  } finally {
    await parts.close();
  }
}

async function finish(options: EraseOptions, journal: Journal): Promise<EraseReport> {
  const { folder, onPhase = () => undefined, limits = proofLimits } = options;
  const registry = createRegistry(await loadPlugins(options.plugins ?? []));
  const parts = await openSqlite(options);
  try {
    const erasing = options.progress?.('erasing');
    await eraseAll(journal.erasures, parts, registry, (done) => {
      onPhase('erasing');
      erasing?.(done, journal.erasures.length);
    });
    onPhase('erased');
    parts.text.notify(await parts.store.head());
    await parts.text.catchUp(Date.now() + CATCH_UP_MS);
  } finally {
    await parts.close();
  }
  onPhase('followed');
  const unlock = lockFolder(folder);
  try {
    const { engine, path } = existingStore(options);
    const inspected = async <T>(work: (stopped: Stopped) => T | Promise<T>): Promise<T> => {
      const upkeep = openUpkeep(path, engine);
      try {
        return await work({ folder, engine, upkeep });
      } finally {
        upkeep.close();
      }
    };
    const removed = await inspected(async (stopped) => {
      const all: string[] = [];
      for (const room of keptFiles) all.push(...(await room.forget(stopped)));
      return all;
    });
    onPhase('forgotten');
    const look = (quick: boolean): Promise<Proof> =>
      inspected((stopped) =>
        prove(stopped, keptFiles, journal, limits, { quick, onProgress: options.progress?.('looking for traces') }),
      );
    let proof = await look(true);
    if (proof.traces.length > 0) {
      // SQLite overwrites what is deleted, and leaves copies where it once moved cells.
      compact(storeFile(folder), engine);
      await inspected((stopped) => keptFiles.forEach((room) => room.compact(stopped)));
      onPhase('compacted');
      proof = await look(false);
    }
    onPhase('proven');
    if (proof.traces.length === 0) journal.done();
    return { erased: journal.erasures.length, removed, ...proof };
  } finally {
    unlock();
  }
}

/** In batches of one reason, in the order in which they were planned. What is erased already stays so. */
async function eraseAll(
  erasures: readonly Erasure[],
  { store }: SqliteParts,
  registry: Registry,
  onBatch: (done: number) => void = () => undefined,
): Promise<void> {
  for (let at = 0; at < erasures.length;) {
    const { reason, withhold } = erasures[at]!;
    const ids: BlockId[] = [];
    for (; ids.length < BATCH && at < erasures.length; at++) {
      const next = erasures[at]!;
      if (next.reason !== reason || next.withhold.join() !== withhold.join()) break;
      ids.push(next.id);
    }
    await eraseAs({ store, registry }, ids, reason, withhold);
    onBatch(at);
  }
}
