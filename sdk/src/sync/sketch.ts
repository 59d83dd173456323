import type { DecidedItem } from '../ports/index.js';

/** Coded symbols that a node keeps up to date; a difference of some 2,600 items is found in them. */
export const SKETCH_CELLS = 4096;
/** Bytes of a cell on the wire: XOR of times (8) and ids (32), of checks (6), and the count modulo 2^16 (2). */
export const CELL_BYTES = 48;
/** Words of a cell's sum: two of the time, eight of the id. */
const WORDS = 10;

/**
 * A rateless invertible Bloom lookup table (Yang, Gilad, Alizadeh: Practical Rateless Set Reconciliation, SIGCOMM 2024): item
 * after item is added to the cells of its own sequence, cell i with probability 1/(1 + i/2). The difference of two tables is
 * the table of the sets' difference; from some 1.35 cells an item on it can be taken apart, whatever the sets' size.
 * Kept once for the whole set, an item costs some sixteen cells.
 */
export class Sketch {
  private constructor(
    readonly cells: number,
    private readonly sums: Uint32Array,
    private readonly checks: Uint32Array,
    private readonly counts: Int32Array,
    private items: number,
  ) {}

  static create(cells = SKETCH_CELLS): Sketch {
    return new Sketch(cells, new Uint32Array(cells * WORDS), new Uint32Array(cells * 2), new Int32Array(cells), 0);
  }

  get size(): number {
    return this.items;
  }

  /** Each item once: a second time takes it out again. */
  add(item: DecidedItem): void {
    this.items += 1;
    this.apply(codeOf(item), 1);
  }

  /** As it is now; later items do not change it. */
  snapshot(): Sketch {
    return new Sketch(this.cells, this.sums.slice(), this.checks.slice(), this.counts.slice(), this.items);
  }

  /** Cells [from, to) as they travel. */
  bytes(from: number, to: number): Uint8Array {
    const out = new Uint8Array((to - from) * CELL_BYTES);
    const view = new DataView(out.buffer);
    for (let i = from, at = 0; i < to; i++, at += CELL_BYTES) {
      for (let w = 0; w < WORDS; w++) view.setUint32(at + 4 * w, this.sums[i * WORDS + w]!, true);
      view.setUint32(at + 40, this.checks[2 * i]!, true);
      view.setUint16(at + 44, this.checks[2 * i + 1]! & 0xffff, true);
      view.setUint16(at + 46, this.counts[i]! & 0xffff, true);
    }
    return out;
  }

  /** The counts of cells [from, to) alone, modulo 2^16: they tell how large a difference is. */
  countBytes(from: number, to: number): Uint8Array {
    const out = new Uint8Array(2 * (to - from));
    const view = new DataView(out.buffer);
    for (let i = from; i < to; i++) view.setUint16(2 * (i - from), this.counts[i]! & 0xffff, true);
    return out;
  }

  /** What is in this table and not in the other (`theirs`, its first cells as they travel), and the other way round. */
  minus(theirs: Uint8Array): Sketch {
    const cells = Math.floor(theirs.length / CELL_BYTES);
    const rest = new Sketch(
      cells,
      this.sums.slice(0, cells * WORDS),
      this.checks.slice(0, cells * 2),
      new Int32Array(cells),
      0,
    );
    const view = new DataView(theirs.buffer, theirs.byteOffset, theirs.length);
    for (let i = 0, at = 0; i < cells; i++, at += CELL_BYTES) {
      for (let w = 0; w < WORDS; w++) rest.sums[i * WORDS + w]! ^= view.getUint32(at + 4 * w, true);
      rest.checks[2 * i]! ^= view.getUint32(at + 40, true);
      rest.checks[2 * i + 1] = (rest.checks[2 * i + 1]! ^ view.getUint16(at + 44, true)) & 0xffff;
      rest.counts[i] = signed16(this.counts[i]! - view.getUint16(at + 46, true));
    }
    return rest;
  }

  /**
   * How many items two sets differ in, from the counts of their first cells: in cell i the count of a difference of d items,
   * each of either sign, spreads by d·p·(1−p) around p·(|A|−|B|). `theirs`: two bytes a cell. Some 8 % off for 288 cells.
   */
  estimate(theirs: Uint8Array, sizeDifference: number): number {
    const view = new DataView(theirs.buffer, theirs.byteOffset, theirs.length);
    let sum = 0;
    let cells = 0;
    for (let i = 2; 2 * i < theirs.length; i++, cells++) {
      const p = 1 / (1 + i / 2);
      const delta = signed16(this.counts[i]! - view.getUint16(2 * i, true)) - p * sizeDifference;
      sum += (delta * delta) / (p * (1 - p));
    }
    // Where the difference is one-sided, counts vary with p alone; it is never smaller than the difference of the sizes.
    return Math.max(Math.abs(sizeDifference), cells === 0 ? 0 : sum / cells);
  }

