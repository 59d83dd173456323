import { metaOf } from './meta.js';
import type { Database, Statement } from './driver.js';

type What = 'author' | 'kind' | 'space' | 'rel';

/**
 * The writing half of the dictionary: names get numbers, uses are counted, and a name that nothing uses any more goes.
 * Numbers are never given twice, so that other connections may remember what one stood for.
 */
export class NameWriter {
  private readonly ids = new Map<string, number>();
  private readonly statements: Readonly<Record<string, Statement>>;
  /** The last number given out. */
  private last: number;
  /** What the transaction under way adds to the counts. */
  private readonly tallied = new Map<string, { readonly what: What; readonly id: number; n: number }>();

  constructor(database: Database) {
    const prepare = (sql: string): Statement => database.prepare(sql);
    this.statements = {
      find: prepare('SELECT id FROM names WHERE name = ?'),
      add: prepare('INSERT INTO names (id, name) VALUES (?, ?)'),
      addSpace: prepare('INSERT OR IGNORE INTO spaces VALUES (?, ?)'),
      tally: prepare('INSERT INTO tallies VALUES (?, ?, ?) ON CONFLICT (what, id) DO UPDATE SET n = n + excluded.n'),
      settle: prepare('DELETE FROM tallies WHERE what = ? AND id = ? AND n = 0'),
      used: prepare(
        'SELECT 1 WHERE EXISTS (SELECT 1 FROM tags WHERE tag = ?) OR EXISTS (SELECT 1 FROM facts WHERE key = ?)',
      ),
      counted: prepare(`SELECT max(what = 'space') AS space FROM tallies WHERE id = ?`),
      nameOf: prepare('SELECT name FROM names WHERE id = ?'),
      drop: prepare('DELETE FROM names WHERE id = ?'),
      dropSpace: prepare('DELETE FROM spaces WHERE id = ?'),
      keepLast: prepare(`INSERT OR REPLACE INTO meta VALUES ('names', ?)`),
    };
    const highest = Number(database.prepare('SELECT max(id) AS n FROM names').get()?.['n'] ?? 0);
    this.last = Math.max(highest, Number(metaOf(database, 'names')));
  }

  idOf(name: string): number {
    const key = `name ${name}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      const found = this.statements['find']!.get(name)?.['id'];
      if (found === undefined) this.statements['add']!.run((id = ++this.last), name);
      else id = found as number;
      if (this.ids.size > 100_000) this.ids.clear();
      this.ids.set(key, id);
    }
    return id;
  }

  /** Undefined for a name that was never given, or is gone. */
  known(name: string): number | undefined {
    return this.ids.get(`name ${name}`) ?? (this.statements['find']!.get(name)?.['id'] as number | undefined);
  }

  spaceId(name: string, descriptor: unknown): number {
    const id = this.idOf(name);
    if (descriptor !== undefined && !this.ids.has(`space ${id}`)) {
      this.statements['addSpace']!.run(id, JSON.stringify(descriptor));
      this.ids.set(`space ${id}`, id);
    }
    return id;
  }

  tally(what: What, id: number, n: number): void {
    const key = `${what} ${id}`;
    const open = this.tallied.get(key);
    if (open === undefined) this.tallied.set(key, { what, id, n });
    else open.n += n;
  }

  /** At the end of a transaction. */
  writeTallies(): void {
    for (const { what, id, n } of this.tallied.values()) {
      this.statements['tally']!.run(what, id, n);
      if (n < 0) this.statements['settle']!.run(what, id);
    }
    this.tallied.clear();
  }

  /** Of names that lost a use, forgets those that nothing uses any more. After `writeTallies`. */
  release(ids: Iterable<number>): void {
    let dropped = false;
    for (const id of ids) {
      const counted = this.statements['counted']!.get(id)?.['space'] ?? null;
      if (counted !== 1) {
        this.statements['dropSpace']!.run(id);
        this.ids.delete(`space ${id}`);
      }
      if (counted !== null || this.statements['used']!.get(id, id) !== undefined) continue;
      const name = this.statements['nameOf']!.get(id)?.['name'];
      if (typeof name !== 'string') continue;
      this.statements['drop']!.run(id);
      this.ids.delete(`name ${name}`);
      dropped = true;
    }
    if (dropped) this.statements['keepLast']!.run(String(this.last));
  }

  /** Counters in memory follow the transaction. */
  mark(): number {
    return this.last;
  }

  reset(mark: number): void {
    this.last = mark;
    this.ids.clear();
    this.tallied.clear();
  }
}
