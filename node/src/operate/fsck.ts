import {
  checkAny,
  concatBytes,
  type BlockId,
  type Checks,
  type Cursor,
  type StoredBlock,
  type TailItem,
} from '@cosmicembeddings/sdk';
import { existsSync } from 'node:fs';
import { isHeld } from '../store/sqlite/lock.js';
import { openUpkeep } from '../store/sqlite/upkeep.js';
import { hasIds } from '../store/sqlite/ids.js';
import type { Database } from '../store/sqlite/driver.js';
import { StoreReader } from '../store/sqlite/index.js';
import { idOfRow } from '../store/sqlite/rows.js';
import { metaOf } from '../store/sqlite/meta.js';
import { existingStore, type StoreFolder } from './folder.js';
import type { Finding } from '../store/finding.js';
import { journalFolder, keptFiles } from './erasure/index.js';
import { checkIndex, checkText, checkViews } from './fsck-followers.js';

export interface FsckReport {
  readonly ok: boolean;
  readonly blocks: number;
  readonly checked: number;
  readonly headerOnly: number;
  readonly erased: number;
  readonly findings: readonly Finding[];
  /** More was wrong than is listed. */
  readonly more: boolean;
}

export interface FsckOptions extends StoreFolder {
  readonly checks: Checks;
  /** Further parts to check, e.g. the vector index. */
  readonly also?: readonly ((
    head: { readonly epoch: string; readonly seq: number; readonly labels: number },
    report: (finding: Finding) => void,
  ) => Promise<void>)[];
  onProgress?(checked: number, all: number): void;
}

const FINDINGS_MAX = 1000;
const BATCH = 200;
const REPAIR = 'restore a backup or fetch the block from a peer';
const GONE = Uint8Array.of(0xf6);

/**
 * Checks everything a store says against what it holds: file structure, sequence, every block's id, hashes, signature and
 * sky, labels, catalogue, followers' cursors. Changes nothing; a running node may hold the folder.
 * @throws CosmicError input.not_found, config.malformed
 */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const { path, engine } = existingStore(options);
  const findings: Finding[] = [];
  let more = false;
  const report = (finding: Finding): void => {
    if (findings.length < FINDINGS_MAX) findings.push(finding);
    else more = true;
  };
  const totals = { blocks: 0, checked: 0, headerOnly: 0, erased: 0 };
  let reader: StoreReader;
  try {
    reader = new StoreReader(path, engine);
  } catch (error) {
    report({ part: 'file', what: `cannot be opened: ${(error as Error).message}`, remedy: REPAIR });
    return { ok: false, ...totals, findings, more };
  }
  try {
    attempt('file', report, () => checkFile(reader.database, report));
    attempt('sequence', report, () => checkBlocks(reader, options, totals, report));
    attempt('catalogue', report, () => checkCatalogue(reader, report));
    attempt('text', report, () => checkText(options.folder, engine, reader, report));
    attempt('index', report, () => checkIndex(options.folder, reader, report));
    attempt('views', report, () => checkViews(options.folder, engine, report));
    attempt('erasure', report, () => checkErasures(options, report));
    for (const also of options.also ?? []) await also(reader.head(), report);
  } catch (error) {
    report({ part: 'file', what: (error as Error).message, remedy: REPAIR });
  } finally {
    reader.close();
  }
  return { ok: findings.length === 0, ...totals, findings, more };
}

type Report = (finding: Finding) => void;

/** Damage can show up anywhere: one part's failure must not hide the others'. */
function attempt(part: Finding['part'], report: Report, work: () => void): void {
  try {
    work();
  } catch (error) {
    report({
      part,
      what: `cannot be read: ${(error as Error).message}`,
      remedy: ['text', 'index', 'views'].includes(part) ? 'rebuilt by itself' : REPAIR,
    });
  }
}

function checkFile(database: Database, report: Report): void {
  for (const row of database.prepare('PRAGMA integrity_check(100)').all()) {
    const what = String(row['integrity_check']);
    if (what !== 'ok') report({ part: 'file', what, remedy: REPAIR });
  }
}