  /**
   * Takes a difference apart (it is used up). Undefined when these cells do not suffice. `ours`: items of the table that was
   * taken from, `theirs`: of the other.
   */
  decode(): { readonly ours: readonly DecidedItem[]; readonly theirs: readonly DecidedItem[] } | undefined {
    const ours: DecidedItem[] = [];
    const theirs: DecidedItem[] = [];
    const queue: number[] = [];
    const look = (i: number): void => {
      if (Math.abs(this.counts[i]!) === 1) queue.push(i);
    };
    for (let i = 0; i < this.cells; i++) look(i);
    for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
      const sign = this.counts[i]!;
      if (Math.abs(sign) !== 1) continue;
      const code = this.codeAt(i);
      if (code.check !== this.checks[2 * i] || (code.checkHigh & 0xffff) !== (this.checks[2 * i + 1]! & 0xffff))
        continue;
      const item = itemOf(code.words);
      if (item === undefined || ours.length + theirs.length >= this.cells) return undefined;
      (sign === 1 ? ours : theirs).push(item);
      this.apply(code, -sign, look);
    }
    const isEmpty =
      this.counts.every((count) => count === 0) &&
      this.sums.every((word) => word === 0) &&
      this.checks.every((word, i) => (i % 2 === 0 ? word : word & 0xffff) === 0);
    return isEmpty ? { ours, theirs } : undefined;
  }

  private apply(code: Code, sign: number, changed?: (cell: number) => void): void {
    const { words, check, checkHigh } = code;
    const { sums, checks, counts, cells } = this;
    let state = check;
    for (let i = 0; i < cells;) {
      const at = i * WORDS;
      for (let w = 0; w < WORDS; w++) sums[at + w]! ^= words[w]!;
      checks[2 * i]! ^= check;
      checks[2 * i + 1]! ^= checkHigh;
      counts[i]! += sign;
      changed?.(i);
      state = (state + 0x9e3779b9) >>> 0;
      const r = mixed(state ^ checkHigh);
      // The next cell of 1/(1 + i/2): the inverse of its distribution, with IEEE 754 doubles on every machine the same.
      i += Math.max(1, Math.ceil((i + 1.5) * (65536 / Math.sqrt(r + 1) - 1)));
    }
  }

  private codeAt(i: number): Code {
    return codeOfWords(this.sums.slice(i * WORDS, (i + 1) * WORDS));
  }
}

/** An item as the table adds it. */
interface Code {
  readonly words: Uint32Array;
  readonly check: number;
  readonly checkHigh: number;
}

function codeOf({ timeMs, digest }: DecidedItem): Code {
  const words = new Uint32Array(WORDS);
  words[0] = timeMs % 0x100000000;
  words[1] = Math.floor(timeMs / 0x100000000);
  for (let w = 0; w < 8; w++) {
    const o = 4 * w;
    words[2 + w] = digest[o]! | (digest[o + 1]! << 8) | (digest[o + 2]! << 16) | (digest[o + 3]! << 24);
  }
  return codeOfWords(words);
}

function codeOfWords(words: Uint32Array): Code {
  let low = 0x243f6a88;
  let high = 0x85a308d3;
  for (let w = 0; w < WORDS; w++) {
    low = Math.imul(low ^ words[w]!, 0xcc9e2d51);
    low ^= low >>> 15;
    high = Math.imul(high ^ words[w]! ^ low, 0x1b873593);
    high ^= high >>> 13;
  }
  return { words, check: mixed(low ^ high), checkHigh: mixed(high + 0x9e3779b9) };
}

/** Every bit of 32 upon every other (the finaliser of MurmurHash3). */
function mixed(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function itemOf(words: Uint32Array): DecidedItem | undefined {
  const timeMs = words[1]! * 0x100000000 + words[0]!;
  if (!Number.isSafeInteger(timeMs)) return undefined;
  const digest = new Uint8Array(32);
  const view = new DataView(digest.buffer);
  for (let w = 0; w < 8; w++) view.setUint32(4 * w, words[2 + w]!, true);
  return { timeMs, digest };
}

function signed16(value: number): number {
  return (value << 16) >> 16;
}
