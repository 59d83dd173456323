import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { KeptFollower, Looked } from '../../follow/kept-follower.js';
import { Bits } from './bits.js';
import { fileCrc } from './checksum.js';
import { manifestFile, readManifest, spaceFolders, type Manifest } from './manifest.js';
import { rowBytesOf, rowsFile } from './row-format.js';
import { chunkRowsFor } from './rows.js';
import { readSavedSpace, stateFile, type SavedSpace } from './saved-space.js';
import { Waiting } from './waiting.js';

/** The vector index: checksums, and that each space holds exactly the rows that the store has for it. */
export const vectorsFollower: KeptFollower<'vectors'> = {
  name: 'vectors',
  answers: true,
  ...checkedIn('index', missingRows),
};

/** `missing`: rows of a space that the store has and the index has not. */
export function checkedIn(
  folder: string,
  missing: (looked: Looked, id: string, upTo: number, live: ReadonlySet<number>) => number,
): Pick<KeptFollower, 'position' | 'damage'> {
  const rootOf = (looked: Looked): string => join(looked.folder, folder);
  return {
    position: (looked) => {
      const manifest = readManifest(rootOf(looked));
      if (manifest === undefined) return undefined;
      return { epoch: manifest.epoch, seq: new Waiting(manifest.waiting).reached(manifest.seq) };
    },
    *damage(looked) {
      const root = rootOf(looked);
      if (!existsSync(manifestFile(root))) return;
      const manifest = readManifest(root);
      if (manifest === undefined) return yield `${manifestFile(root)}: it is damaged`;
      if (manifest.epoch !== looked.upkeep.head().epoch) return;
      const waiting = new Set(manifest.waiting.map(([id]) => id));
      for (const { id, path } of spaceFolders(root, manifest))
        if (!waiting.has(id)) yield* damageOf(path, id, manifest, looked, missing);
    },
  };
}

function missingRows({ upkeep }: Looked, id: string, upTo: number, live: ReadonlySet<number>): number {
  let missing = 0;
  for (const { firstLabel, rows: n } of upkeep.rowsOf(id, upTo))
    for (let row = 0; row < n; row++) if (!live.has(firstLabel + row)) missing++;
  return missing;
}

function* damageOf(
  folder: string,
  id: string,
  manifest: Manifest,
  looked: Looked,
  missingOf: typeof missingRows,
): Generator<string> {
  const state = readSavedSpace(folder);
  if (state === undefined) return yield `${stateFile(folder)}: it is damaged or gone`;
  const { head, sections } = state;
  const rows = join(folder, rowsFile(head.rows ?? 'f32'));
  const fault = rowsFault(rows, head, sections[4]!);
  if (fault !== undefined) yield `${rows}: ${fault}`;
  if (head.graph !== null && crcOf(join(folder, head.graph.file)) !== head.graph.crc)
    yield `${join(folder, head.graph.file)}: it is damaged or gone`;
  const dead = new Bits(sections[2]);
  const live = new Set(new Uint32Array(sections[0]!.buffer).filter((_, slot) => !dead.has(slot)));
  const missing = missingOf(looked, id, Math.max(head.seq, manifest.seq), live);
  if (missing > 0) yield `${missing} rows of space ${id} are in the store and not in the index`;
}

function rowsFault(path: string, { count, space, rows = 'f32' }: SavedSpace, crcs: Uint8Array): string | undefined {
  if (count === 0) return undefined;
  if (!existsSync(path) || !statSync(path).isFile()) return 'it is gone';
  const rowBytes = rowBytesOf(rows, space.dims);
  const bytes = readFileSync(path);
  if (bytes.length < count * rowBytes) return `it has ${bytes.length} bytes where ${count * rowBytes} were saved`;
  const chunkRows = chunkRowsFor(rows, space.dims);
  const sums = new Uint32Array(crcs.buffer);
  for (let c = 0; c * chunkRows < count; c++) {
    const end = Math.min(count, (c + 1) * chunkRows) * rowBytes;
    // A sum of 0 is not known.
    if (sums[c] && (crc32(bytes.subarray(c * chunkRows * rowBytes, end)) || 1) !== sums[c])
      return `rows ${c * chunkRows} to ${end / rowBytes} are not as they were saved`;
  }
  return undefined;
}

function crcOf(path: string): number | undefined {
  try {
    return fileCrc.sync(path);
  } catch {
    return undefined;
  }
}
