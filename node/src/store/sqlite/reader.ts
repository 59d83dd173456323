import {
  equalBytes,
  type BlockId,
  type Cursor,
  type DecidedItem,
  type EraseReason,
  type Head,
  type RowPlace,
  type StoredBlock,
  type StoredEntry,
  type Tail,
  type TailItem,
  type Wants,
} from '@cosmicembeddings/sdk';
import { compareItems } from '@cosmicembeddings/sdk/sync';
import {
  isDamage,
  openDatabase,
  reading,
  type Database,
  type Row,
  type SqliteEngine,
  type Statement,
  type Value,
} from './driver.js';
import { findByDigest } from './ids.js';
import { HEADS, metaOf } from './meta.js';
import { BARE_COLUMNS, BLOCK_COLUMNS, blockOf, bytesOf, digestOf, idOf, idOfRow, Names } from './rows.js';

const NO_CRC = 'NULL AS crc';
/** For one page after another: what was read is not read again, and if it is, the system has it. */
export const tailCacheKb = 2_000;
/** Blocks whose numbers are remembered from one question to the next. */
const MET_MAX = 4096;
/** Rows that are looked up at a time with the bytes of their blocks, and a body that is read along. */
const ALONG_MAX = 32;
const ALONG_BYTES = 16 * 1024;
const KEPT_ALONG_MAX = 256;
const PAGE = 1000;
const NO_ENTRY = { tags: [], links: [], refs: [], rows: 0 } as const;

interface Met {
  readonly number: number;
  readonly digest: Uint8Array;
}

/** Reads `store.sqlite` on a connection of its own: the store's reading half, for this thread or any other. */
export class StoreReader {
  readonly database: Database;
  readonly names: Names;
  private readonly byDigest: ReturnType<typeof findByDigest>;
  private readonly byNumber: Statement;
  /** Numbers of the blocks that were met last, by id: a block keeps its number for ever. */
  private readonly met = new Map<BlockId, Met>();
  private readonly atLabel: Statement;
  private readonly wholeAtLabel: Statement;
  private readonly version: Statement;
  /** Blocks that were read along, and the state of the file that they are of. */
  private along: { readonly version: Value | undefined; readonly rows: Map<BlockId, Row> } | undefined;
  /** Statements of tails by what is wanted. */
  private readonly tails = new Map<string, Statement>();
  private readonly wholeColumns: string;
  private readonly knowsJudged: boolean;
  private readonly bareByDigest: ReturnType<typeof findByDigest>;
  private readonly lengthByDigest: ReturnType<typeof findByDigest>;
  private readonly ofAuthor: Statement;
  private readonly arrived: Statement;
  private readonly heads: Statement;
  private readonly holds: Statement;
  private readonly changes: Statement;
  private readonly rowsAt: Statement;
  private readonly decided: readonly Statement[];

