import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CosmicError, type Checks } from '@cosmicembeddings/sdk';
import { makeFolder } from '../store/durable.js';
import { faultOf, openDatabase } from '../store/sqlite/driver.js';
import { storeFile } from '../store/sqlite/index.js';
import { prepare, schemaVersion, stepsFrom } from '../store/sqlite/schema.js';
import { openUpkeep } from '../store/sqlite/upkeep.js';
import { existingStore, type StoreFolder } from './folder.js';
import { fsck } from './fsck.js';
import type { OnProgress } from './told-progress.js';

export interface MigrationReport {
  readonly from: number;
  readonly to: number;
  readonly steps: readonly string[];
  /** Of `store.sqlite`, before and after. */
  readonly bytes: number;
  readonly bytesAfter: number;
  readonly durationMs: number;
  /** What fsck found in the migrated copy; 0: all well. */
  readonly findings: number;
}

/**
 * Migrates a copy of a store beside it, looks the copy through, and throws it away: what the next start would do, on the data
 * that is there. The store itself is only read; a node may hold it. It takes as much free space as the store has.
 * @throws CosmicError store.too_new, store.corrupt, node.storage_full, input.not_found
 */
export async function rehearseMigration(
  of: StoreFolder,
  checks: Checks,
  progress?: (what: string) => OnProgress,
): Promise<MigrationReport> {
  const { path, engine } = existingStore(of);
  const trial = join(of.folder, 'migrating');
  const upkeep = openUpkeep(path, engine);
  try {
    const { version, network, node } = upkeep.about();
    if (version > schemaVersion)
      throw new CosmicError('store.too_new', `store version ${version}, this software knows ${schemaVersion}`);
    rmSync(trial, { recursive: true, force: true });
    makeFolder(trial);
    const copy = storeFile(trial);
    upkeep.copyTo(copy);
    const bytes = statSync(copy).size;
    const started = performance.now();
    const database = openDatabase(engine, copy);
    try {
      prepare(database, engine, { network, node }, progress?.('migrating a copy'));
    } finally {
      database.close();
    }
    const durationMs = Math.round(performance.now() - started);
    const { findings } = await fsck({
      folder: trial,
      engine,
      checks: { ...checks, network },
      onProgress: progress?.('checking the copy') ?? (() => undefined),
    });
    return {
      from: version,
      to: schemaVersion,
      steps: stepsFrom(version),
      bytes,
      bytesAfter: statSync(copy).size,
      durationMs,
      findings: findings.length,
    };
  } catch (error) {
    throw faultOf(error);
  } finally {
    upkeep.close();
    rmSync(trial, { recursive: true, force: true });
  }
}
