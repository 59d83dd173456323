import { checkAny, concatBytes, type Checks, type StoredBlock, type TailItem } from '@cosmicembeddings/sdk';
import { isHeld } from '../store/sqlite/lock.js';
import { StoreReader, type SqliteEngine } from '../store/sqlite/index.js';
import { upkeepOf } from '../store/sqlite/upkeep.js';
import { existingStore, type StoreFolder } from './folder.js';
import type { Finding } from '../store/finding.js';
import type { Upkeep } from '../store/upkeep.js';
import { keptFiles, openJournal } from './erasure/index.js';
import { checkFollowers, type FollowerReport } from './fsck-followers.js';

export interface FsckReport {
  readonly ok: boolean;
  readonly blocks: number;
  readonly checked: number;
  readonly headerOnly: number;
  readonly erased: number;
  readonly findings: readonly Finding[];
  /** Nothing is wrong, and something is still to be done. */
  readonly due: readonly Finding[];
  /** Everything that trails the store, in the order of the status. */
  readonly followers: readonly FollowerReport[];
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
 * sky, labels, catalogue, followers' cursors. Changes nothing; a running node may hold the folder. (The command notes the outcome beside the store.)
 * @throws CosmicError input.not_found, config.malformed
 */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const { path, engine } = existingStore(options);
  const findings: Finding[] = [];
  const due: Finding[] = [];
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
    return { ok: false, ...totals, findings, due, followers: [], more };
  }
  const upkeep = upkeepOf(reader, path);
  let followers: readonly FollowerReport[] = [];
  try {
    attempt('file', report, () => {
      for (const what of upkeep.fileFaults()) report({ part: 'file', what, remedy: REPAIR });
    });
    attempt('sequence', report, () => checkBlocks(upkeep, options, totals, report));
    attempt('catalogue', report, () => {
      for (const fault of upkeep.catalogueFaults()) report({ ...fault, remedy: REPAIR });
    });
    attempt('followers', report, () => {
      followers = checkFollowers({ folder: options.folder, engine, upkeep }, report);
    });
    attempt('erasure', report, () => checkErasures(options.folder, engine, upkeep, report, (one) => due.push(one)));
    for (const also of options.also ?? []) await also(upkeep.head(), report);
  } catch (error) {
    report({ part: 'file', what: (error as Error).message, remedy: REPAIR });
  } finally {
    upkeep.close();
  }
  return { ok: findings.length === 0, ...totals, findings, due, followers, more };
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
      remedy: REPAIR,
    });
  }
}

function checkBlocks(
  upkeep: Upkeep,
  { checks, onProgress }: FsckOptions,
  totals: { blocks: number; checked: number; headerOnly: number; erased: number },
  report: Report,
): void {
  const { seq: last, count, labels } = upkeep.head();
  let expectedLabel = 0;
  for (let seq = 0; seq < last;) {
    const items = itemsAfter(upkeep, seq, report);
    if (items.length === 0) {
      seq += 1;
      // Its bytes cannot be read; where its place in the catalogue can, the others are judged as if it were there.
      const place = upkeep.placeOf(seq);
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
      if (!isCurrent(upkeep, block, report)) continue;
      totals.blocks += 1;
      expectedLabel = checkLabel(upkeep, block, upkeep.afterFormerRows(expectedLabel), report);
      checkBlock(block, checks, totals, report);
    }
    onProgress?.(totals.checked, count);
  }
  if (totals.blocks !== count)
    report({ part: 'sequence', what: `${totals.blocks} blocks are there, ${count} are counted`, remedy: REPAIR });
  expectedLabel = upkeep.afterFormerRows(expectedLabel);
  if (expectedLabel !== labels)
    report({ part: 'catalogue', what: `labels end at ${expectedLabel}, ${labels} were given out`, remedy: REPAIR });
}

/** A batch of the tail; where a damaged page stops it, one item at a time, naming the ones that cannot be read. */
function itemsAfter(upkeep: Upkeep, after: number, report: Report): readonly TailItem[] {
  try {
    return upkeep.itemsAfter(after, BATCH);
  } catch {
    try {
      return upkeep.itemsAfter(after, 1);
    } catch (error) {
      const seq = after + 1;
      const place = upkeep.placeOf(seq);
      const what = `cannot be read: ${(error as Error).message}`;
      report({ part: 'block', what, ...(place === undefined ? {} : { id: place.id }), seq, remedy: REPAIR });
      return [];
    }
  }
}

function isCurrent(upkeep: Upkeep, { id, seq }: StoredBlock, report: Report): boolean {
  try {
    const found = upkeep.get(id);
    if (found === undefined)
      report({ part: 'catalogue', what: 'it cannot be found by its id', id, seq, remedy: REPAIR });
    return found === undefined || found.seq === seq;
  } catch {
    return true;
  }
}

/** Labels follow each other in the order of sequence; erased blocks keep theirs. */
function checkLabel(upkeep: Upkeep, block: StoredBlock, expected: number, report: Report): number {
  if (block.firstLabel !== expected)
    report({
      part: 'catalogue',
      what: `first label is ${block.firstLabel}, expected ${expected}`,
      id: block.id,
      seq: block.seq,
      remedy: REPAIR,
    });
  return block.firstLabel + upkeep.labelsOf(block.seq);
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

/** What was erased must be gone from the followers' files too. A node that runs is given the time it takes. */
function checkErasures(folder: string, engine: SqliteEngine, upkeep: Upkeep, report: Report, due: Report): void {
  if (isHeld(folder)) return;
  const erasures = openJournal(folder)?.erasures;
  if (erasures !== undefined) {
    const left = erasures.filter(({ id }) => (upkeep.get(id)?.body ?? null) !== null).length;
    const remedy = 'run cosmic erase --resume';
    if (left > 0) report({ part: 'erasure', what: `an erasure was begun, and ${left} bodies are still there`, remedy });
    else due({ part: 'erasure', what: 'an erasure was begun, its bodies are gone, the proof is due', remedy });
  }
  for (const room of keptFiles)
    for (const what of room.leftovers({ folder, engine, upkeep }))
      report({ part: 'erasure', what, remedy: 'run cosmic erase --resume' });
}
