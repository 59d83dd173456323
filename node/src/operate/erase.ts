import { rmSync } from 'node:fs';
import { join, sep } from 'node:path';
import { createRegistry, type BlockId, type EraseReason } from '@cosmicembeddings/sdk';
import { openSqlite, StoreReader, type SqliteOptions } from '../store/sqlite/index.js';
import { loadPlugins } from '../plugins.js';
import { existingStore, type StoreFolder } from './folder.js';
import { defaultWithheld, eraseAs, type Withheld } from './withhold.js';
import { needlesOf, scanFolder, type Needle, type Trace } from './prove.js';

export interface EraseReport {
  readonly seqs: readonly number[];
  /** Byte strings of the erased bodies that were looked for in every file of the data folder. */
  readonly lookedFor: number;
  /** Where one of them still stands; empty: proven gone. */
  readonly traces: readonly Trace[];
  /** Followers' files that held one and were removed; the node rebuilds them. */
  readonly removed: readonly string[];
}

const FOLLOWERS = ['index', 'views'];
const CATCH_UP_MS = 10 * 60_000;

/**
 * Erases bodies in a data folder that no node has open, and proves it by looking through every file.
 * @throws CosmicError store.locked, request.malformed for something that is no id
 */
export async function eraseAndProve(
  options: SqliteOptions,
  ids: readonly BlockId[],
  reason: EraseReason,
  withhold: readonly Withheld[] = defaultWithheld(reason),
): Promise<EraseReport> {
  const registry = createRegistry(await loadPlugins(options.plugins ?? []));
  const parts = await openSqlite(options);
  let needles: Needle[];
  let seqs: readonly number[];
  try {
    const blocks = await parts.store.get(ids);
    needles = blocks.flatMap((block) => (block === undefined ? [] : needlesOf(block, registry)));
    seqs = await eraseAs({ store: parts.store, registry }, ids, reason, withhold);
    parts.text.notify(await parts.store.head());
    await parts.text.catchUp(Date.now() + CATCH_UP_MS);
  } finally {
    await parts.close();
  }
  const removed = removeFollowers(options.folder, tracesOf(options, needles));
  return { seqs, lookedFor: needles.length, traces: tracesOf(options, needles), removed };
}

/** Where bytes of erased bodies still stand. What a kept block holds as well, such as a space's descriptor, is no trace. */
export function tracesOf(options: StoreFolder, needles: readonly Needle[]): Trace[] {
  const traces = scanFolder(options.folder, needles);
  if (traces.length === 0) return [];
  const { path, engine } = existingStore(options);
  const reader = new StoreReader(path, engine);
  try {
    const kept = reader.database.prepare(
      'SELECT 1 FROM bytes WHERE instr(body, ?) > 0 OR instr(envelope, ?) > 0 LIMIT 1',
    );
    const shared = new Set(
      needles
        .filter(
          ({ what, bytes }) => traces.some((trace) => trace.what === what) && kept.get(bytes, bytes) !== undefined,
        )
        .map(({ what }) => what),
    );
    return traces.filter(({ what }) => !shared.has(what));
  } finally {
    reader.close();
  }
}

/** What a follower has not forgotten yet goes with its file: cheaper than waiting until it compacts. */
function removeFollowers(folder: string, traces: readonly Trace[]): string[] {
  const followers = [...new Set(traces.map(({ file }) => file.split(sep)[0]!))].filter((name) =>
    FOLLOWERS.includes(name),
  );
  for (const name of followers) rmSync(join(folder, name), { recursive: true });
  return followers;
}
