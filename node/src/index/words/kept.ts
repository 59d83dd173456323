import { existsSync } from 'node:fs';
import type { KeptFiles, Stopped } from '../../follow/kept-files.js';
import { openDatabase, type Database } from '../../store/sqlite/driver.js';
import { textFile } from '../../store/sqlite/index.js';
import { idOfRow } from '../../store/sqlite/rows.js';
import { compact, deadSpaceIn } from '../../store/sqlite/upkeep.js';
import type { HeldValue } from '../../store/upkeep.js';
import { metaOf } from '../../store/sqlite/meta.js';
import { leaveSum, removeText, takeSum } from './text-sum.js';

const AT_A_TIME = 1000;

/** The text index: it holds the stems of passages, and which block each is of. */
export const keptText: KeptFiles = {
  name: 'text',
  paths: ['text.sqlite'],
  // It has followed the erasure already; where it could not, it goes.
  forget: async (stopped) => {
    const [left] = keptText.leftovers(stopped);
    if (left === undefined) return [];
    removeText(textFile(stopped.folder));
    return keptText.paths;
  },
  *leftovers(stopped) {
    const path = textFile(stopped.folder);
    if (!existsSync(path)) return;
    const database = openDatabase(stopped.engine, path, { readOnly: true });
    try {
      const { epoch } = stopped.upkeep.head();
      // Nothing was erased that it has not heard of: what else it lacks it takes when the node starts.
      const seq = stopped.upkeep.erasedTo();
      const position = JSON.parse(metaOf(database, 'position')) as { epoch: string; seq: number };
      if (seq > 0 && (position.epoch !== epoch || position.seq < seq))
        yield `text.sqlite has followed to ${position.seq} of ${seq} and may hold erased words`;
      const some = database.prepare('SELECT id, digest, python FROM documents WHERE id > ? ORDER BY id LIMIT ?');
      for (let last = 0; ;) {
        const rows = some.all(last, AT_A_TIME);
        if (rows.length === 0) return;
        for (const row of rows)
          if (stopped.upkeep.isErased(idOfRow(row)))
            yield `text.sqlite: passage ${String(row['id'])} of ${idOfRow(row)}`;
        last = rows.at(-1)!['id'] as number;
      }
    } finally {
      database.close();
    }
  },
  *values(stopped) {
    const path = textFile(stopped.folder);
    if (!existsSync(path)) return;
    const database = openDatabase(stopped.engine, path, { readOnly: true });
    try {
      yield* vocabulary(database);
    } finally {
      database.close();
    }
  },
  *deadSpace(stopped) {
    const path = textFile(stopped.folder);
    if (!existsSync(path)) return;
    const database = openDatabase(stopped.engine, path, { readOnly: true });
    try {
      for (const dead of deadSpaceIn(database, path)) yield { file: 'text.sqlite', ...dead };
    } finally {
      database.close();
    }
  },
  compact: ({ folder, engine }: Stopped) => {
    const path = textFile(folder);
    if (!existsSync(path)) return;
    takeSum(path);
    compact(path, engine);
    leaveSum(path);
  },
};

/** Every stem, held by a passage that has it (sqlite.org/fts5.html, section 10). */
function* vocabulary(database: Database): Generator<HeldValue> {
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
        where: 'vocabulary of text.sqlite',
        value: String(term),
        holder: () => {
          const row = place.get(term!);
          return row === undefined ? undefined : idOfRow(row);
        },
      };
    last = String(rows.at(-1)!['term']);
  }
}
