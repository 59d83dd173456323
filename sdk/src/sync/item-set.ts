import { compareBytes, concatBytes } from '../bytes.js';
import { sha256 as portableSha256, type Sha256 } from '../crypto/hash.js';
import type { DecidedItem } from '../ports/index.js';

/** Bytes of a digest and of a range's fingerprint (negentropy v1). */
export const ID_BYTES = 32;
export const FINGERPRINT_BYTES = 16;
export const KEYED_BYTES = 16;
/** Items hashed in one go. */
const CHUNK_ITEMS = 1024;

/** A sum of ids is kept for every this many items: a fingerprint adds at most twice as many ids, however long its range. */
const STRIDE = 16;
const WORDS = 8;

/**
 * (time, digest) items in order, each once: what reconciliation compares. Immutable, so that a reconciliation of many
 * messages sees one state. About 42 bytes an item.
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
  /** A set with these items too, in any order; repeated ones count once. */
  with(items: readonly DecidedItem[]): ItemSet;
}

/** `items` in any order, repeated ones allowed. Digests are copied. */
export function createItemSet(items: readonly DecidedItem[] = [], sha256: Sha256 = portableSha256): ItemSet {
  return new SortedItems(new Float64Array(0), new Uint8Array(0), sha256).with(items);
}

export function compareItems(a: DecidedItem, b: DecidedItem): number {
  return a.timeMs - b.timeMs || compareBytes(a.digest, b.digest);
}

class SortedItems implements ItemSet {
  constructor(
    private readonly times: Float64Array,
    private readonly ids: Uint8Array,
    private readonly sha256: Sha256,
    /** What this set was made of, until its sums are wanted: those up to `firstChange` are the same. */
    private base?: { readonly set: SortedItems; readonly firstChange: number },
  ) {}

  get size(): number {
    return this.times.length;
  }

  timeAt(index: number): number {
    return this.times[index]!;
  }

  digestAt(index: number): Uint8Array {
    return this.ids.subarray(index * ID_BYTES, (index + 1) * ID_BYTES);
  }

  lowerBound(begin: number, end: number, timeMs: number, prefix: Uint8Array): number {
    let low = begin;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.below(middle, timeMs, prefix)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private below(index: number, timeMs: number, prefix: Uint8Array): boolean {
    const time = this.times[index]!;
    if (time !== timeMs) return time < timeMs;
    const at = index * ID_BYTES;
    for (let i = 0; i < prefix.length; i++) {
      const difference = this.ids[at + i]! - prefix[i]!;
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  has(timeMs: number, digest: Uint8Array): boolean {
    const at = this.lowerBound(0, this.size, timeMs, digest);
    return at < this.size && this.times[at] === timeMs && compareBytes(this.digestAt(at), digest) === 0;
  }

  fingerprint(begin: number, end: number): Uint8Array {
    const low = this.sumBefore(begin);
    const high = this.sumBefore(end);
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

  /** Sum of the ids of [0, index). */
  private sumBefore(index: number): Uint32Array {
    const stride = Math.floor(index / STRIDE);
    const sum = this.sums().slice(stride * WORDS, (stride + 1) * WORDS);
    for (let i = stride * STRIDE; i < index; i++) addId(sum, 0, this.ids, i * ID_BYTES);
    return sum;
  }

  keyedHash(key: Uint8Array, begin: number, end: number): Uint8Array {
    const chunks: Uint8Array[] = [key];
    const input = new Uint8Array(key.length + CHUNK_ITEMS * (8 + ID_BYTES));
    const view = new DataView(input.buffer);
    input.set(key);
    for (let from = begin; from < end; from += CHUNK_ITEMS) {
      const to = Math.min(end, from + CHUNK_ITEMS);
      let at = key.length;
      for (let i = from; i < to; i++, at += 8 + ID_BYTES) {
        view.setBigUint64(at, BigInt(this.times[i]!), true);
        input.set(this.digestAt(i), at + 8);
      }
      chunks.push(this.sha256(input.subarray(0, at)).slice());
    }
    return this.sha256(concatBytes(...chunks)).slice(0, KEYED_BYTES);
  }

  with(items: readonly DecidedItem[]): ItemSet {
    const fresh = this.freshOf(items);
    if (fresh.length === 0) return this;
    const size = this.size + fresh.length;
    const times = new Float64Array(size);
    const ids = new Uint8Array(size * ID_BYTES);
    let from = 0;
    let to = 0;
    let firstChange = size;
    const copyUpTo = (end: number): void => {
      times.set(this.times.subarray(from, end), to);
      ids.set(this.ids.subarray(from * ID_BYTES, end * ID_BYTES), to * ID_BYTES);
      to += end - from;
      from = end;
    };
    for (const item of fresh) {
      copyUpTo(this.lowerBound(from, this.size, item.timeMs, item.digest));
      firstChange = Math.min(firstChange, to);
      times[to] = item.timeMs;
      ids.set(item.digest, to * ID_BYTES);
      to++;
    }
    copyUpTo(this.size);
    // Only a set whose sums are known is worth keeping for them.
    const base = this.sums_ === undefined ? this.base : { set: this, firstChange };
    const carried = base && { set: base.set, firstChange: Math.min(base.firstChange, firstChange) };
    return new SortedItems(times, ids, this.sha256, carried);
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

  private sums_: Uint32Array | undefined;

  /**
   * Eight little-endian words for each stride: the sum, modulo 2^256, of all ids before it. Made when a fingerprint is
   * first wanted: a set that only grows needs none.
   */
  private sums(): Uint32Array {
    if (this.sums_ !== undefined) return this.sums_;
    const { ids, size, base } = this;
    const sums = new Uint32Array((Math.floor(size / STRIDE) + 1) * WORDS);
    const stride = base === undefined ? 0 : Math.floor(base.firstChange / STRIDE);
    if (base !== undefined) sums.set(base.set.sums().subarray(0, (stride + 1) * WORDS));
    const sum = sums.slice(stride * WORDS, (stride + 1) * WORDS);
    for (let i = stride * STRIDE; i < size; i++) {
      if (i % STRIDE === 0) sums.set(sum, (i / STRIDE) * WORDS);
      addId(sum, 0, ids, i * ID_BYTES);
    }
    if (size % STRIDE === 0) sums.set(sum, (size / STRIDE) * WORDS);
    this.base = undefined;
    return (this.sums_ = sums);
  }
}

/** sum += id, both little-endian, modulo 2^256. */
function addId(sum: Uint32Array, at: number, ids: Uint8Array, offset: number): void {
  let carry = 0;
  for (let w = 0; w < WORDS; w++) {
    const o = offset + 4 * w;
    const word = (ids[o]! | (ids[o + 1]! << 8) | (ids[o + 2]! << 16) | (ids[o + 3]! << 24)) >>> 0;
    const next = sum[at + w]! + word + carry;
    sum[at + w] = next;
    carry = next > 0xffffffff ? 1 : 0;
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