function checkBlocks(
  reader: StoreReader,
  { checks, onProgress }: FsckOptions,
  totals: { blocks: number; checked: number; headerOnly: number; erased: number },
  report: Report,
): void {
  const { epoch, seq: last, count, labels } = reader.head();
  let expectedLabel = 0;
  for (let seq = 0; seq < last;) {
    const items = itemsAfter(reader, { epoch, seq }, report);
    if (items.length === 0) {
      seq += 1;
      // Its bytes cannot be read; where its place in the catalogue can, the others are judged as if it were there.
      const place = placeAt(reader, seq);
      if (place === undefined) continue;
      totals.blocks += 1;
      expectedLabel = place.afterLabel;
      continue;
    }
    for (const item of items) {
      if (item.seq !== seq + 1)
        report({
          part: 'sequence',
          what: `numbers ${seq + 1} to ${item.seq - 1} are missing`,
          seq: seq + 1,
          remedy: REPAIR,
        });
      seq = item.seq;
      if (item.type === 'erase') continue;
      const { block } = item;
      // A number under which a block first came without its body is not the block's own.
      if (!isCurrent(reader, block, report)) continue;
      totals.blocks += 1;
      expectedLabel = checkLabel(reader, block, reader.afterFormerRows(expectedLabel), report);
      checkBlock(block, checks, totals, report);
    }
    onProgress?.(totals.checked, count);
  }
  if (totals.blocks !== count)
    report({ part: 'sequence', what: `${totals.blocks} blocks are there, ${count} are counted`, remedy: REPAIR });
  expectedLabel = reader.afterFormerRows(expectedLabel);
  if (expectedLabel !== labels)
    report({ part: 'catalogue', what: `labels end at ${expectedLabel}, ${labels} were given out`, remedy: REPAIR });
}

/** A batch of the tail; where a damaged page stops it, one item at a time, naming the ones that cannot be read. */
function itemsAfter(reader: StoreReader, cursor: Cursor, report: Report): TailItem[] {
  try {
    return reader.wholeTail(cursor.seq, Infinity, BATCH);
  } catch {
    try {
      return reader.wholeTail(cursor.seq, Infinity, 1);
    } catch (error) {
      const seq = cursor.seq + 1;
      const place = placeAt(reader, seq);
      const what = `cannot be read: ${(error as Error).message}`;
      report({ part: 'block', what, ...(place === undefined ? {} : { id: place.id }), seq, remedy: REPAIR });
      return [];
    }
  }
}

/** Which block has a number, and where its labels end, if at least that can be read. */
function placeAt(
  { database }: StoreReader,
  seq: number,
): { readonly id: BlockId; readonly afterLabel: number } | undefined {
  try {
    const row = database
      .prepare('SELECT digest, python, first_label + row_count AS after FROM blocks WHERE seq = ?')
      .get(seq);
    return row === undefined ? undefined : { id: idOfRow(row), afterLabel: row['after'] as number };
  } catch {
    return undefined;
  }
}

function isCurrent(reader: StoreReader, { id, seq }: StoredBlock, report: Report): boolean {
  try {
    const [row] = reader.get([id]);
    if (row === undefined) report({ part: 'catalogue', what: 'it cannot be found by its id', id, seq, remedy: REPAIR });
    return row === undefined || row.seq === seq;
  } catch {
    return true;
  }
}

/** Labels follow each other in the order of sequence; erased blocks keep theirs. */
function checkLabel(reader: StoreReader, block: StoredBlock, expected: number, report: Report): number {
  if (block.firstLabel !== expected)
    report({
      part: 'catalogue',
      what: `first label is ${block.firstLabel}, expected ${expected}`,
      id: block.id,
      seq: block.seq,
      remedy: REPAIR,
    });
  return block.firstLabel + reader.labelsOf(block.seq);
}

function checkBlock(
  block: StoredBlock,
  checks: Checks,
  totals: { checked: number; headerOnly: number; erased: number },
  report: Report,
): void {
  const about = { part: 'block', id: block.id, seq: block.seq, remedy: REPAIR } as const;
  if (block.erased !== undefined) {
    totals.erased += 1;
    if (block.body !== null) report({ ...about, what: 'it was erased and still has a body' });
    if (block.format === 'python/1') return;
  } else if (block.body === null && block.format === 'native/2') totals.headerOnly += 1;
  totals.checked += 1;
  const wire = block.format === 'python/1' ? block.envelope : concatBytes(block.envelope, block.body ?? GONE);
  const verdict = checkAny(wire, checks);
  if (verdict.status === 'rejected') return report({ ...about, what: `${verdict.code}: ${verdict.detail}` });
  if (verdict.id !== block.id) return report({ ...about, what: `its bytes are those of ${verdict.id}` });
  const { entry } = verdict;
  if (entry.author !== block.entry.author || entry.kind !== block.entry.kind || entry.timeMs !== block.entry.timeMs)
    report({ ...about, part: 'catalogue', what: 'author, kind or time differ from the block’s own' });
  if (
    block.erased === undefined &&
    entry.inert === undefined &&
    block.entry.inert === undefined &&
    (entry.rows !== block.entry.rows || entry.space !== block.entry.space)
  )
    report({
      ...about,
      part: 'catalogue',
      what: `${block.entry.rows} rows are listed, ${entry.rows} are in the block`,
    });
}

