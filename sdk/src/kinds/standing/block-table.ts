import { cidOf, DAG_CBOR, parseCid, RAW } from '../../codec/cid.js';

/**
 * Every block's author and first sight in typed arrays, about 90 bytes a block: a hash table with open addressing over
 * the ids' digests, which are evenly spread by nature. Plain data, so that it can be saved as it is.
 */
export interface BlockTable {
  /** 32 bytes a slot. */
  digests: Uint8Array;
  /** Number of the author plus one; 0 marks a free slot. */
  authors: Uint32Array;
  seenMs: Float64Array;
  /** 1 where the id's codec is raw. */
  raw: Uint8Array;
  count: number;
}

export function emptyTable(slots = 64): BlockTable {
  return {
    digests: new Uint8Array(32 * slots),
    authors: new Uint32Array(slots),
    seenMs: new Float64Array(slots),
    raw: new Uint8Array(slots),
    count: 0,
  };
}

export interface BlockRow {
  readonly author: number;
  readonly seenMs: number;
}

/** Adds a block, or keeps the earlier sight of a known one. */
export function noteBlock(table: BlockTable, id: string, author: number, seenMs: number): void {
  if ((table.count + 1) * 10 > table.authors.length * 7) grow(table);
  const { bytes } = parseCid(id);
  const digest = bytes.subarray(bytes.length - 32);
  const slot = slotOf(table, digest);
  if (table.authors[slot] !== 0) {
    table.seenMs[slot] = Math.min(table.seenMs[slot]!, seenMs);
    return;
  }
  insert(table, slot, digest, author + 1, seenMs, bytes[1] === RAW ? 1 : 0);
}

export function rowOf(table: BlockTable, id: string): BlockRow | undefined {
  const { bytes } = parseCid(id);
  const slot = slotOf(table, bytes.subarray(bytes.length - 32));
  return table.authors[slot] === 0 ? undefined : { author: table.authors[slot]! - 1, seenMs: table.seenMs[slot]! };
}

/** Ids of an author's blocks that were seen after `afterMs`; reads the whole table. */
export function* idsSeenAfter(table: BlockTable, author: number, afterMs: number): Iterable<string> {
  for (let slot = 0; slot < table.authors.length; slot++) {
    if (table.authors[slot] !== author + 1 || table.seenMs[slot]! <= afterMs) continue;
    yield cidOf(table.raw[slot] === 1 ? RAW : DAG_CBOR, table.digests.slice(32 * slot, 32 * slot + 32)).text;
  }
}

/** The slot of a digest, or the free one where it belongs. */
function slotOf(table: BlockTable, digest: Uint8Array): number {
  const slots = table.authors.length;
  let slot = ((digest[0]! | (digest[1]! << 8) | (digest[2]! << 16) | (digest[3]! << 24)) >>> 0) & (slots - 1);
  while (table.authors[slot] !== 0 && !holds(table, slot, digest)) slot = (slot + 1) & (slots - 1);
  return slot;
}

function holds(table: BlockTable, slot: number, digest: Uint8Array): boolean {
  const at = 32 * slot;
  for (let i = 0; i < 32; i++) if (table.digests[at + i] !== digest[i]) return false;
  return true;
}

function insert(
  table: BlockTable,
  slot: number,
  digest: Uint8Array,
  author: number,
  seenMs: number,
  raw: number,
): void {
  table.digests.set(digest, 32 * slot);
  table.authors[slot] = author;
  table.seenMs[slot] = seenMs;
  table.raw[slot] = raw;
  table.count++;
}

function grow(table: BlockTable): void {
  const old = { ...table };
  Object.assign(table, emptyTable(old.authors.length * 2));
  for (let slot = 0; slot < old.authors.length; slot++) {
    if (old.authors[slot] === 0) continue;
    const digest = old.digests.subarray(32 * slot, 32 * slot + 32);
    insert(table, slotOf(table, digest), digest, old.authors[slot]!, old.seenMs[slot]!, old.raw[slot]!);
  }
}
