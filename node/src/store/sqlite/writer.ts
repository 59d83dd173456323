import { dirname } from 'node:path';
import {
  CosmicError,
  toHex,
  type BlockId,
  type DecidedItem,
  type EraseReason,
  type PutResult,
  type SpaceDescriptor,
  type Withhold,
} from '@cosmicembeddings/sdk';
import { faultOf, isDamage, transaction, type Database, type Statement, type Value } from './driver.js';
import { FactWriter } from './facts.js';
import { findByDigest, IdWriter } from './ids.js';
import { listErasures } from '../erasure-list.js';
import { Marks } from './marks.js';
import { NameWriter } from './name-writer.js';
import { metaOf } from './meta.js';
import { bytesCrc, newEpoch } from './schema.js';
import { digestOf, idOf, type EntryRest } from './rows.js';

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
  private readonly names: NameWriter;
  private readonly marks: Marks;
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
  /** Names that lost a use in the transaction under way. */
  private readonly facts: FactWriter;
  private readonly released = new Set<number>();

  constructor(
    private readonly database: Database,
    private readonly path: string,
  ) {
    const prepare = (sql: string): Statement => database.prepare(sql);
    this.statements = {
      withheld: prepare('SELECT seq, reason, time FROM withheld WHERE digest = ?'),
      dateWithheld: prepare('UPDATE withheld SET time = ? WHERE digest = ?'),
      addWithheld: prepare('INSERT INTO withheld VALUES (?, ?, ?, NULL)'),
      addBlock: prepare(
        'INSERT INTO blocks (id, digest, seq, python, time, first_seen, author, kind, space, row_count, first_label, header_only, erased, entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)',
      ),
      addBytes: prepare('INSERT INTO bytes VALUES (?, ?, ?, ?)'),
      bytes: prepare('SELECT envelope, body, crc FROM bytes WHERE block = ?'),
      mend: prepare('INSERT OR REPLACE INTO bytes VALUES (?, ?, ?, ?)'),
      complete: prepare(
        'UPDATE blocks SET seq = ?, space = ?, row_count = ?, first_label = ?, header_only = 0, entry = ? WHERE id = ?',
      ),
      setBody: prepare('UPDATE bytes SET body = ?, crc = ? WHERE block = ?'),
      addEvent: prepare('INSERT INTO events VALUES (?, ?, NULL, NULL, ?)'),
      addErasure: prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?)'),
      addEventRel: prepare('INSERT OR IGNORE INTO event_rels VALUES (?, ?)'),
      erasureOf: prepare('SELECT seq FROM events WHERE block = ? AND reason IS NOT NULL'),
      erase: prepare('UPDATE blocks SET erased = ?, entry = ?, space = NULL WHERE id = ?'),
      eraseBytes: prepare(
        'UPDATE bytes SET body = NULL, envelope = CASE ? WHEN 1 THEN zeroblob(0) ELSE envelope END, crc = ? WHERE block = ?',
      ),
      addTag: prepare('INSERT OR IGNORE INTO tags VALUES (?, ?)'),
      addLanguage: prepare('INSERT OR IGNORE INTO languages VALUES (?, ?)'),
      addLink: prepare('INSERT OR IGNORE INTO links VALUES (?, ?, ?)'),
      addAlias: prepare('INSERT OR IGNORE INTO aliases VALUES (?, ?)'),
      dropTag: prepare('DELETE FROM tags WHERE tag = ? AND block = ?'),
      dropLanguage: prepare('DELETE FROM languages WHERE language = ? AND block = ?'),
      dropLink: prepare('DELETE FROM links WHERE target = ? AND rel = ? AND block = ?'),
      dropAlias: prepare('DELETE FROM aliases WHERE alias = ? AND block = ?'),
      addDecided: prepare('INSERT OR IGNORE INTO decided VALUES (?, ?, ?)'),
      dropDecided: prepare('DELETE FROM decided WHERE time = ? AND digest = ?'),
      capDecided: prepare('DELETE FROM decided WHERE number <= ?'),
      addJudged: prepare('INSERT INTO judged VALUES (?, ?, ?)'),
      labelOf: prepare('SELECT first_label FROM blocks WHERE id = ?'),
      setMeta: prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)'),
      dropMeta: prepare('DELETE FROM meta WHERE name = ?'),
      setLabels: prepare(`UPDATE meta SET value = ? WHERE name = 'labels'`),
    };
    this.find = findByDigest(
      database,
      'b.id, b.seq, b.kind, b.header_only, b.erased, b.python, b.space, b.row_count, b.entry',
    );
    this.newIds = new IdWriter(database);
    this.names = new NameWriter(database);
    this.facts = new FactWriter(database);
    this.marks = new Marks(database, path);
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
      this.settleNames();
      this.newIds.settle(this.count);
      if (this.labels !== labels) this.statements['setLabels']!.run(String(this.labels));
      return outcomes;
    });
  }

  /**
   * Blocks that are here, as kinds that changed see them: an event each, with which followers take them again. What is
   * erased, or here without its body, stays as it is. Answers the numbers of the events.
   */
  judge(blocks: readonly Incoming[], place: string): number[] {
    return this.atomic(() => {
      const labels = this.labels;
      const seqs = blocks.flatMap((block) => this.judgeOne(block) ?? []);
      this.settleNames();
      if (this.labels !== labels) this.statements['setLabels']!.run(String(this.labels));
      this.statements['setMeta']!.run('judging', place);
      return seqs;
    });
  }

  judged(kinds: string): void {
    this.atomic(() => {
      this.statements['setMeta']!.run('judged', kinds);
      this.statements['dropMeta']!.run('judging');
    });
  }

  erase(ids: readonly BlockId[], reason: EraseReason, withhold: Withhold = {}): number[] {
    listErasures(
      dirname(this.path),
      ids.filter((id) => digestOf(id) !== undefined),
      reason,
      withhold.body === true,
    );
    return this.atomic(() => {
      for (const text of withhold.texts ?? []) this.marks.addText(text, reason);
      const seqs = ids.map((id) => this.eraseOne(id, reason, withhold.body === true));
      this.settleNames();
      return seqs;
    });
  }

  decide(items: readonly DecidedItem[]): void {
    this.atomic(() => {
      for (const { timeMs, digest } of items) this.statements['addDecided']!.run(timeMs, digest, ++this.decidedNumber);
      this.statements['capDecided']!.run(this.decidedNumber - DECIDED_MAX);
    });
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
    const lastName = this.names.mark();
    try {
      return transaction(this.database, work);
    } catch (error) {
      Object.assign(this, before);
      this.newIds.reset(recentIds);
      this.names.reset(lastName);
      this.marks.recount();
      this.released.clear();
      throw faultOf(error);
    }
  }

  private putOne(block: Incoming): Outcome {
    const { digest, rows } = block;
    const whole = block.rest === null ? undefined : (JSON.parse(block.rest) as EntryRest);
    const { facts, ...plain } = whole ?? {};
    // What became postings does not stand beside them.
    const rest = facts === undefined ? block.rest : Object.keys(plain).length === 0 ? null : JSON.stringify(plain);
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
    const comesBack = this.marks.reasonFor({ ...block, format: block.python ? 'python/1' : 'native/2' });
    if (comesBack !== undefined) return this.refuse(block, before?.['id'] as number | undefined, comesBack);
    const seq = ++this.seq;
    const space = block.space === undefined ? null : this.names.spaceId(block.space, block.descriptor);
    const row = before === undefined ? this.insert(block, rest, seq, space) : (before['id'] as number);
    if (before !== undefined) {
      // Links that the header alone gave are counted once.
      this.dropRest(row, restOfRow(before['entry']!));
      this.statements['complete']!.run(seq, space, rows, this.labels, rest, row);
      this.statements['setBody']!.run(block.body, bytesCrc(this.envelopeOf(row), block.body), row);
    }
    this.statements['addEvent']!.run(seq, row, this.names.idOf(block.kind));
    const firstLabel = this.labels;
    this.labels += rows;
    if (space !== null) this.names.tally('space', space, rows);
    if (whole !== undefined) {
      this.addRest(row, whole);
      this.addRels(seq, whole);
    }
    if (facts !== undefined) this.facts.write(row, facts, (name) => this.names.idOf(name));
    return before === undefined ? { seq, fresh: true, firstLabel } : { seq, fresh: true };
  }

  private judgeOne(block: Incoming): number | undefined {
    const before = this.find(block.digest);
    if (before === undefined || before['erased'] !== null || before['header_only'] === 1) return undefined;
    const row = before['id'] as number;
    const seq = ++this.seq;
    const oldRows = before['row_count'] as number;
    this.statements['addEvent']!.run(seq, row, before['kind'] as number);
    this.statements['addJudged']!.run(seq, this.statements['labelOf']!.get(row)!['first_label'] as number, oldRows);
    this.dropRest(row, restOfRow(before['entry']!));
    for (const key of this.facts.erase(row)) this.released.add(key);
    const oldSpace = before['space'] as number | null;
    if (oldSpace !== null) {
      this.names.tally('space', oldSpace, -oldRows);
      this.released.add(oldSpace);
    }
    const { facts, ...plain } = block.rest === null ? {} : (JSON.parse(block.rest) as EntryRest);
    const rest = Object.keys(plain).length === 0 ? null : JSON.stringify(plain);
    const space = block.space === undefined ? null : this.names.spaceId(block.space, block.descriptor);
    // Row numbers only grow: rows that a block has again are new ones.
    this.statements['complete']!.run(seq, space, block.rows, this.labels, rest, row);
    this.labels += block.rows;
    if (space !== null) this.names.tally('space', space, block.rows);
    this.addRest(row, plain);
    this.addRels(seq, plain);
    if (facts !== undefined) this.facts.write(row, facts, (name) => this.names.idOf(name));
    return seq;
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

  private insert(block: Incoming, rest: string | null, seq: number, space: number | null): number {
    const { digest, python, timeMs, firstSeenMs, headerOnly } = block;
    const [author, kind] = [this.names.idOf(block.author), this.names.idOf(block.kind)];
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
      rest,
    );
    this.statements['addBytes']!.run(row, block.envelope, block.body, bytesCrc(block.envelope, block.body));
    this.newIds.add(digest, row);
    this.names.tally('author', author, 1);
    this.names.tally('kind', kind, 1);
    if (this.decidedNumber > 0) this.statements['dropDecided']!.run(timeMs, digest);
    return row;
  }

  private addRest(row: number, rest: EntryRest): void {
    for (const tag of new Set(rest.tags)) this.statements['addTag']!.run(this.names.idOf(tag), row);
    for (const language of rest.languages ?? []) this.statements['addLanguage']!.run(language.toLowerCase(), row);
    for (const alias of rest.aliases ?? []) this.statements['addAlias']!.run(alias, row);
    for (const { target, name } of linksOf(rest)) {
      const rel = this.names.idOf(name);
      this.statements['addLink']!.run(target, rel, row);
      this.names.tally('rel', rel, 1);
    }
  }

  private addRels(seq: number, { refs = [], prev }: EntryRest): void {
    const rels = [...refs.map(({ rel }) => rel), ...(prev === undefined ? [] : ['prev'])];
    for (const rel of rels) this.statements['addEventRel']!.run(this.names.idOf(rel), seq);
  }

  /** Takes back what `addRest` wrote, each entry by its key: the tables are not ordered by block. */
  private dropRest(row: number, rest: EntryRest): void {
    for (const tag of new Set(rest.tags)) {
      const id = this.names.known(tag);
      if (id === undefined) continue;
      this.statements['dropTag']!.run(id, row);
      this.released.add(id);
    }
    for (const language of rest.languages ?? []) this.statements['dropLanguage']!.run(language.toLowerCase(), row);
    for (const alias of rest.aliases ?? []) this.statements['dropAlias']!.run(alias, row);
    for (const { target, name } of linksOf(rest)) {
      const rel = this.names.known(name);
      if (rel === undefined) continue;
      this.statements['dropLink']!.run(target, rel, row);
      this.names.tally('rel', rel, -1);
      this.released.add(rel);
    }
  }

  /** What was taken down comes again under another id: nothing of it is kept, and sync hears that it is decided. */
  private refuse({ timeMs, digest, python }: Incoming, row: number | undefined, reason: EraseReason): Outcome {
    if (row !== undefined)
      return { seq: this.eraseOne(idOf(python, digest), reason, false), fresh: false, erased: reason };
    this.statements['addDecided']!.run(timeMs, digest, ++this.decidedNumber);
    this.statements['capDecided']!.run(this.decidedNumber - DECIDED_MAX);
    return { seq: this.seq, fresh: false, erased: reason };
  }

  private eraseOne(id: BlockId, reason: EraseReason, withholdBody: boolean): number {
    const named = digestOf(id);
    if (named === undefined) throw new CosmicError('request.malformed', `not a block id: ${id.slice(0, 100)}`);
    const found = this.find(named.digest);
    if (found === undefined) {
      const known = this.statements['withheld']!.get(named.digest);
      if (known !== undefined) return known['seq'] as number;
      const seq = ++this.seq;
      this.statements['addWithheld']!.run(named.digest, seq, reason);
      this.withheld += 1;
      this.statements['addErasure']!.run(seq, null, Uint8Array.of(named.python ? 1 : 0, ...named.digest), reason, null);
      return seq;
    }
    const row = found['id'] as number;
    const isPython = found['python'] === 1;
    if (withholdBody && !isPython)
      this.marks.addBody({ format: 'native/2', envelope: this.envelopeOf(row), body: null }, reason);
    if (found['erased'] !== null) return this.statements['erasureOf']!.get(row)!['seq'] as number;
    const seq = ++this.seq;
    this.statements['addErasure']!.run(seq, row, null, reason, found['kind'] as number);
    const space = found['space'] as number | null;
    if (space !== null) {
      this.names.tally('space', space, -(found['row_count'] as number));
      this.released.add(space);
    }
    const rest = restOfRow(found['entry']!);
    this.dropRest(row, rest);
    for (const key of this.facts.erase(row)) this.released.add(key);
    const header = headerRest(rest);
    this.addRest(row, header);
    this.addRels(seq, header);
    this.statements['erase']!.run(reason, Object.keys(header).length === 0 ? null : JSON.stringify(header), row);
    const left = isPython ? new Uint8Array(0) : this.envelopeOf(row);
    this.statements['eraseBytes']!.run(found['python']!, bytesCrc(left, null), row);
    return seq;
  }

  private settleNames(): void {
    this.names.writeTallies();
    if (this.released.size > 0) this.names.release(this.released);
    this.released.clear();
  }

  private envelopeOf(row: number): Uint8Array {
    return (this.statements['bytes']!.get(row)?.['envelope'] ?? new Uint8Array(0)) as Uint8Array;
  }
}

/** What a block's header says by itself, which stays. */
function headerRest({ refs, prev }: EntryRest): EntryRest {
  return { ...(refs === undefined ? {} : { refs }), ...(prev === undefined ? {} : { prev }) };
}

function restOfRow(entry: Value): EntryRest {
  return entry === null ? {} : (JSON.parse(entry as string) as EntryRest);
}

/** Each link of a block once, by the digest that it points to. */
function linksOf({ links = [], refs = [], prev }: EntryRest): { readonly target: Uint8Array; readonly name: string }[] {
  if (links.length === 0 && refs.length === 0 && prev === undefined) return [];
  const all = [...links, ...refs, ...(prev === undefined ? [] : [{ rel: 'prev', id: prev }])];
  const each = new Map<string, { readonly target: Uint8Array; readonly name: string }>();
  for (const { rel, id } of all) {
    const target = digestOf(id)?.digest;
    if (target !== undefined) each.set(`${toHex(target)} ${rel}`, { target, name: rel });
  }
  return [...each.values()];
}