function checkCatalogue({ database, names }: StoreReader, report: Report): void {
  const counted = database.prepare('SELECT author, kind, space, row_count, erased FROM blocks').all();
  const tallies = new Map<string, number>();
  const add = (what: string, id: unknown, n: number): void =>
    void tallies.set(`${what} ${String(id)}`, (tallies.get(`${what} ${String(id)}`) ?? 0) + n);
  for (const row of counted) {
    add('author', row['author'], 1);
    add('kind', row['kind'], 1);
    if (row['space'] !== null && row['erased'] === null) add('space', row['space'], row['row_count'] as number);
  }
  const version = Number(metaOf(database, 'version'));
  if (version >= 4)
    for (const { rel, n } of database.prepare('SELECT rel, count(*) AS n FROM links GROUP BY rel').all())
      add('rel', rel, n as number);
  for (const row of database.prepare('SELECT what, id, n FROM tallies').all()) {
    const key = `${row['what'] as string} ${row['id'] as number}`;
    const n = tallies.get(key) ?? 0;
    tallies.delete(key);
    if (n !== row['n'])
      report({
        part: 'catalogue',
        what: `${row['what'] as string} ${names.name(row['id'] as number)}: ${row['n'] as number} counted, ${n} there`,
        remedy: REPAIR,
      });
  }
  for (const [key, n] of tallies)
    if (n > 0) report({ part: 'catalogue', what: `${key}: none counted, ${n} there`, remedy: REPAIR });
  const factTables = version >= 5 ? ['facts'] : [];
  if (version >= 4) checkNames(database, report, factTables.length > 0);
  const idTables = hasIds(database) ? ['ids', 'recent_ids'] : [];
  for (const table of ['tags', 'links', 'languages', 'aliases', 'bytes', ...idTables, ...factTables]) {
    const { n } = database
      .prepare(`SELECT count(*) AS n FROM ${table} WHERE block NOT IN (SELECT id FROM blocks)`)
      .get() as { n: number };
    if (n > 0) report({ part: 'catalogue', what: `${n} entries of ${table} belong to no block`, remedy: REPAIR });
  }
  const missing = (sql: string): number =>
    Number(database.prepare(`SELECT count(*) AS n FROM blocks WHERE id NOT IN (${sql})`).get()!['n']);
  const bare = missing('SELECT block FROM bytes');
  if (bare > 0) report({ part: 'block', what: `${bare} blocks have lost their bytes`, remedy: REPAIR });
  const unnamed = idTables.length === 0 ? 0 : missing('SELECT block FROM ids UNION ALL SELECT block FROM recent_ids');
  if (unnamed > 0) report({ part: 'catalogue', what: `${unnamed} blocks cannot be found by their id`, remedy: REPAIR });
}

/** Names and spaces that no block uses: what an erasure should have taken along. */
function checkNames(database: Database, report: Report, hasFacts: boolean): void {
  const unused = {
    names:
      'SELECT author FROM blocks UNION SELECT kind FROM blocks UNION SELECT space FROM blocks WHERE erased IS NULL AND space IS NOT NULL UNION SELECT tag FROM tags UNION SELECT rel FROM links' +
      (hasFacts ? ' UNION SELECT key FROM facts' : ''),
    spaces: 'SELECT space FROM blocks WHERE erased IS NULL AND space IS NOT NULL',
  };
  for (const [table, uses] of Object.entries(unused)) {
    const { n } = database.prepare(`SELECT count(*) AS n FROM ${table} WHERE id NOT IN (${uses})`).get() as {
      n: number;
    };
    if (n > 0) report({ part: 'catalogue', what: `${n} entries of ${table} are used by no block`, remedy: REPAIR });
  }
}

/** What was erased must be gone from the followers' files too. A node that runs is given the time it takes. */
function checkErasures(options: FsckOptions, report: Report): void {
  if (existsSync(journalFolder(options.folder)))
    report({ part: 'erasure', what: 'an erasure was begun and is not proven', remedy: 'run cosmic erase --resume' });
  if (isHeld(options.folder)) return;
  const { path, engine } = existingStore(options);
  const upkeep = openUpkeep(path, engine);
  try {
    for (const room of keptFiles)
      for (const what of room.leftovers({ folder: options.folder, engine, upkeep }))
        report({ part: 'erasure', what, remedy: 'run cosmic erase --resume' });
  } finally {
    upkeep.close();
  }
}
