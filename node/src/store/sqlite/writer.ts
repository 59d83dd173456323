import {
  CosmicError,
  type BlockId,
  type DecidedItem,
  type EraseReason,
  type PutResult,
  type SpaceDescriptor,
} from '@cosmicembeddings/sdk';
import { faultOf, isDamage, transaction, type Database, type Statement } from './driver.js';
import { findByDigest, IdWriter } from './ids.js';
import { bytesCrc, metaOf, newEpoch } from './schema.js';
import { digestOf, type EntryRest } from './rows.js';

/** Refused ids kept at most; the oldest go. */
const DECIDED_MAX = 1_000_000;

export interface HeadNumbers {
  readonly epoch: string;
  readonly seq: number;
  readonly count: number;
  readonly labels: number;
}

/** A block on its way into the store. */
export interface Incoming {
  readonly digest: Uint8Array;
  readonly python: boolean;
  readonly timeMs: number;
  readonly firstSeenMs: number;
  readonly author: string;
  readonly kind: string;
  readonly space: string | undefined;
  readonly descriptor: SpaceDescriptor | undefined;
  readonly rows: number;
  readonly headerOnly: boolean;
  /** JSON of the entry's rest. */
  readonly rest: string | null;
  readonly envelope: Uint8Array;
  readonly body: Uint8Array | null;
}

export type Outcome = Omit<PutResult, 'id'> & {
  /** Label of the first row of a block that is new altogether; absent where a body completed one that was here. */
  readonly firstLabel?: number;
};

/** Everything that writes to `store.sqlite`, one transaction a call. Runs in the writer worker, or in line where an engine cannot share. */
export class StoreWriter {
  private readonly ids = new Map<string, number>();
  private readonly statements: Readonly<Record<string, Statement>>;
  private readonly find: ReturnType<typeof findByDigest>;
  private readonly newIds: IdWriter;
  private epoch: string;
  private seq: number;
  private count: number;
  private labels: number;
  private decidedNumber: number;
  /** How many unknown ids are withheld: mostly none, which saves a look-up a block. */
  private withheld: number;
  /** What the transaction under way adds to the counts by author, kind and space (rows). */
  private readonly tallied = new Map<string, { readonly what: string; readonly id: number; n: number }>();

  constructor(private readonly database: Database) {
    const prepare = (sql: string): Statement => database.prepare(sql);
    this.statements = {
      nameId: prepare('SELECT id FROM names WHERE name = ?'),
      addName: prepare('INSERT INTO names (name) VALUES (?)'),
      addSpace: prepare('INSERT OR IGNORE INTO spaces VALUES (?, ?)'),
      withheld: prepare('SELECT seq, reason, time FROM withheld WHERE digest = ?'),
      dateWithheld: prepare('UPDATE withheld SET time = ? WHERE digest = ?'),
      addWithheld: prepare('INSERT INTO withheld VALUES (?, ?, ?, NULL)'),
      addBlock: prepare(
        'INSERT INTO blocks (id, digest, seq, python, time, first_seen, author, kind, space, row_count, first_label, header_only, erased, entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)',
      ),
      addBytes: prepare('INSERT INTO bytes VALUES (?, ?, ?, ?)'),
      bytes: prepare('SELECT envelope, body, crc FROM bytes WHERE block = ?'),
      mend: prepare('INSERT OR REPLACE INTO bytes VALUES (?, ?, ?, ?)'),
      lastId: prepare('SELECT last_insert_rowid() AS id'),
      complete: prepare(
        'UPDATE blocks SET seq = ?, space = ?, row_count = ?, first_label = ?, header_only = 0, entry = ? WHERE id = ?',
      ),
      setBody: prepare('UPDATE bytes SET body = ?, crc = ? WHERE block = ?'),
      addEvent: prepare('INSERT INTO events VALUES (?, ?, NULL, NULL)'),
      addErasure: prepare('INSERT INTO events VALUES (?, ?, ?, ?)'),
      erasureOf: prepare('SELECT seq FROM events WHERE block = ? AND reason IS NOT NULL'),
      erase: prepare('UPDATE blocks SET erased = ?, entry = ? WHERE id = ?'),
      eraseBytes: prepare(
        'UPDATE bytes SET body = NULL, envelope = CASE ? WHEN 1 THEN zeroblob(0) ELSE envelope END, crc = ? WHERE block = ?',
      ),
      addTag: prepare('INSERT OR IGNORE INTO tags VALUES (?, ?)'),
      addLanguage: prepare('INSERT OR IGNORE INTO languages VALUES (?, ?)'),
      addLink: prepare('INSERT OR IGNORE INTO links VALUES (?, ?, ?)'),
      addAlias: prepare('INSERT OR IGNORE INTO aliases VALUES (?, ?)'),
      dropTags: prepare('DELETE FROM tags WHERE block = ?'),
      dropLanguages: prepare('DELETE FROM languages WHERE block = ?'),
      dropLinks: prepare('DELETE FROM links WHERE block = ?'),
      dropAliases: prepare('DELETE FROM aliases WHERE block = ?'),
      addDecided: prepare('INSERT OR IGNORE INTO decided VALUES (?, ?, ?)'),
      dropDecided: prepare('DELETE FROM decided WHERE time = ? AND digest = ?'),
      capDecided: prepare('DELETE FROM decided WHERE number <= ?'),
      tally: prepare('INSERT INTO tallies VALUES (?, ?, ?) ON CONFLICT (what, id) DO UPDATE SET n = n + excluded.n'),
      setLabels: prepare(`UPDATE meta SET value = ? WHERE name = 'labels'`),
    };
    this.find = findByDigest(database, 'b.id, b.seq, b.header_only, b.erased, b.python, b.space, b.row_count, b.entry');
    this.newIds = new IdWriter(database);
    this.epoch = metaOf(database, 'epoch');
    this.labels = Number(metaOf(database, 'labels'));
    this.seq = Number(database.prepare('SELECT max(seq) AS n FROM events').get()?.['n'] ?? 0);
    this.count = Number(database.prepare('SELECT max(id) AS n FROM blocks').get()?.['n'] ?? 0);
    this.decidedNumber = Number(database.prepare('SELECT max(number) AS n FROM decided').get()?.['n'] ?? 0);
    this.withheld = Number(database.prepare('SELECT count(*) AS n FROM withheld').get()!['n']);
  }