  /** `cacheKb`: memory for pages; who reads the tail alone needs little (`tailCacheKb`). */
  constructor(path: string, engine: SqliteEngine, cacheKb = 8_000) {
    this.database = openDatabase(engine, path, { readOnly: true });
    this.database.exec(`PRAGMA cache_size = -${cacheKb}`);
    this.names = new Names(this.database);
    const prepare = (sql: string): Statement => this.database.prepare(sql);
    // An older store that only upkeep has looked at yet has no checksums.
    this.knowsJudged = Number(metaOf(this.database, 'version')) >= 7;
    this.wholeColumns =
      Number(metaOf(this.database, 'version')) < 3 ? BLOCK_COLUMNS.replace('y.crc', NO_CRC) : BLOCK_COLUMNS;
    this.byDigest = findByDigest(this.database, this.wholeColumns, 'JOIN bytes y ON y.block = b.id');
    this.byNumber = prepare(`SELECT ${this.wholeColumns} FROM blocks b JOIN bytes y ON y.block = b.id WHERE b.id = ?`);
    const atLabel = (columns: string, join: string): Statement =>
      prepare(
        `SELECT ${columns} FROM blocks b ${join} WHERE b.row_count > 0 AND b.erased IS NULL AND b.first_label <= ? ORDER BY b.first_label DESC LIMIT 1`,
      );
    this.atLabel = atLabel('b.id, b.digest, b.python, b.seq, b.author, b.first_label, b.row_count', '');
    const some = this.wholeColumns.replace(
      'y.body',
      `CASE WHEN length(y.body) <= ${ALONG_BYTES} THEN y.body END AS body`,
    );
    this.wholeAtLabel = atLabel(some, 'JOIN bytes y ON y.block = b.id');
    this.version = prepare('PRAGMA data_version');
    this.bareByDigest = findByDigest(this.database, BARE_COLUMNS, '');
    this.lengthByDigest = findByDigest(
      this.database,
      'length(y.envelope) + ifnull(length(y.body), 0) AS bytes',
      'JOIN bytes y ON y.block = b.id',
    );
    this.ofAuthor = prepare(
      `SELECT ${BARE_COLUMNS} FROM blocks b WHERE b.author = ? AND (b.time, b.id) > (?, ?) ORDER BY b.time, b.id LIMIT ?`,
    );
    this.arrived = prepare(
      'SELECT e.seq, b.digest, b.python, b.author FROM events e JOIN blocks b ON b.id = e.block WHERE e.seq > ? AND e.seq <= ? AND e.reason IS NULL ORDER BY e.seq LIMIT ?',
    );
    this.rowsAt = prepare('SELECT b.row_count FROM events e JOIN blocks b ON b.id = e.block WHERE e.seq = ?');
    this.holds = prepare(
      'SELECT b.id FROM blocks b JOIN bytes y ON y.block = b.id WHERE b.id > ? AND b.id <= ? AND b.erased IS NULL AND (b.python = 1 OR instr(y.body, ?) > 0)',
    );
    this.changes = prepare('SELECT DISTINCT block FROM events WHERE seq > ? AND seq <= ? AND block IS NOT NULL');
    this.heads = prepare(HEADS);
    // Few stores have more than the first of them, and a union would sort what is sorted.
    this.decided = ['blocks', 'decided', 'withheld'].map((table) =>
      prepare(
        `SELECT time, digest FROM ${table} WHERE (time, digest) >= (?, ?) AND (time, digest) < (?, ?) ORDER BY time, digest LIMIT ?`,
      ),
    );
  }

  get(ids: readonly BlockId[]): (StoredBlock | undefined)[] {
    const along = this.alongNow();
    return ids.map((id) => {
      const read = along?.get(id);
      if (read !== undefined) {
        along!.delete(id);
        return blockOf(read, this.names, id);
      }
      const met = this.met.get(id);
      if (met !== undefined) {
        const row = this.byNumber.get(met.number);
        if (row !== undefined && equalBytes(bytesOf(row['digest']), met.digest)) return blockOf(row, this.names, id);
      }
      const named = digestOf(id);
      const row = named === undefined ? undefined : this.byDigest(named.digest);
      return row === undefined || (row['python'] === 1) !== named!.python ? undefined : blockOf(row, this.names, id);
    });
  }

  /** Blocks numbered after `after`, up to `upTo`, with bodies that hold these bytes; version-1 texts are written in another way and all come. */
  *holding(part: Uint8Array, after: number, upTo: number): Iterable<readonly [number: number, block: StoredBlock]> {
    for (const { id } of this.holds.all(after, upTo, part) as { id: number }[]) {
      const row = this.byNumber.get(id);
      const block = row === undefined ? undefined : soundOf(() => blockOf(row, this.names));
      if (block !== undefined) yield [id, block];
    }
  }

  /** Numbers of the blocks of which something was noted after `after`, up to `upTo`. */
  changed(after: number, upTo: number): number[] {
    return this.changes.all(after, upTo).map((row) => Number(row['block']));
  }

  /** Length of a block's bytes, none of which is read; 0 where there is no such block. */
  bytesOf(id: BlockId): number {
    const named = digestOf(id);
    return named === undefined ? 0 : Number(this.lengthByDigest(named.digest)?.['bytes'] ?? 0);
  }

  /**
   * Where rows stand, in the order asked; undefined where nothing is to be shown any more. Their blocks are likely to be asked for
   * next: small ones are read along, for little more than the look-up, others are found by their number then.
   */
  placesOf(labels: readonly number[]): (RowPlace | undefined)[] {
    const isFew = labels.length <= ALONG_MAX;
    // One view of the file for all: beginning and ending one costs as much as half a look-up.
    const read = (): (RowPlace | undefined)[] => {
      const along = isFew ? this.alongNow(true) : undefined;
      return labels.map((label) => this.placeOf(label, along));
    };
    return labels.length < 2 ? read() : reading(this.database, read);
  }

