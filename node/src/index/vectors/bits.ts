/** A growable bitset. Bit i is bit (i & 7) of byte i >> 3, least significant first, as everywhere in this project. */
export class Bits {
  private bytes: Uint8Array;
  private set_ = 0;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes;
    for (const byte of bytes) this.set_ += ONES[byte]!;
  }

  /** How many bits are set. */
  get count(): number {
    return this.set_;
  }

  has(i: number): boolean {
    return ((this.bytes[i >>> 3] ?? 0) & (1 << (i & 7))) !== 0;
  }

  add(i: number): void {
    if (this.has(i)) return;
    if (i >>> 3 >= this.bytes.length) this.grow((i >>> 3) + 1);
    this.bytes[i >>> 3]! |= 1 << (i & 7);
    this.set_++;
  }

  delete(i: number): void {
    if (!this.has(i)) return;
    this.bytes[i >>> 3]! &= ~(1 << (i & 7));
    this.set_--;
  }

  /** A copy of the first `length` bits, padded with zeros to whole bytes. */
  copy(length: number): Uint8Array {
    const out = new Uint8Array((length + 7) >>> 3);
    out.set(this.bytes.subarray(0, out.length));
    if ((length & 7) !== 0 && out.length > 0) out[out.length - 1]! &= (1 << (length & 7)) - 1;
    return out;
  }

  /** How many bits are set both here and in `other`. */
  countWith(other: Uint8Array): number {
    const bytes = Math.min(this.bytes.length, other.length);
    const words = other.byteOffset % 4 === 0 ? bytes >>> 2 : 0;
    let count = 0;
    if (words > 0) {
      const a = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, words);
      const b = new Uint32Array(other.buffer, other.byteOffset, words);
      for (let i = 0; i < words; i++) count += onesOf(a[i]! & b[i]!);
    }
    for (let i = words << 2; i < bytes; i++) count += ONES[this.bytes[i]! & other[i]!]!;
    return count;
  }

  /** Calls `visit` for every bit that is set both here and in `other`, in ascending order. */
  eachWith(other: Uint8Array, visit: (i: number) => void): void {
    const bytes = Math.min(this.bytes.length, other.length);
    for (let at = 0; at < bytes; at++) {
      if (other[at] === 0) continue;
      for (let both = this.bytes[at]! & other[at]!; both !== 0; both &= both - 1)
        visit((at << 3) + (31 - Math.clz32(both & -both)));
    }
  }

  private grow(bytes: number): void {
    const grown = new Uint8Array((Math.max(bytes, this.bytes.length * 2, 64) + 3) & ~3);
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => onesOf(byte));

/** Bits set in a 32-bit word, by pairwise sums. */
function onesOf(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return (((x + (x >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