  head(): HeadNumbers {
    return { epoch: this.epoch, seq: this.seq, count: this.count, labels: this.labels };
  }

  put(blocks: readonly Incoming[]): Outcome[] {
    return this.atomic(() => {
      const labels = this.labels;
      const outcomes = blocks.map((block) => this.putOne(block));
      this.writeTallies();
      this.newIds.settle(this.count);
      if (this.labels !== labels) this.statements['setLabels']!.run(String(this.labels));
      return outcomes;
    });
  }

  erase(ids: readonly BlockId[], reason: EraseReason): number[] {
    return this.atomic(() => {
      const seqs = ids.map((id) => this.eraseOne(id, reason));
      this.writeTallies();
      return seqs;
    });
  }

  decide(items: readonly DecidedItem[]): void {
    this.atomic(() => {
      for (const { timeMs, digest } of items) this.statements['addDecided']!.run(timeMs, digest, ++this.decidedNumber);
      this.statements['capDecided']!.run(this.decidedNumber - DECIDED_MAX);
    });
  }

  undecide(): void {
    this.database.exec('DELETE FROM decided');
  }

  /** A new life: every follower of this store starts over. */
  renew(): void {
    this.epoch = newEpoch();
    this.database.prepare(`UPDATE meta SET value = ? WHERE name = 'epoch'`).run(this.epoch);
  }

  /** Counters in memory follow the transaction: a failed one leaves them as they were. */
  private atomic<T>(work: () => T): T {
    const before = {
      seq: this.seq,
      count: this.count,
      labels: this.labels,
      decidedNumber: this.decidedNumber,
      withheld: this.withheld,
    };
    const recentIds = this.newIds.mark;
    try {
      return transaction(this.database, work);
    } catch (error) {
      Object.assign(this, before);
      this.newIds.reset(recentIds);
      this.ids.clear();
      this.tallied.clear();
      throw faultOf(error);
    }
  }

  private putOne(block: Incoming): Outcome {
    const { digest, rows, rest } = block;
    const refused = this.withheld === 0 ? undefined : this.statements['withheld']!.get(digest);
    if (refused !== undefined) {
      if (refused['time'] === null) this.statements['dateWithheld']!.run(block.timeMs, digest);
      return { seq: refused['seq'] as number, fresh: false, erased: refused['reason'] as EraseReason };
    }
    const before = this.find(digest);
    if (before !== undefined && (before['erased'] !== null || block.headerOnly || before['header_only'] === 0)) {
      if (before['erased'] === null && !block.headerOnly) this.mend(before['id'] as number, block);
      return {
        seq: before['seq'] as number,
        fresh: false,
        ...(before['erased'] === null ? {} : { erased: before['erased'] as EraseReason }),
      };
    }
    const seq = ++this.seq;
    const space = block.space === undefined ? null : this.spaceId(block.space, block.descriptor);
    const row = before === undefined ? this.insert(block, seq, space) : (before['id'] as number);
    if (before !== undefined) {
      this.statements['complete']!.run(seq, space, rows, this.labels, rest, row);
      this.statements['setBody']!.run(block.body, bytesCrc(this.envelopeOf(row), block.body), row);
    }
    this.statements['addEvent']!.run(seq, row);
    const firstLabel = this.labels;
    this.labels += rows;
    if (space !== null) this.tally('space', space, rows);
    if (rest !== null) this.addRest(row, JSON.parse(rest) as EntryRest);
    return before === undefined ? { seq, fresh: true, firstLabel } : { seq, fresh: true };
  }

  /** A block that comes again heals one whose bytes are damaged; rows that followers have of it stay. */
  private mend(row: number, { envelope, body }: Incoming): void {
    try {
      const kept = this.statements['bytes']!.get(row);
      const crc = kept?.['crc'] ?? null;
      if (crc !== null && crc === bytesCrc(kept!['envelope'] as Uint8Array, kept!['body'] as Uint8Array | null)) return;
      this.statements['mend']!.run(row, envelope, body, bytesCrc(envelope, body));
    } catch (error) {
      // Where the page itself is damaged, the block stays lost, and the others of its group must not be lost with it.
      if (!isDamage(error)) throw error;
    }
  }

