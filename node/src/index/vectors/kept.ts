import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { KeptFiles, Stopped } from '../../follow/kept-files.js';
import type { LabelRange } from '../../store/upkeep.js';
import { Bits } from './bits.js';
import { readManifest, spaceFolders, writeManifest } from './manifest.js';
import { rowBytesOf, rowsFile } from './row-format.js';
import { readSavedSpace } from './saved-space.js';

/** The vector index: rows as float32, graphs over them, and for each space its descriptor. */
export const keptVectors = keptIn('index', (upkeep, id) => (upkeep.hasRows(id) ? `blocks of space ${id}` : undefined));

/** What follows from the files of an index of vectors in `root`; `holderOf`: why a space is there, undefined where nothing speaks for it. */
export function keptIn(
  root_: string,
  holderOf: (upkeep: Stopped['upkeep'], id: string) => string | undefined,
): KeptFiles {
  const hasRows = (upkeep: Stopped['upkeep'], id: string): boolean => holderOf(upkeep, id) !== undefined;
  return {
    paths: [root_],
    forget: async ({ folder, upkeep }) => {
      const root = join(folder, root_);
      const manifest = readManifest(root);
      if (manifest === undefined) return existsSync(root) ? [takeAway(folder, root_)] : [];
      const ranges = [...upkeep.erasedRows()];
      const gone = spaceFolders(root, manifest)
        .filter(({ id, path }) => !hasRows(upkeep, id) || leftIn(path, ranges, true) !== undefined)
        .map(({ path }) => path);
      const spaces = Object.fromEntries(
        Object.entries(manifest.spaces).filter(([id]) => !gone.includes(join(root, manifest.folders?.[id] ?? id))),
      );
      const builds = Object.fromEntries(
        Object.entries(manifest.builds ?? {}).filter(([, build]) => !gone.includes(join(root, build.folder))),
      );
      const waits = new Map(manifest.waiting.map((wait) => [wait[0], wait]));
      // What is left without files is read from the store again when the node starts.
      for (const { id } of spaceFolders(root, manifest))
        if (spaces[id] === undefined && builds[id] === undefined) waits.set(id, [id, 0, 'lost']);
        else if (builds[id] === undefined && waits.has(id)) waits.set(id, [id, 0, waits.get(id)![2]!]);
      const waiting = [...waits.values()].filter(([id]) => hasRows(upkeep, id));
      const removed = gone.map((path) => takeAway(folder, relative(folder, path)));
      if (removed.length > 0 || waiting.length !== manifest.waiting.length)
        writeManifest(root, { ...manifest, spaces, builds, waiting });
      return removed;
    },
    *leftovers({ folder, upkeep }) {
      const root = join(folder, root_);
      const manifest = readManifest(root);
      if (manifest === undefined) return;
      const ranges = [...upkeep.erasedRows()];
      for (const { id, path } of spaceFolders(root, manifest)) {
        const left = leftIn(path, ranges);
        if (left !== undefined) yield left;
        if (!hasRows(upkeep, id)) yield `${relative(folder, path)}: a space that no block has any more`;
      }
    },
    *values({ folder, upkeep }) {
      const root = join(folder, root_);
      const manifest = readManifest(root);
      for (const { id, path } of manifest === undefined ? [] : spaceFolders(root, manifest)) {
        const state = readSavedSpace(path);
        const held = {
          where: relative(folder, path),
          holder: () => holderOf(upkeep, id),
        };
        yield { ...held, value: id };
        for (const value of Object.values(state?.head.space ?? {}))
          if (typeof value === 'string') yield { ...held, value };
      }
    },
    deadSpace: () => [],
    compact: () => undefined,
  };
}

function takeAway(folder: string, path: string): string {
  rmSync(join(folder, path), { recursive: true, force: true });
  return path;
}

/**
 * What a space's files hold of erased rows: numbers in its rows that are not zero, or places in a graph that was made before
 * they went. Undefined: nothing. `withRest`: bytes behind the last row count as well.
 */
export function leftIn(folder: string, erased: readonly LabelRange[], withRest = false): string | undefined {
  const state = readSavedSpace(folder);
  if (state === undefined)
    return existsSync(folder) ? `${folder}: its state is damaged, so nobody knows what it holds` : undefined;
  const { head, sections } = state;
  const labels = new Uint32Array(sections[0]!.buffer);
  const dead = new Bits(sections[2]);
  const format = head.rows ?? 'f32';
  const path = join(folder, rowsFile(format));
  const rows = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const rowBytes = rowBytesOf(format, head.space.dims);
  let inRows = 0;
  let inGraph = 0;
  labels.forEach((label, slot) => {
    const isErased = isWithin(erased, label);
    if (!isErased && !dead.has(slot)) return;
    if (rows.subarray(slot * rowBytes, (slot + 1) * rowBytes).some((byte) => byte !== 0)) inRows += 1;
    // A graph that was made anew since the row went knows nothing of it: then the index says so.
    if (head.graph !== null && slot < head.graph.to && isErased && (head.erasedMs !== null || !dead.has(slot)))
      inGraph += 1;
  });
  // Rows that were written and not yet named by a state: nobody knows whose they are.
  if (withRest && rows.subarray(head.count * rowBytes).some((byte) => byte !== 0)) inRows += 1;
  if (inRows > 0) return `${path}: ${inRows} erased rows still have their numbers`;
  if (inGraph > 0) return `${join(folder, head.graph!.file)}: it was made of ${inGraph} rows that were erased since`;
  return undefined;
}

/** `ranges`: ascending. */
function isWithin(ranges: readonly LabelRange[], label: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { firstLabel, rows } = ranges[middle]!;
    if (label < firstLabel) high = middle;
    else if (label >= firstLabel + rows) low = middle + 1;
    else return true;
  }
  return false;
}