  private placeOf(label: number, along: Map<BlockId, Row> | undefined): RowPlace | undefined {
    const whole = along === undefined ? undefined : soundOf(() => this.wholeAtLabel.get(label));
    const row = whole ?? this.atLabel.get(label);
    if (row === undefined) return undefined;
    const first = row['first_label'] as number;
    if (label >= first + (row['row_count'] as number)) return undefined;
    const digest = bytesOf(row['digest']);
    const id = idOf(row['python'] === 1, digest);
    if (this.met.size >= MET_MAX) this.met.clear();
    this.met.set(id, { number: row['id'] as number, digest });
    if (whole !== undefined && whole['body'] !== null) along!.set(id, whole);
    return { id, row: label - first, seq: row['seq'] as number, author: this.names.name(row['author'] as number) };
  }

  /** What was read along and not taken yet, of searches side by side; nothing of it once anything was written. */
  private alongNow(begins = false): Map<BlockId, Row> | undefined {
    if (!begins && (this.along?.rows.size ?? 0) === 0) return undefined;
    const version = this.version.get()?.['data_version'];
    if (this.along === undefined || this.along.version !== version || this.along.rows.size > KEPT_ALONG_MAX)
      this.along = { version, rows: new Map() };
    return this.along.rows;
  }

  /** As `get`, without the bytes. */
  getEntries(ids: readonly BlockId[]): (StoredEntry | undefined)[] {
    return ids.map((id) => {
      const named = digestOf(id);
      const row = named === undefined ? undefined : this.bareByDigest(named.digest);
      return row === undefined || (row['python'] === 1) !== named!.python ? undefined : blockOf(row, this.names);
    });
  }

  /** All blocks of an author, by time, without their bytes. */
  *byAuthor(author: string): Iterable<StoredEntry> {
    const id = this.names.id(author);
    if (id === undefined) return;
    let [time, row] = [Number.MIN_SAFE_INTEGER, 0];
    for (;;) {
      const rows = this.ofAuthor.all(id, time, row, PAGE);
      for (const one of rows) yield blockOf(one, this.names);
      if (rows.length < PAGE) return;
      [time, row] = [rows.at(-1)!['time'] as number, rows.at(-1)!['id'] as number];
    }
  }

