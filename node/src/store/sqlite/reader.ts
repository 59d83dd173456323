import type {
  BlockId,
  Cursor,
  DecidedItem,
  EraseReason,
  Head,
  StoredBlock,
  TailItem,
  TailParts,
} from '@cosmicembeddings/sdk';
import { isDamage, openDatabase, type Database, type Row, type SqliteEngine, type Statement } from './driver.js';
import { findByDigest } from './ids.js';
import { metaOf } from './meta.js';
import { BARE_COLUMNS, BLOCK_COLUMNS, blockOf, bytesOf, digestOf, idOf, Names } from './rows.js';

const NO_CRC = 'NULL AS crc';
const NO_ENTRY = { tags: [], links: [], refs: [], rows: 0 } as const;

/** Reads `store.sqlite` on a connection of its own: the store's reading half, for this thread or any other. */
export class StoreReader {
  readonly database: Database;
  readonly names: Names;
  private readonly byDigest: ReturnType<typeof findByDigest>;
  private readonly events: Statement;
  private readonly entries: Statement;
  private readonly heads: Statement;
  private readonly rowsAt: Statement;
  private readonly decided: Statement;

  /** `cacheKb`: memory for pages; who reads the tail alone needs little. */
  constructor(path: string, engine: SqliteEngine, cacheKb = 8_000) {
    this.database = openDatabase(engine, path, { readOnly: true });
    this.database.exec(`PRAGMA cache_size = -${cacheKb}`);
    this.names = new Names(this.database);
    const prepare = (sql: string): Statement => this.database.prepare(sql);
    // An older store that only upkeep has looked at yet has no checksums.
    const whole = Number(metaOf(this.database, 'version')) < 3 ? BLOCK_COLUMNS.replace('y.crc', NO_CRC) : BLOCK_COLUMNS;
    this.byDigest = findByDigest(this.database, whole, 'JOIN bytes y ON y.block = b.id');
    const events = (columns: string, bytes: string): Statement =>
      prepare(
        `SELECT e.seq AS event, e.digest AS event_digest, e.reason AS event_reason, ${columns} FROM events e LEFT JOIN blocks b ON b.id = e.block ${bytes} WHERE e.seq > ? ORDER BY e.seq LIMIT ?`,
      );
    this.events = events(whole, 'LEFT JOIN bytes y ON y.block = e.block');
    this.entries = events(BARE_COLUMNS, '');
    this.rowsAt = prepare('SELECT b.row_count FROM events e JOIN blocks b ON b.id = e.block WHERE e.seq = ?');
    this.heads = prepare('SELECT (SELECT max(seq) FROM events) AS seq, (SELECT max(id) FROM blocks) AS count');
    this.decided = prepare(`
      SELECT time, digest FROM (
        SELECT * FROM (SELECT time, digest FROM blocks WHERE (time, digest) >= (?, ?) AND (time, digest) < (?, ?) ORDER BY time, digest LIMIT ?)
        UNION SELECT * FROM (SELECT time, digest FROM decided WHERE (time, digest) >= (?, ?) AND (time, digest) < (?, ?) ORDER BY time, digest LIMIT ?)
        UNION SELECT time, digest FROM withheld WHERE time IS NOT NULL AND (time, digest) >= (?, ?) AND (time, digest) < (?, ?)
      ) ORDER BY time, digest LIMIT ?`);
  }

  get(ids: readonly BlockId[]): (StoredBlock | undefined)[] {
    return ids.map((id) => {
      const named = digestOf(id);
      const row = named === undefined ? undefined : this.byDigest(named.digest);
      return row === undefined || (row['python'] === 1) !== named!.python ? undefined : blockOf(row, this.names);
    });
  }

  /** The epoch can change only in a restored file, so it is read once. */
  epoch(): string {
    return (this.knownEpoch ??= metaOf(this.database, 'epoch'));
  }
  private knownEpoch: string | undefined;

  head(): Head {
    const row = this.heads.get()!;
    return {
      epoch: this.epoch(),
      seq: Number(row['seq'] ?? 0),
      count: Number(row['count'] ?? 0),
      labels: Number(metaOf(this.database, 'labels')),
    };
  }

  /** What is damaged is left out, so that followers go on behind it; fsck names it. */
  tail(cursor: Cursor, max: number, parts: TailParts = 'all'): TailItem[] {
    try {
      return this.wholeTail(cursor, max, parts);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return this.soundTail(cursor, max, parts);
    }
  }

  /** @throws CosmicError store.corrupt and SQLite's errors, when any of it is damaged */
  wholeTail(cursor: Cursor, max: number, parts: TailParts = 'all'): TailItem[] {
    const from = cursor.epoch === this.epoch() ? cursor.seq : 0;
    return (parts === 'all' ? this.events : this.entries).all(from, max).map((event) => this.tailItem(event));
  }

  private soundTail(cursor: Cursor, max: number, parts: TailParts): TailItem[] {
    const { epoch, seq: last } = this.head();
    const items: TailItem[] = [];
    for (let seq = cursor.epoch === epoch ? cursor.seq : 0; seq < last && items.length < max;) {
      try {
        const [item] = this.wholeTail({ epoch, seq }, 1, parts);
        if (item === undefined) break;
        items.push(item);
        seq = item.seq;
      } catch (error) {
        if (!isDamage(error)) throw error;
        seq += 1;
      }
    }
    return items;
  }

  private tailItem(event: Row): TailItem {
    const seq = event['event'] as number;
    const reason = event['event_reason'] as EraseReason | null;
    if (event['id'] === null) {
      const named = bytesOf(event['event_digest']);
      return {
        seq,
        type: 'erase',
        id: idOf(named[0] === 1, named.subarray(1)),
        reason: reason!,
        firstLabel: 0,
        rows: 0,
      };
    }
    const block = blockOf(event, this.names);
    if (reason !== null)
      return {
        seq,
        type: 'erase',
        id: block.id,
        reason,
        firstLabel: block.firstLabel,
        rows: event['row_count'] as number,
      };
    // An earlier, header-only arrival of a block that came whole later.
    const { author, kind, timeMs, refs, prev } = block.entry;
    const earlier = {
      ...block,
      seq,
      body: null,
      entry: { ...NO_ENTRY, author, kind, timeMs, refs, ...(prev === undefined ? {} : { prev }) },
    };
    return { seq, type: 'put', block: block.seq === seq ? block : earlier };
  }

  /** How many labels the block at `seq` took; erasing gives none back. */
  labelsOf(seq: number): number {
    return Number(this.rowsAt.get(seq)?.['row_count'] ?? 0);
  }

  items(from: DecidedItem, to: DecidedItem, max: number): DecidedItem[] {
    const range = [from.timeMs, from.digest, to.timeMs, to.digest] as const;
    return this.decided
      .all(...range, max, ...range, max, ...range, max)
      .map((row) => ({ timeMs: row['time'] as number, digest: bytesOf(row['digest']) }));
  }

  close(): void {
    this.database.close();
  }
}
