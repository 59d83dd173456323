import { join } from 'node:path';
import type { SqliteEngine } from '../../store/sqlite/driver.js';
import { lockFolder } from '../../store/sqlite/lock.js';
import { openUpkeep } from '../../store/sqlite/upkeep.js';
import { openPlace } from './open-place.js';
import { takeBackup, type TakeOptions, type Taken } from './take.js';

export interface Setup extends Omit<TakeOptions, 'upkeep' | 'place' | 'onProgress'> {
  readonly path: string;
  readonly engine: SqliteEngine;
  readonly to: string;
}

/** What a backup was, for logs. */
export interface Outcome extends Omit<Taken, 'manifest'> {
  readonly at: string;
  readonly seq: number;
}

export async function takeOf(
  { path, engine, to, ...options }: Setup,
  onProgress?: TakeOptions['onProgress'],
): Promise<Outcome> {
  const place = await openPlace(to);
  // Two at a time would take away what the other has just written.
  const unlock = lockFolder(join(options.folder, 'backing-up'));
  const upkeep = openUpkeep(path, engine);
  try {
    const { manifest, ...counts } = await takeBackup({
      ...options,
      upkeep,
      place,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    return { ...counts, at: manifest.at, seq: manifest.head.seq };
  } finally {
    upkeep.close();
    unlock();
  }
}
