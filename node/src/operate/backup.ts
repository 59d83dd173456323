import { copyFileSync, existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CosmicError, type Head } from '@cosmicembeddings/sdk';
import { chooseSqlite, faultOf, type SqliteEngine } from '../store/sqlite/driver.js';
import { storeFile } from '../store/sqlite/index.js';
import { lockFolder } from '../store/sqlite/lock.js';
import { openUpkeep, renew } from '../store/sqlite/upkeep.js';
import { erasureListFile, readErasureList, type ListedErasure } from '../store/erasure-list.js';
import { makeFolder, replaceFile, syncPath } from '../store/durable.js';
import { existingStore, isEmptyFolder, type StoreFolder } from './folder.js';

/** What `backup.json` says about the copy beside it. */
export interface BackupNote {
  readonly format: 1;
  readonly schema: number;
  readonly network: string;
  readonly node: string;
  readonly head: Head;
}

/**
 * Copies a store, also one that a running node is writing to: a snapshot of one moment, without gaps. The copy holds no
 * key and no token. `target`: a new or empty folder. @throws CosmicError input.not_found, config.malformed, node.storage_full
 */
export function backup(from: StoreFolder, target: string): BackupNote {
  const { path, engine } = existingStore(from);
  // Of a backup that was interrupted; nothing else is taken away.
  discardPart(storeFile(target));
  if (!isEmptyFolder(target))
    throw new CosmicError('config.malformed', `${target}: the backup needs a new or empty folder`);
  makeFolder(target);
  const part = join(target, 'store.sqlite.part');
  try {
    copyOf(path, engine, part);
    const note = describe(part, engine);
    syncPath(part);
    const list = erasureListFile(from.folder);
    if (existsSync(list)) copyFileSync(list, erasureListFile(target));
    renameSync(part, storeFile(target));
    replaceFile(join(target, 'backup.json'), JSON.stringify(note, null, 2) + '\n');
    return note;
  } catch (error) {
    discardPart(storeFile(target));
    throw faultOf(error);
  }
}

function copyOf(path: string, engine: SqliteEngine, target: string): void {
  const upkeep = openUpkeep(path, engine);
  try {
    upkeep.copyTo(target);
  } finally {
    upkeep.close();
  }
}

function describe(path: string, engine: SqliteEngine): BackupNote {
  const upkeep = openUpkeep(path, engine);
  try {
    const { version, ...about } = upkeep.about();
    return { format: 1, schema: version, ...about };
  } finally {
    upkeep.close();
  }
}

/**
 * Makes a data folder's store of a backup. It starts a new life: peers and followers see a new epoch and start over. The
 * store then belongs to `node`, whose key the folder holds. @throws CosmicError input.not_found, config.malformed,
 * store.too_new, store.corrupt, store.locked
 */
export function restore(from: string, to: StoreFolder & { readonly node: string }): BackupNote {
  const source = storeFile(from);
  if (!existsSync(source)) throw new CosmicError('input.not_found', `${source}: there is no backup`);
  const unlock = lockFolder(to.folder);
  const target = storeFile(to.folder);
  const part = `${target}.part`;
  try {
    if (existsSync(target))
      throw new CosmicError('config.malformed', `${to.folder}: it holds a store already; choose another folder`);
    const engine = chooseSqlite(to.engine ?? 'auto');
    // A journal of a restore that was interrupted must not be played into this copy.
    discardPart(target);
    copyFileSync(source, part);
    renew(part, engine, to.node);
    const note = describe(part, engine);
    for (const stale of readdirSync(to.folder).filter(isOfEarlierLife))
      rmSync(join(to.folder, stale), { recursive: true, force: true });
    syncPath(part);
    renameSync(part, target);
    syncPath(dirname(target));
    return note;
  } catch (error) {
    discardPart(target);
    throw faultOf(error);
  } finally {
    unlock();
  }
}

/** Reads `backup.json`; undefined where there is none. */
export function readBackupNote(folder: string): BackupNote | undefined {
  const path = join(folder, 'backup.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as BackupNote) : undefined;
}

function discardPart(store: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${store}.part${end}`, { force: true });
}

/** What a backup still holds the bodies of, although these folders' lists say that they were erased. */
export function erasedSince(backupFolder: string, engine: SqliteEngine, lists: readonly string[]): ListedErasure[] {
  const upkeep = openUpkeep(storeFile(backupFolder), engine);
  try {
    const listed = new Map(lists.flatMap((folder) => readErasureList(folder)).map((one) => [one.id, one]));
    return [...listed.values()].filter(({ id }) => {
      const block = upkeep.get(id);
      return block !== undefined && block.erased === undefined;
    });
  } finally {
    upkeep.close();
  }
}

/** Followers' files, one that is built beside another included, and what a store that is gone left beside its own. */
function isOfEarlierLife(name: string): boolean {
  return (
    name.startsWith('text.sqlite') ||
    ['index', 'home', 'home.json', 'background.json', 'map', 'views', 'store.sqlite-wal', 'store.sqlite-shm'].includes(
      name,
    )
  );
}
