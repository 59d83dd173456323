import { existsSync, statSync } from 'node:fs';
import type { Cursor } from '@cosmicembeddings/sdk';
import type { KeptFollower, Looked } from '../../follow/kept-follower.js';
import { openDatabase } from '../../store/sqlite/driver.js';
import { textFile } from '../../store/sqlite/index.js';
import { metaOf } from '../../store/sqlite/meta.js';
import { besideText, compareSum } from './text-sum.js';

/** The text index: the file that answers and, where one is built beside it, that. */
export const textFollower: KeptFollower<'text'> = {
  name: 'text',
  answers: true,
  // What is built beside another file is what it answers for.
  position: (looked) => {
    const beside = besideText(textFile(looked.folder));
    return positionIn(existsSync(beside) ? beside : textFile(looked.folder), looked);
  },
  *damage({ folder, engine, upkeep }) {
    const path = textFile(folder);
    if (!existsSync(path)) return;
    if (!statSync(path).isFile()) return yield `${path}: it is no file`;
    if (compareSum(path) === 'other') yield `${path}: it is not as it was left`;
    const database = openDatabase(engine, path, { readOnly: true });
    try {
      const fault = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
      if (fault !== 'ok') yield `${path}: ${String(fault)}`;
      const counted = database
        .prepare('SELECT count(*) AS n FROM documents WHERE label >= ?')
        .get(upkeep.head().labels);
      const { n } = counted as { n: number };
      if (n > 0) yield `${n} passages carry labels that were never given out`;
    } finally {
      database.close();
    }
  },
};

function positionIn(path: string, { engine }: Looked): Cursor | undefined {
  if (!existsSync(path) || !statSync(path).isFile()) return undefined;
  const database = openDatabase(engine, path, { readOnly: true });
  try {
    const position = metaOf(database, 'position');
    return position === '' ? undefined : (JSON.parse(position) as Cursor);
  } finally {
    database.close();
  }
}
