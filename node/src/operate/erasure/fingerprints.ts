import { windowBytes } from './fields.js';

const { imul } = Math;

/** Two 32-bit hashes of a piece: the first rolls over a file, the second decides. */
export interface Hashes {
  readonly first: number;
  readonly second: number;
}

/**
 * Keyed hashes of pieces of up to 16 bytes: a polynomial in a secret base (Karp and Rabin, 1987), which can roll, and FNV-1a
 * with a secret start. Both together fail to tell two pieces apart once in 2^64.
 */
export class Hasher {
  /** Odd, so that no byte's weight vanishes. */
  readonly base: number;
  private readonly start: number;

  /** `key`: 8 bytes. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, 8);
    this.base = view.getUint32(0, true) | 1;
    this.start = view.getUint32(4, true);
  }

  first(bytes: Uint8Array, from: number, to: number): number {
    let hash = 0;
    for (let i = from; i < to; i++) hash = (imul(hash, this.base) + bytes[i]! + 1) | 0;
    return hash >>> 0;
  }

  second(bytes: Uint8Array, from: number, to: number): number {
    let hash = this.start;
    for (let i = from; i < to; i++) hash = imul(hash ^ bytes[i]!, 0x01000193);
    return hash >>> 0;
  }

  /** What the oldest byte of a window of so many weighs. */
  weight(length: number): number {
    let weight = 1;
    for (let i = 1; i < length; i++) weight = imul(weight, this.base);
    return weight;
  }
}

/** One piece of one erased body, as the journal keeps it. */
export interface Fingerprint extends Hashes {
  /** Place of the block in the journal. */
  readonly block: number;
  readonly field: number;
  /** Bytes; `windowBytes` for a window of a long field. */
  readonly length: number;
}

export const fingerprintBytes = 16;

export function writeFingerprint(
  view: DataView,
  at: number,
  { first, second, block, field, length }: Fingerprint,
): void {
  view.setUint32(at, first, true);
  view.setUint32(at + 4, second, true);
  view.setUint32(at + 8, block, true);
  view.setUint16(at + 12, field, true);
  view.setUint16(at + 14, length, true);
}

/** Fingerprints of one length class, to be asked for each place of a file. Memory: about 40 bytes for each. */
export class FingerprintSet {
  private readonly table: Uint32Array;
  private readonly mask: number;
  /** Bit per leading bits of the first hash: nearly all places are answered here. */
  readonly filter: Uint32Array;
  readonly shift: number;
  readonly count: number;

  /** `records`: `fingerprintBytes` each. */
  constructor(
    private readonly records: DataView,
    readonly hasher: Hasher,
  ) {
    this.count = records.byteLength / fingerprintBytes;
    const bits = Math.max(10, Math.min(27, Math.ceil(Math.log2(Math.max(1, this.count))) + 5));
    this.shift = 32 - bits;
    this.filter = new Uint32Array(1 << (bits - 5));
    const slots = 1 << Math.max(4, Math.ceil(Math.log2(this.count * 2 + 1)));
    this.mask = slots - 1;
    this.table = new Uint32Array(slots);
    for (let i = 0; i < this.count; i++) {
      const first = records.getUint32(i * fingerprintBytes, true);
      const place = first >>> this.shift;
      this.filter[place >>> 5]! |= 1 << (place & 31);
      let slot = first & this.mask;
      while (this.table[slot] !== 0) slot = (slot + 1) & this.mask;
      this.table[slot] = i + 1;
    }
  }

  /** Some of them, as a set of its own. */
  only(indexes: readonly number[]): FingerprintSet {
    const part = new Uint8Array(indexes.length * fingerprintBytes);
    const all = new Uint8Array(this.records.buffer, this.records.byteOffset, this.records.byteLength);
    indexes.forEach((index, i) =>
      part.set(all.subarray(index * fingerprintBytes, (index + 1) * fingerprintBytes), i * fingerprintBytes),
    );
    return new FingerprintSet(new DataView(part.buffer), this.hasher);
  }

  at(index: number): Fingerprint {
    const at = index * fingerprintBytes;
    return {
      first: this.records.getUint32(at, true),
      second: this.records.getUint32(at + 4, true),
      block: this.records.getUint32(at + 8, true),
      field: this.records.getUint16(at + 12, true),
      length: this.records.getUint16(at + 14, true),
    };
  }

  /** Tells each fingerprint of the piece `bytes[from, to)`, whose first hash is given. */
  match(first: number, bytes: Uint8Array, from: number, to: number, found: (index: number) => void): void {
    let second = -1;
    for (let slot = first & this.mask; this.table[slot] !== 0; slot = (slot + 1) & this.mask) {
      const index = this.table[slot]! - 1;
      const at = index * fingerprintBytes;
      if (this.records.getUint32(at, true) !== first || this.records.getUint16(at + 14, true) !== to - from) continue;
      if (second < 0) second = this.hasher.second(bytes, from, to);
      if (this.records.getUint32(at + 4, true) === second) found(index);
    }
  }

  matchWhole(bytes: Uint8Array, found: (index: number) => void): void {
    this.match(this.hasher.first(bytes, 0, bytes.length), bytes, 0, bytes.length, found);
  }
}

/** Looks at every place of `bytes` for pieces of one length. */
export function scanBytes(
  bytes: Uint8Array,
  set: FingerprintSet,
  found: (index: number, offset: number) => void,
  length = windowBytes,
): void {
  const { filter, shift, hasher } = set;
  if (bytes.length < length || set.count === 0) return;
  const { base } = hasher;
  const weight = hasher.weight(length);
  let hash = hasher.first(bytes, 0, length) | 0;
  for (let from = 0; ; from++) {
    const place = hash >>> shift;
    if ((filter[place >>> 5]! & (1 << (place & 31))) !== 0)
      set.match(hash >>> 0, bytes, from, from + length, (index) => found(index, from));
    const to = from + length;
    if (to >= bytes.length) return;
    hash = (imul(hash - imul(bytes[from]! + 1, weight), base) + bytes[to]! + 1) | 0;
  }
}
