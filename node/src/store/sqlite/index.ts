import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CosmicError,
  type BlockId,
  type BlockStore,
  type Catalogue,
  type CheckedBlock,
  type Head,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import { syncPath } from '../durable.js';
import type { FaultList, Pressure } from '../../follow/index.js';
import { createCatalogue } from './catalogue.js';
import { chooseSqlite, faultOf, isDamage, openDatabase, type SqliteEngine } from './driver.js';
import { openGroupCommit } from './group-commit.js';
import { rollBack } from './hot-journal.js';
import { lockFolder } from './lock.js';
import { StoreReader, tailCacheKb } from './reader.js';
import { headOf, metaOf } from './meta.js';
import { prepare } from './schema.js';
import { packArrivals } from './writer-protocol.js';
import { clearWasmLocks } from './wasm.js';
import { openText, type SqliteText } from '../../index/words/text.js';

export type { SqliteEngine } from './driver.js';
export type { SqliteText } from '../../index/words/text.js';
export { StoreReader } from './reader.js';

export interface SqliteOptions {
  /** Data folder; taken by a lock until `close`. */
  readonly folder: string;
  readonly network: string;
  /** did of the node that owns the folder. */
  readonly node: string;
  readonly engine?: SqliteEngine | 'auto';
  /** Modules of plug-ins, for the text index to read their kinds. */
  readonly plugins?: readonly string[];
  /** Blocks at the door: while they are many, the text index rests more than it works. */
  readonly pressure?: Pressure;
  /** Blocks that the text index passes over. */
  readonly faults?: FaultList;
}

export interface SqliteParts {
  readonly engine: SqliteEngine;
  readonly store: BlockStore;
  readonly catalogue: Catalogue;
  readonly text: SqliteText;
  /** Length of a block's bytes, none of which is read; 0 where there is no such block. */
  bytesOf(id: BlockId): number;
  /** Counts up whenever something was erased. */
  erasures(): number;
  readonly judging: Judging;
  /** A consistent copy of the store while it is in use. `path` must not exist. */
  backup(path: string): Promise<void>;
  vacuum(): Promise<void>;
  close(): Promise<void>;
}

/** What the store's blocks were judged by, and judging them anew. */
export interface Judging {
  /** Versions of the kinds, by name; undefined in a store that never said. */
  kinds(): Readonly<Record<string, string>> | undefined;
  /** How far judging had come. */
  place(): string | undefined;
  /** Writes how these blocks are seen now, with the place, in one transaction. Answers the numbers of the events. */
  judge(blocks: readonly CheckedBlock[], place: string): Promise<readonly number[]>;
  /** Judging is done. */
  settle(kinds: Readonly<Record<string, string>>): Promise<void>;
}

/** Pages of indexes and of blocks without their bytes, for some hundred thousand blocks. */
const LOOKUP_CACHE_KB = 24_000;

export const storeFile = (folder: string): string => join(folder, 'store.sqlite');
export const textFile = (folder: string): string => join(folder, 'text.sqlite');

/** A data folder that is ours, with a store as this version writes it: whoever follows the store may open it, too. */
export interface Prepared {
  readonly engine: SqliteEngine;
  /** Before anything is written. */
  readonly head: Head;
  unlock(): void;
}

/**
 * Takes a data folder and has its store ready to be opened, made or brought to this version.
 * @throws CosmicError store.locked, store.foreign, store.too_new, store.corrupt, config.malformed
 */
export function prepareSqlite(options: SqliteOptions): Prepared {
  const engine = chooseSqlite(options.engine ?? 'auto');
  const unlock = lockFolder(options.folder);
  try {
    const path = storeFile(options.folder);
    if (engine === 'wasm') recoverWasm(options.folder);
    refuseLost(options.folder);
    if (!existsSync(path)) create(path, engine, options);
    if (engine === 'wasm') keepJournals(options.folder);
    return { engine, head: initialise(path, engine, options), unlock };
  } catch (error) {
    unlock();
    throw faultOf(error);
  }
}

/**
 * Opens the embedded store of a data folder: writer, catalogue and text index.
 * @throws CosmicError as `prepareSqlite`
 */
