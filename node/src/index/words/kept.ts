import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { KeptFiles, Stopped } from '../../follow/kept-files.js';
import { isDamage, openDatabase, type Database, type SqliteEngine } from '../../store/sqlite/driver.js';
import { textFile } from '../../store/sqlite/index.js';
import { idOfRow } from '../../store/sqlite/rows.js';
import { compact, deadSpaceIn } from '../../store/sqlite/upkeep.js';
import type { HeldValue } from '../../store/upkeep.js';
import { metaOf } from '../../store/sqlite/meta.js';
import { besideText, leaveSum, removeText, takeSum } from './text-sum.js';

const AT_A_TIME = 1000;

/** The file that answers, and one that is built beside it. */
const filesIn = (folder: string): string[] =>
  [textFile(folder), besideText(textFile(folder))].filter((path) => existsSync(path));

/** The text index: it holds the stems of passages, and which block each is of. */
export const keptText: KeptFiles = {
  paths: ['text.sqlite'],
  // It has followed the erasure already; where it could not, it goes.
  forget: async (stopped) => {
    const paths = filesIn(stopped.folder).filter((path) => leftIn(path, stopped).next().done !== true);
    for (const path of paths) removeText(path);
    return paths.map((path) => basename(path));
  },
  *leftovers(stopped) {
    for (const path of filesIn(stopped.folder)) yield* leftIn(path, stopped);
  },
  *values({ folder, engine }) {
    for (const path of filesIn(folder)) yield* readingText(path, engine, (database) => vocabulary(database, path));
  },
  *deadSpace({ folder, engine }) {
    for (const path of filesIn(folder))
      yield* readingText(path, engine, function* (database) {
        for (const dead of deadSpaceIn(database, path)) yield { file: basename(path), ...dead };
      });
  },
  compact: ({ folder, engine }: Stopped) => {
    for (const path of filesIn(folder)) {
      takeSum(path);
      compact(path, engine);
      leaveSum(path);
    }
  },
};

function* readingText<T>(path: string, engine: SqliteEngine, read: (database: Database) => Iterable<T>): Generator<T> {
  const database = openDatabase(engine, path, { readOnly: true });
  try {
    yield* read(database);
  } finally {
    database.close();
  }
}

function* leftIn(path: string, stopped: Stopped): Generator<string> {
  try {
    yield* readLeftovers(path, stopped);
  } catch (error) {
    if (!isDamage(error)) throw error;
    if (stopped.upkeep.erasedTo() > 0) yield `${basename(path)} is damaged, so nobody knows what it holds`;
  }
}

function readLeftovers(path: string, { engine, upkeep }: Stopped): Generator<string> {
  const name = basename(path);
  return readingText(path, engine, function* (database) {
    const { epoch } = upkeep.head();
    // Nothing was erased that it has not heard of: what else it lacks it takes when the node starts.
    const seq = upkeep.erasedTo();
    const position = JSON.parse(metaOf(database, 'position')) as { epoch: string; seq: number };
    if (seq > 0 && (position.epoch !== epoch || position.seq < seq))
      yield `${name} has followed to ${position.seq} of ${seq} and may hold erased words`;
    const some = database.prepare('SELECT id, digest, python FROM documents WHERE id > ? ORDER BY id LIMIT ?');
    for (let last = 0; ;) {
      const rows = some.all(last, AT_A_TIME);
      if (rows.length === 0) return;
      for (const row of rows)
        if (upkeep.isErased(idOfRow(row))) yield `${name}: passage ${String(row['id'])} of ${idOfRow(row)}`;
      last = rows.at(-1)!['id'] as number;
    }
  });
}

/** Every stem, held by a passage that has it (sqlite.org/fts5.html, section 10). */
function* vocabulary(database: Database, path: string): Generator<HeldValue> {
  database.exec(`CREATE VIRTUAL TABLE temp.stems USING fts5vocab (main, passages, row);
    CREATE VIRTUAL TABLE temp.places USING fts5vocab (main, passages, instance)`);
  const place = database.prepare(
    'SELECT d.digest, d.python FROM temp.places p JOIN documents d ON d.id = p.doc WHERE p.term = ? LIMIT 1',
  );
  const some = database.prepare('SELECT term FROM temp.stems WHERE term > ? ORDER BY term LIMIT ?');
  for (let last = ''; ;) {
    const rows = some.all(last, AT_A_TIME);
    if (rows.length === 0) return;
    for (const { term } of rows)
      yield {
        where: `vocabulary of ${basename(path)}`,
        value: String(term),
        holder: () => {
          const row = place.get(term!);
          return row === undefined ? undefined : idOfRow(row);
        },
      };
    last = String(rows.at(-1)!['term']);
  }
}
