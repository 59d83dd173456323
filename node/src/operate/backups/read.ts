import { existsSync, renameSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkAny, CosmicError, type Arrival, type Checks } from '@cosmicembeddings/sdk';
import { openSqlite, storeFile, type SqliteOptions } from '../../store/sqlite/index.js';
import { makeFolder, syncPath } from '../../store/durable.js';
import { lockFolder } from '../../store/sqlite/lock.js';
import { digestOf } from '../../store/sqlite/rows.js';
import {
  identityFiles,
  listManifests,
  manifestName,
  MANIFESTS,
  plainFiles,
  readManifest,
  type Manifest,
} from './manifest.js';
import { readObject, readSound } from './objects.js';
import type { Place } from './place.js';
import { decodeSteps, type Step } from './segment.js';

/** The backup of a name, of a moment's beginning (`2026-11-28T21`), or the last one. @throws CosmicError input.not_found */
export async function findBackup(place: Place, asked?: string): Promise<Manifest> {
  const names = await listManifests(place);
  const stem = asked === undefined ? MANIFESTS : manifestName(asked).slice(0, -'.json'.length);
  const name = names.filter((one) => one.startsWith(stem)).at(-1);
  if (name === undefined)
    throw new CosmicError(
      'input.not_found',
      `${place.label}: there is no backup${asked === undefined ? '' : ` ${asked}`}`,
    );
  return readManifest(place, name);
}

export interface Verified {
  readonly objects: number;
  readonly bytes: number;
  /** Blocks whose signature and content were checked; 0 where the backup is sealed and no identity was given. */
  readonly blocks: number;
  /** Erasures of version-1 blocks: of these nothing is left but the erasure. */
  readonly goneTexts: number;
  readonly opened: boolean;
}

/**
 * Reads every object of a backup: each is what was written and, where it can be opened, each block is what its author
 * signed and no number is missing. @throws CosmicError backup.damaged, backup.sealed
 */
export async function verifyBackup(
  place: Place,
  manifest: Manifest,
  checks: Checks,
  identities: readonly string[],
  onProgress?: (done: number, all: number) => void,
): Promise<Verified> {
  const opened = manifest.recipients.length === 0 || identities.length > 0;
  let [objects, bytes, blocks, goneTexts] = [0, 0, 0, 0];
  const all = [...manifest.segments, ...manifest.files];
  for (const stored of all) {
    if (opened) await readObject(place, stored, identities);
    else await readSound(place, stored.object, stored.sha256);
    objects += 1;
    bytes += stored.bytes;
    onProgress?.(objects, all.length);
  }
  if (opened)
    for await (const step of stepsOf(place, manifest, identities)) {
      if (step.type === 'put') {
        checked(step, checks);
        blocks += 1;
      } else if (digestOf(step.id)?.python === true) goneTexts += 1;
    }
  return { objects, bytes, blocks, goneTexts, opened };
}

/** All steps in their order. @throws CosmicError backup.damaged where segments do not follow each other */
async function* stepsOf(place: Place, manifest: Manifest, identities: readonly string[]): AsyncGenerator<Step> {
  let seq = 0;
  for (const segment of manifest.segments) {
    if (segment.from !== seq + 1) throw new CosmicError('backup.damaged', `${segment.object}: ${seq + 1} is missing`);
    let steps = 0;
    for (const step of decodeSteps(await readObject(place, segment, identities), segment.object)) {
      steps += 1;
      yield step;
    }
    if (steps !== segment.steps)
      throw new CosmicError('backup.damaged', `${segment.object}: ${steps} of ${segment.steps} steps`);
    seq = segment.to;
  }
  if (seq !== manifest.head.seq)
    throw new CosmicError('backup.damaged', `it ends at ${seq}, not at ${manifest.head.seq}`);
}

function checked(step: Step & { type: 'put' }, checks: Checks): Arrival {
  const block = checkAny(step.wire, checks);
  if (block.status === 'rejected')
    throw new CosmicError('backup.damaged', `the block at ${step.seq}: ${block.code}: ${block.detail}`);
  return { block, firstSeenMs: step.firstSeenMs };
}

const BATCH = 500;

export interface Restored {
  readonly blocks: number;
  /** Files that were put into the folder. */
  readonly files: readonly string[];
  /** Files of the backup that were not: they are there already, say who a node is, or are none of a data folder. */
  readonly leftOut: readonly string[];
}

/** Puts files of the backup into an empty folder: with `identity`, the node becomes the one that was backed up. */
export async function restoreFiles(
  place: Place,
  manifest: Manifest,
  folder: string,
  identities: readonly string[],
  identity: boolean,
): Promise<Omit<Restored, 'blocks'>> {
  const names = manifest.files.map(({ file }) => file);
  if (identity && !names.includes('node.key'))
    throw new CosmicError(
      'input.not_found',
      'this backup holds no key of its node: it was taken without --identity-too',
    );
  const files: string[] = [];
  const leftOut: string[] = [];
  // Whoever writes to the place can sign as a node of his own: what else he names is put nowhere.
  const wanted = identity ? [...plainFiles, ...identityFiles] : plainFiles;
  makeFolder(folder);
  for (const stored of manifest.files) {
    const path = join(folder, stored.file);
    if (!wanted.includes(stored.file) || existsSync(path)) leftOut.push(stored.file);
    else {
      await writeFile(path, await readObject(place, stored, identities), { mode: 0o600, flush: true });
      files.push(stored.file);
    }
  }
  syncPath(folder);
  return { files, leftOut };
}

/**
 * Makes the store of a data folder that has none: every block is checked again and keeps when it was first seen. It begins a
 * new life, with numbers of its own. The store appears when it is whole. @throws CosmicError backup.damaged, backup.sealed, config.malformed
 */
export async function restoreStore(
  place: Place,
  manifest: Manifest,
  options: SqliteOptions & {
    readonly checks: Checks;
    readonly identities: readonly string[];
    readonly onProgress?: (done: number, all: number) => void;
  },
): Promise<number> {
  const target = storeFile(options.folder);
  const unlock = lockFolder(options.folder);
  const folder = join(options.folder, 'restoring');
  try {
    if (existsSync(target))
      throw new CosmicError('config.malformed', `${options.folder}: it holds a store already; choose another folder`);
    rmSync(folder, { recursive: true, force: true });
    const { store, close } = await openSqlite({ ...options, folder });
    let blocks: number;
    try {
      let arrivals: Arrival[] = [];
      let done = 0;
      const put = async (): Promise<void> => {
        await store.put(arrivals);
        options.onProgress?.((done += arrivals.length), manifest.head.count);
        arrivals = [];
      };
      for await (const step of stepsOf(place, manifest, options.identities)) {
        if (step.type === 'erase') {
          await put();
          await store.erase([step.id], step.reason);
          continue;
        }
        if (arrivals.push(checked(step, options.checks)) >= BATCH) await put();
      }
      await put();
      blocks = (await store.head()).count;
    } finally {
      await close();
    }
    renameSync(storeFile(folder), target);
    syncPath(dirname(target));
    return blocks;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    unlock();
  }
}