  /** Blocks and bodies that came after `after`, up to `upTo`: ids and authors alone. */
  *arrivals(after: number, upTo: number): Iterable<{ readonly id: BlockId; readonly author: string }> {
    for (let from = after; from < upTo;) {
      const rows = this.arrived.all(from, upTo, PAGE);
      for (const row of rows) yield { id: idOfRow(row), author: this.names.name(row['author'] as number) };
      if (rows.length < PAGE) return;
      from = rows.at(-1)!['seq'] as number;
    }
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
  tail(cursor: Cursor, max: number, wants: Wants = {}): Tail {
    const { epoch, seq: last } = this.place();
    const from = cursor.epoch === epoch ? cursor.seq : 0;
    const items = this.soundTail(from, last, max, wants);
    return { items, upTo: { epoch, seq: items.length < max ? Math.max(from, last) : items.at(-1)!.seq } };
  }

  /** @throws CosmicError store.corrupt and SQLite's errors, when any of it is damaged */
  wholeTail(from: number, to: number, max: number, { kinds, rels, parts = 'all' }: Wants = {}): TailItem[] {
    const kindIds = kinds === undefined ? undefined : this.idsOf(kinds);
    const relIds = kinds === undefined ? [] : this.idsOf(rels ?? []);
    const wanted = [...(kindIds ?? []), ...relIds].flatMap((id) => [id, from, to, max]);
    return this.tailOf(parts, kindIds?.length, relIds.length)
      .all(...wanted, from, to, max)
      .map((event) => this.tailItem(event));
  }

  private place(): Cursor {
    return { epoch: this.epoch(), seq: Number(this.heads.get()!['seq'] ?? 0) };
  }

  private idsOf(names: readonly string[]): number[] {
    return [...new Set(names)].flatMap((name) => this.names.id(name) ?? []);
  }

  /** `kinds` undefined: everything. Each kind and relation is read along its own index, and the newest left out. */
  private tailOf(parts: 'all' | 'entries', kinds: number | undefined, rels: number): Statement {
    const key = `${parts} ${kinds} ${rels}`;
    let statement = this.tails.get(key);
    if (statement === undefined) {
      const along = (from: string): string =>
        `SELECT * FROM (SELECT seq FROM ${from} = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?)`;
      const wanted = [
        ...Array.from({ length: kinds ?? 0 }, () => along('events WHERE kind')),
        ...Array.from({ length: rels }, () => along('event_rels WHERE rel')),
      ];
      const among = wanted.length === 0 ? 'NULL' : wanted.join(' UNION ');
      statement = this.database.prepare(
        `SELECT e.seq AS event, e.digest AS event_digest, e.reason AS event_reason, ${this.knowsJudged ? 'j.first_label AS old_label, j.row_count AS old_rows' : 'NULL AS old_rows'}, ${parts === 'all' ? this.wholeColumns : BARE_COLUMNS}
         FROM events e LEFT JOIN blocks b ON b.id = e.block ${this.knowsJudged ? 'LEFT JOIN judged j ON j.seq = e.seq' : ''} ${parts === 'all' ? 'LEFT JOIN bytes y ON y.block = e.block' : ''}
         WHERE ${kinds === undefined ? '' : `e.seq IN (${among}) AND `}e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?`,
      );
      if (this.tails.size > 50) this.tails.clear();
      this.tails.set(key, statement);
    }
    return statement;
  }

  private soundTail(from: number, to: number, max: number, wants: Wants): TailItem[] {
    try {
      return this.wholeTail(from, to, max, wants);
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    const items: TailItem[] = [];
    for (let seq = from + 1; seq <= to && items.length < max; seq++) {
      try {
        items.push(...this.wholeTail(seq - 1, seq, 1, wants));
      } catch (error) {
        if (!isDamage(error)) throw error;
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
    const put = { seq, type: 'put', block: block.seq === seq ? block : earlierOf(block, seq) } as const;
    const rows = event['old_rows'] as number | null;
    return rows === null ? put : { ...put, replaces: { firstLabel: event['old_label'] as number, rows } };
  }

  /** How many labels the block at `seq` took; erasing gives none back. */
  labelsOf(seq: number): number {
    return Number(this.rowsAt.get(seq)?.['row_count'] ?? 0);
  }

  /** The first label from `label` on that is not of rows which their block lost when it was judged anew. */
  afterFormerRows(label: number): number {
    this.formerRows ??= new Map(
      (this.knowsJudged
        ? this.database.prepare('SELECT first_label, row_count FROM judged WHERE row_count > 0').all()
        : []
      ).map((row) => [row['first_label'] as number, row['row_count'] as number]),
    );
    let after = label;
    for (let rows = this.formerRows.get(after); rows !== undefined; rows = this.formerRows.get(after)) after += rows;
    return after;
  }
  private formerRows: Map<number, number> | undefined;

  items(from: DecidedItem, to: DecidedItem, max: number, which: 'all' | 'declined' = 'all'): DecidedItem[] {
    const asked = which === 'all' ? this.decided : this.decided.slice(1);
    // Of one moment: what goes from one table to another in between would be in neither.
    const tables = reading(this.database, () =>
      asked.map((table) => table.all(from.timeMs, from.digest, to.timeMs, to.digest, max)),
    );
    const [first = [], ...others] = tables.filter((rows) => rows.length > 0).map((rows) => rows.map(itemOf));
    if (others.length === 0) return first;
    const sorted = [...first, ...others.flat()].sort(compareItems);
    return sorted.filter((item, i) => i === 0 || compareItems(sorted[i - 1]!, item) !== 0).slice(0, max);
  }

  close(): void {
    this.database.close();
  }
}

function itemOf(row: Row): DecidedItem {
  return { timeMs: row['time'] as number, digest: bytesOf(row['digest']) };
}

/** What is damaged is left out; asked for by its id, it says so. */
function soundOf<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** An earlier arrival of a block that came whole, or was judged anew, later. */
function earlierOf(block: StoredBlock, seq: number): StoredBlock {
  const { author, kind, timeMs, refs, prev } = block.entry;
  const entry = { ...NO_ENTRY, author, kind, timeMs, refs, ...(prev === undefined ? {} : { prev }) };
  return { ...block, seq, body: null, entry };
}
