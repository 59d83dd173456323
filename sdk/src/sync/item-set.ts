import { compareBytes, concatBytes } from '../bytes.js';
import { sha256 as portableSha256, type Sha256 } from '../crypto/hash.js';
import type { DecidedItem } from '../ports/index.js';
import { EMPTY, ID_BYTES, merged, WORDS, type Leaf, type TreeNode } from './item-tree.js';

export { ID_BYTES };
/** Bytes of a range's fingerprint (negentropy v1), and of its hash under a key. */
export const FINGERPRINT_BYTES = 16;
export const KEYED_BYTES = 16;
/** Items hashed in one go. */
const CHUNK_ITEMS = 1024;

/**
 * (time, digest) items in order, each once: what reconciliation compares. Immutable, so that a reconciliation of many
 * messages sees one state. About 45 bytes an item; sets that grow from each other share all but what is new.
 */
export interface ItemSet {
  readonly size: number;
  timeAt(index: number): number;
  /** Shares the set's memory. */
  digestAt(index: number): Uint8Array;
  /** The first index in [begin, end] whose item is not below (time, id prefix; missing bytes count as 0). */
  lowerBound(begin: number, end: number, timeMs: number, prefix: Uint8Array): number;
  has(timeMs: number, digest: Uint8Array): boolean;
  /** Negentropy v1's fingerprint of the items in [begin, end): 16 bytes. */
  fingerprint(begin: number, end: number): Uint8Array;
  /**
   * Hash of the items in [begin, end) under a key, 16 bytes: SHA-256 of the key and of the hashes of each 1,024 items, these
   * of the key and of each item's time (8 bytes, little-endian) and id.
   */
  keyedHash(key: Uint8Array, begin: number, end: number): Uint8Array;
  /** A set with these items too, in any order; repeated ones count once. What it costs grows with them, hardly with the set. */
  with(items: readonly DecidedItem[]): ItemSet;
}

/** `items` in any order, repeated ones allowed. Digests are copied. */
export function createItemSet(items: readonly DecidedItem[] = [], sha256: Sha256 = portableSha256): ItemSet {
  return new TreeItems(EMPTY, sha256).with(items);
}

export function compareItems(a: DecidedItem, b: DecidedItem): number {
  return a.timeMs - b.timeMs || compareBytes(a.digest, b.digest);
}

class TreeItems implements ItemSet {
  /** The leaf that was looked at last: the next look is mostly beside it. */
  private leaf: Leaf;
  private from: number;
  /** Time of the last item: what comes new is mostly later, which saves a walk. */
  private readonly newestMs: number;

  constructor(
    private readonly root: TreeNode,
    private readonly sha256: Sha256,
  ) {
    this.leaf = root.first;
    this.from = 0;
    this.newestMs = root.size === 0 ? -1 : this.timeAt(root.size - 1);
  }

  get size(): number {
    return this.root.size;
  }

  timeAt(index: number): number {
    return this.leafOf(index).times[index - this.from]!;
  }

  digestAt(index: number): Uint8Array {
    return this.leafOf(index).digestAt(index - this.from);
  }

  lowerBound(begin: number, end: number, timeMs: number, prefix: Uint8Array): number {
    return Math.max(begin, Math.min(end, this.root.rank(timeMs, prefix)));
  }

  has(timeMs: number, digest: Uint8Array): boolean {
    if (timeMs > this.newestMs) return false;
    const at = this.root.rank(timeMs, digest);
    return at < this.size && this.timeAt(at) === timeMs && compareBytes(this.digestAt(at), digest) === 0;
  }

  fingerprint(begin: number, end: number): Uint8Array {
    const low = new Uint32Array(WORDS);
    const high = new Uint32Array(WORDS);
    this.root.addSum(low, begin);
    this.root.addSum(high, end);
    const count = varint(end - begin);
    const input = new Uint8Array(ID_BYTES + count.length);
    let borrow = 0;
    for (let w = 0; w < WORDS; w++) {
      let word = high[w]! - low[w]! - borrow;
      borrow = word < 0 ? 1 : 0;
      if (word < 0) word += 0x100000000;
      input[4 * w] = word;
      input[4 * w + 1] = word >>> 8;
      input[4 * w + 2] = word >>> 16;
      input[4 * w + 3] = word >>> 24;
    }
    input.set(count, ID_BYTES);
    return this.sha256(input).slice(0, FINGERPRINT_BYTES);
  }

  keyedHash(key: Uint8Array, begin: number, end: number): Uint8Array {
    const chunks: Uint8Array[] = [key];
    const input = new Uint8Array(key.length + Math.min(CHUNK_ITEMS, end - begin) * (8 + ID_BYTES));
    const view = new DataView(input.buffer);
    input.set(key);
    for (let from = begin; from < end; from += CHUNK_ITEMS) {
      const to = Math.min(end, from + CHUNK_ITEMS);
      let at = key.length;
      for (let i = from; i < to; i++, at += 8 + ID_BYTES) {
        const timeMs = this.timeAt(i);
        view.setUint32(at, timeMs, true);
        view.setUint32(at + 4, timeMs / 0x100000000, true);
        input.set(this.digestAt(i), at + 8);
      }
      chunks.push(this.sha256(input.subarray(0, at)).slice());
    }
    return this.sha256(concatBytes(...chunks)).slice(0, KEYED_BYTES);
  }

  with(items: readonly DecidedItem[]): ItemSet {
    const fresh = this.freshOf(items);
    return fresh.length === 0 ? this : new TreeItems(merged(this.root, fresh), this.sha256);
  }

  private leafOf(index: number): Leaf {
    if (index < this.from || index >= this.from + this.leaf.size)
      ({ leaf: this.leaf, from: this.from } = this.root.leafAt(index));
    return this.leaf;
  }

  /** Sorted, without repetitions and what is here already. */
  private freshOf(items: readonly DecidedItem[]): DecidedItem[] {
    const sorted = [...items].sort(compareItems);
    const fresh: DecidedItem[] = [];
    for (const item of sorted) {
      if (item.digest.length !== ID_BYTES)
        throw new RangeError(`digest: expected ${ID_BYTES} bytes, got ${item.digest.length}`);
      if (!Number.isSafeInteger(item.timeMs) || item.timeMs < 0)
        throw new RangeError(`timeMs: expected 0 to 2^53−1, got ${item.timeMs}`);
      const previous = fresh[fresh.length - 1];
      if (previous !== undefined && compareItems(previous, item) === 0) continue;
      if (!this.has(item.timeMs, item.digest)) fresh.push(item);
    }
    return fresh;
  }
}

/** Base 128, most significant digit first, the high bit set on all but the last. `value`: 0 to 2^53−1. */
export function varint(value: number): Uint8Array {
  const digits: number[] = [];
  let rest = value;
  do {
    digits.unshift((rest % 128) | (digits.length > 0 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(digits);
}