export async function openSqlite(
  options: SqliteOptions,
  { engine, unlock }: Prepared = prepareSqlite(options),
): Promise<SqliteParts> {
  try {
    const path = storeFile(options.folder);
    const writing = openGroupCommit({ path, engine });
    const reader = new StoreReader(path, engine, LOOKUP_CACHE_KB);
    const reading = openText({
      storePath: path,
      path: textFile(options.folder),
      engine,
      plugins: options.plugins ?? [],
      ...(options.pressure === undefined ? {} : { pressure: options.pressure }),
      ...(options.faults === undefined ? {} : { faults: options.faults }),
    });
    const [writer, text] = await bothOf(writing, reading);
    let erasures = 0;
    const store: BlockStore = {
      put: (arrivals) => (arrivals.length === 0 ? Promise.resolve([]) : writer.put(arrivals)),
      get: async (ids) => getSound(reader, ids),
      erase: async (ids, reason, withhold) => {
        // Before as well as after: whoever looks in between must not rely on what was read earlier.
        erasures += 1;
        try {
          return [
            ...((await writer.ask({
              type: 'erase',
              ids,
              reason,
              ...(withhold === undefined ? {} : { withhold }),
            })) as readonly number[]),
          ];
        } finally {
          erasures += 1;
        }
      },
      decide: async (items) => void (await writer.ask({ type: 'decide', items })),
      tail: async (cursor, max, wants = {}) =>
        (wants.parts === 'entries' ? writer.recent(cursor, max, wants) : undefined) ??
        soundly(() => reader.tail(cursor, max, wants)),
      items: async (from, to, max, which) => soundly(() => reader.items(from, to, max, which)),
      head: async (): Promise<Head> => writer.head(),
      close: async () => {
        reader.close();
        await writer.close();
      },
    };
    return {
      engine,
      store,
      bytesOf: (id) => soundly(() => reader.bytesOf(id)),
      erasures: () => erasures,
      judging: {
        kinds: () => parsed(metaOf(reader.database, 'judged')),
        place: () => metaOf(reader.database, 'judging') || undefined,
        judge: async (blocks, place) => {
          const arrivals = blocks.map((block) => ({ block, firstSeenMs: 0 }));
          return [
            ...((await writer.ask({ type: 'judge', blocks: packArrivals(arrivals), place })) as readonly number[]),
          ];
        },
        settle: async (kinds) => void (await writer.ask({ type: 'judged', kinds: JSON.stringify(kinds) })),
      },
      catalogue: createCatalogue(
        reader,
        () => writer.head(),
        (part) => text.holding(part),
      ),
      text,
      backup: async (target) => {
        reader.database.prepare('VACUUM INTO ?').run(target);
      },
      vacuum: async () => void (await writer.ask({ type: 'vacuum' })),
      close: async () => {
        await text.close();
        await store.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw faultOf(error);
  }
}

/** Two parts that are opened side by side: where one cannot be, the other is closed. */
async function bothOf<A extends { close(): Promise<void> }, B extends { close(): Promise<void> }>(
  one: Promise<A>,
  other: Promise<B>,
): Promise<[A, B]> {
  try {
    return await Promise.all([one, other]);
  } catch (error) {
    for (const opened of await Promise.allSettled<{ close(): Promise<void> }>([one, other]))
      if (opened.status === 'fulfilled') await opened.value.close();
    throw error;
  }
}

function parsed(text: string): Readonly<Record<string, string>> | undefined {
  return text === '' ? undefined : (JSON.parse(text) as Record<string, string>);
}

/** A store appears under its name when it is whole, and before its followers do: else it was lost, this is no first start. */
function refuseLost(folder: string): void {
  const path = storeFile(folder);
  const isThere = existsSync(path);
  if (isThere && statSync(path).size === 0)
    throw new CosmicError('store.corrupt', `${path} is empty; restore a backup, or remove it to begin anew`);
  const followers = ['text.sqlite', 'index', 'home', 'views'].filter((name) => existsSync(join(folder, name)));
  if (!isThere && followers.length > 0)
    throw new CosmicError(
      'store.corrupt',
      `${path} is gone; restore a backup to another folder, or remove ${followers.join(', ')} too to begin anew`,
    );
}

/** A new store is made beside its place: whatever happens meanwhile, there is none or a whole one. */
function create(path: string, engine: SqliteEngine, identity: SqliteOptions): void {
  const part = `${path}.part`;
  for (const end of ['', '-wal', '-shm', '-journal']) {
    rmSync(part + end, { force: true });
    // What is left of a store that is gone belongs to that one.
    rmSync(path + end, { force: true });
  }
  initialise(part, engine, identity);
  rmSync(`${part}-journal`, { force: true });
  syncPath(part);
  renameSync(part, path);
  syncPath(identity.folder);
}

/** What SQLite does by itself elsewhere when the last owner died. Only for the folder's owner. */
export function recoverWasm(folder: string): void {
  const paths = [storeFile(folder), textFile(folder), `${textFile(folder)}.new`];
  clearWasmLocks([...paths, `${storeFile(folder)}.part`]);
  for (const path of paths) rollBack(path);
}

/** Journals have to be there, durably, before the first page is overwritten. */
function keepJournals(folder: string): void {
  for (const path of [storeFile(folder), textFile(folder)]) closeSync(openSync(`${path}-journal`, 'a', 0o600));
  syncPath(folder);
}

/** A damaged block, asked for alone, is an error with its code; among others it is left out. */
function getSound(reader: StoreReader, ids: readonly string[]): (StoredBlock | undefined)[] {
  try {
    return reader.get(ids);
  } catch (error) {
    if (ids.length === 1 || !isDamage(error)) throw faultOf(error);
  }
  return ids.map((id) => {
    try {
      return reader.get([id])[0];
    } catch (error) {
      if (!isDamage(error)) throw faultOf(error);
      return undefined;
    }
  });
}

/** Reading damaged pages is the store's fault and has its code. */
function soundly<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw faultOf(error);
  }
}

function initialise(
  path: string,
  engine: SqliteEngine,
  identity: { readonly network: string; readonly node: string },
): Head {
  const database = openDatabase(engine, path);
  try {
    prepare(database, engine, identity);
    return headOf(database);
  } finally {
    database.close();
  }
}

/** The store's reading half for other threads. */
export function openSqliteReader({
  folder,
  engine,
}: {
  readonly folder: string;
  readonly engine: SqliteEngine;
}): StoreReader {
  return new StoreReader(storeFile(folder), engine, tailCacheKb);
}
