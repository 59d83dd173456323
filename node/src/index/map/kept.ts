import { rmSync } from 'node:fs';
import { basename, relative } from 'node:path';
import type { KeptFiles, Stopped } from '../../follow/kept-files.js';
import type { KeptFollower } from '../../follow/kept-follower.js';
import { mapFiles, mapFolder, readMap } from './file.js';

/** Why a file has to go: it places rows that were erased, or nobody knows what it holds. */
function leftIn(path: string, { folder, upkeep }: Stopped): string | undefined {
  const name = relative(folder, path);
  const map = readMap(path);
  if (map === undefined) return `${name}: it cannot be read, so nobody knows what it holds`;
  if (!upkeep.hasRows(map.space)) return `${name}: a space that no block has any more`;
  const labels = new Set(map.labels);
  let left = 0;
  for (const { firstLabel, rows } of upkeep.erasedRows())
    for (let label = firstLabel; label < firstLabel + rows; label++) if (labels.has(label)) left++;
  return left === 0 ? undefined : `${name}: places of ${left} rows that were erased`;
}

/** Places of rows on maps: which row lies beside which says something of both. */
export const keptMaps: KeptFiles = {
  paths: [mapFolder],
  forget: async (stopped) => {
    const gone = mapFiles(stopped.folder).filter((path) => leftIn(path, stopped) !== undefined);
    for (const path of gone) rmSync(path, { force: true });
    return gone.map((path) => relative(stopped.folder, path));
  },
  *leftovers(stopped) {
    for (const path of mapFiles(stopped.folder)) {
      const left = leftIn(path, stopped);
      if (left !== undefined) yield left;
    }
  },
  *values({ folder, upkeep }) {
    for (const path of mapFiles(folder)) {
      const value = readMap(path)?.space;
      if (value === undefined) continue;
      const holder = (): string | undefined => (upkeep.hasRows(value) ? `blocks of space ${value}` : undefined);
      yield { where: `${mapFolder}/${basename(path)}`, value, holder };
    }
  },
  deadSpace: () => [],
  compact: () => undefined,
};

export const mapFollower: KeptFollower<'map'> = {
  name: 'map',
  // Nothing is found by it: it trails only while somebody looks.
  answers: false,
  // It reads the store's entries anew whenever a map is asked for.
  position: () => undefined,
  *damage({ folder }) {
    for (const path of mapFiles(folder))
      if (readMap(path) === undefined) yield `${relative(folder, path)}: it cannot be read`;
  },
};