  private insert(block: Incoming, seq: number, space: number | null): number {
    const { digest, python, timeMs, firstSeenMs, headerOnly } = block;
    const [author, kind] = [this.nameId(block.author), this.nameId(block.kind)];
    const row = ++this.count;
    this.statements['addBlock']!.run(
      row,
      digest,
      seq,
      python ? 1 : 0,
      timeMs,
      firstSeenMs,
      author,
      kind,
      space,
      block.rows,
      this.labels,
      headerOnly ? 1 : 0,
      block.rest,
    );
    this.statements['addBytes']!.run(row, block.envelope, block.body, bytesCrc(block.envelope, block.body));
    this.newIds.add(digest, row);
    this.tally('author', author, 1);
    this.tally('kind', kind, 1);
    if (this.decidedNumber > 0) this.statements['dropDecided']!.run(timeMs, digest);
    return row;
  }

  private addRest(
    row: number,
    { tags = [], languages = [], aliases = [], links = [], refs = [], prev }: EntryRest,
  ): void {
    for (const tag of tags) this.statements['addTag']!.run(this.nameId(tag), row);
    for (const language of languages) this.statements['addLanguage']!.run(language.toLowerCase(), row);
    for (const alias of aliases) this.statements['addAlias']!.run(alias, row);
    this.addLinks(row, [...links, ...refs, ...(prev === undefined ? [] : [{ rel: 'prev', id: prev }])]);
  }

  private addLinks(row: number, links: readonly { readonly rel: string; readonly id: BlockId }[]): void {
    for (const link of links) {
      const target = digestOf(link.id);
      if (target !== undefined) this.statements['addLink']!.run(target.digest, this.nameId(link.rel), row);
    }
  }

  private eraseOne(id: BlockId, reason: EraseReason): number {
    const named = digestOf(id);
    if (named === undefined) throw new CosmicError('request.malformed', `not a block id: ${id.slice(0, 100)}`);
    const found = this.find(named.digest);
    if (found === undefined) {
      const known = this.statements['withheld']!.get(named.digest);
      if (known !== undefined) return known['seq'] as number;
      const seq = ++this.seq;
      this.statements['addWithheld']!.run(named.digest, seq, reason);
      this.withheld += 1;
      this.statements['addErasure']!.run(seq, null, Uint8Array.of(named.python ? 1 : 0, ...named.digest), reason);
      return seq;
    }
    const row = found['id'] as number;
    if (found['erased'] !== null) return this.statements['erasureOf']!.get(row)!['seq'] as number;
    const seq = ++this.seq;
    this.statements['addErasure']!.run(seq, row, null, reason);
    if (found['space'] !== null) this.tally('space', found['space'] as number, -(found['row_count'] as number));
    const { refs, prev } =
      found['entry'] === null ? ({} as EntryRest) : (JSON.parse(found['entry'] as string) as EntryRest);
    const rest = JSON.stringify({ ...(refs === undefined ? {} : { refs }), ...(prev === undefined ? {} : { prev }) });
    this.statements['erase']!.run(reason, rest === '{}' ? null : rest, row);
    const left = found['python'] === 1 ? new Uint8Array(0) : this.envelopeOf(row);
    this.statements['eraseBytes']!.run(found['python']!, bytesCrc(left, null), row);
    for (const name of ['dropTags', 'dropLanguages', 'dropLinks', 'dropAliases']) this.statements[name]!.run(row);
    this.addLinks(row, [...(refs ?? []), ...(prev === undefined ? [] : [{ rel: 'prev', id: prev }])]);
    return seq;
  }

  private envelopeOf(row: number): Uint8Array {
    return (this.statements['bytes']!.get(row)?.['envelope'] ?? new Uint8Array(0)) as Uint8Array;
  }

  private tally(what: string, id: number, n: number): void {
    const key = `${what} ${id}`;
    const open = this.tallied.get(key);
    if (open === undefined) this.tallied.set(key, { what, id, n });
    else open.n += n;
  }

  private writeTallies(): void {
    for (const { what, id, n } of this.tallied.values()) this.statements['tally']!.run(what, id, n);
    this.tallied.clear();
  }

  private spaceId(name: string, descriptor: unknown): number {
    const id = this.nameId(name);
    if (descriptor !== undefined && !this.ids.has(`space ${id}`)) {
      this.statements['addSpace']!.run(id, JSON.stringify(descriptor));
      this.ids.set(`space ${id}`, id);
    }
    return id;
  }

  private nameId(name: string): number {
    const key = `name ${name}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      const found = this.statements['nameId']!.get(name)?.['id'];
      if (found === undefined) {
        this.statements['addName']!.run(name);
        id = this.statements['lastId']!.get()!['id'] as number;
      } else id = found as number;
      if (this.ids.size > 100_000) this.ids.clear();
      this.ids.set(key, id);
    }
    return id;
  }
}
