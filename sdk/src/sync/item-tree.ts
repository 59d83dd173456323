import type { DecidedItem } from '../ports/index.js';

/** Bytes of a digest. */
export const ID_BYTES = 32;
/** 32-bit words of a digest, and of a sum of digests modulo 2^256. */
export const WORDS = 8;
/** Items of a leaf, children of a branch: at most. */
const LEAF_MAX = 256;
const BRANCH_MAX = 32;
/** A leaf keeps a sum for every so many items: a sum up to any item adds at most as many ids. */
const STRIDE = 16;

/**
 * Order-statistics tree over (time, digest) items, immutable: what is merged in copies the leaves that it falls into and the
 * branches above them, all else is shared with the tree before. Counts and sums of ids are kept at every node, so that an index,
 * an item's rank and the sum of any range take a walk from the root. All leaves are equally deep.
 */
export type TreeNode = Leaf | Branch;

/** Sorted items, side by side. */
export class Leaf {
  readonly height = 0;
  private sums_: Uint32Array | undefined;

  constructor(
    readonly times: Float64Array,
    readonly ids: Uint8Array,
    /** Sum of all ids. */
    private readonly total: Uint32Array = sumOf(ids),
  ) {}

  get size(): number {
    return this.times.length;
  }

  get first(): Leaf {
    return this;
  }

  leafAt(): { readonly leaf: Leaf; readonly from: number } {
    return { leaf: this, from: 0 };
  }

  digestAt(index: number): Uint8Array {
    return this.ids.subarray(index * ID_BYTES, (index + 1) * ID_BYTES);
  }

  /** Is the item below (time, id prefix; missing bytes count as 0)? */
  below(index: number, timeMs: number, prefix: Uint8Array): boolean {
    const time = this.times[index]!;
    if (time !== timeMs) return time < timeMs;
    const at = index * ID_BYTES;
    for (let i = 0; i < prefix.length; i++) {
      const difference = this.ids[at + i]! - prefix[i]!;
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  /** How many items are below. */
  rank(timeMs: number, prefix: Uint8Array): number {
    return firstNot(this.size, (index) => this.below(index, timeMs, prefix));
  }

  /** sum += the ids of [0, index). */
  addSum(sum: Uint32Array, index: number): void {
    if (index === this.size) return addWords(sum, this.total, 0);
    const stride = Math.floor(index / STRIDE);
    addWords(sum, this.sums(), stride * WORDS);
    for (let i = stride * STRIDE; i < index; i++) addId(sum, this.ids, i * ID_BYTES);
  }

  /** With these too: sorted, none of them here. */
  merged(items: readonly DecidedItem[], from: number, to: number): Leaf[] {
    const size = this.size + to - from;
    const times = new Float64Array(size);
    const ids = new Uint8Array(size * ID_BYTES);
    const total = this.total.slice();
    let read = 0;
    let written = 0;
    const copyUpTo = (end: number): void => {
      times.set(this.times.subarray(read, end), written);
      ids.set(this.ids.subarray(read * ID_BYTES, end * ID_BYTES), written * ID_BYTES);
      written += end - read;
      read = end;
    };
    for (let i = from; i < to; i++) {
      const { timeMs, digest } = items[i]!;
      copyUpTo(read + firstNot(this.size - read, (index) => this.below(read + index, timeMs, digest)));
      times[written] = timeMs;
      ids.set(digest, written * ID_BYTES);
      addId(total, ids, written * ID_BYTES);
      written += 1;
    }
    copyUpTo(this.size);
    if (size <= LEAF_MAX) return [new Leaf(times, ids, total)];
    return parts(size, LEAF_MAX).map(
      ([begin, end]) => new Leaf(times.slice(begin, end), ids.slice(begin * ID_BYTES, end * ID_BYTES)),
    );
  }

  /** The sum of all ids before each stride. Made when one is first wanted: most leaves need none. */
  private sums(): Uint32Array {
    if (this.sums_ !== undefined) return this.sums_;
    const { ids, size } = this;
    const sums = new Uint32Array((Math.floor(size / STRIDE) + 1) * WORDS);
    const sum = new Uint32Array(WORDS);
    for (let i = 0; i < size; i++) {
      addId(sum, ids, i * ID_BYTES);
      if ((i + 1) % STRIDE === 0) sums.set(sum, ((i + 1) / STRIDE) * WORDS);
    }
    return (this.sums_ = sums);
  }
}

/** Children of one height, in order. */
export class Branch {
  readonly height: number;
  readonly size: number;
  readonly first: Leaf;
  /** Items before each child. */
  private readonly before: readonly number[];
  private sums_: Uint32Array | undefined;

  constructor(private readonly children: readonly TreeNode[]) {
    this.height = children[0]!.height + 1;
    this.first = children[0]!.first;
    let size = 0;
    this.before = children.map((child) => (size += child.size) - child.size);
    this.size = size;
  }

  /** The leaf of the item at this index, and the index of its first. */
  leafAt(index: number): { readonly leaf: Leaf; readonly from: number } {
    const child = this.childOf(index);
    const before = this.before[child]!;
    const { leaf, from } = this.children[child]!.leafAt(index - before);
    return { leaf, from: from + before };
  }

  rank(timeMs: number, prefix: Uint8Array): number {
    const child = this.childBelow(timeMs, prefix);
    return this.before[child]! + this.children[child]!.rank(timeMs, prefix);
  }

  addSum(sum: Uint32Array, index: number): void {
    if (index >= this.size) return addWords(sum, this.sums(), this.children.length * WORDS);
    const child = this.childOf(index);
    addWords(sum, this.sums(), child * WORDS);
    this.children[child]!.addSum(sum, index - this.before[child]!);
  }

  merged(items: readonly DecidedItem[], from: number, to: number): Branch[] {
    const children: TreeNode[] = [];
    let begin = from;
    for (const [n, child] of this.children.entries()) {
      const next = this.children[n + 1]?.first;
      let end = begin;
      while (end < to && (next === undefined || !next.below(0, items[end]!.timeMs, items[end]!.digest))) end += 1;
      children.push(...(begin === end ? [child] : child.merged(items, begin, end)));
      begin = end;
    }
    return branched(children);
  }

  private childOf(index: number): number {
    return firstNot(this.children.length, (child) => this.before[child]! <= index) - 1;
  }

  /** The last child that begins with an item below; the first where none does. */
  private childBelow(timeMs: number, prefix: Uint8Array): number {
    return Math.max(0, firstNot(this.children.length, (n) => this.children[n]!.first.below(0, timeMs, prefix)) - 1);
  }

  /** The sum of all ids before each child, and of all. */
  private sums(): Uint32Array {
    if (this.sums_ !== undefined) return this.sums_;
    const sums = new Uint32Array((this.children.length + 1) * WORDS);
    const sum = new Uint32Array(WORDS);
    for (const [n, child] of this.children.entries()) {
      child.addSum(sum, child.size);
      sums.set(sum, (n + 1) * WORDS);
    }
    return (this.sums_ = sums);
  }
}

export const EMPTY: TreeNode = new Leaf(new Float64Array(0), new Uint8Array(0));

/** With these too: sorted, none of them in the tree. */
export function merged(root: TreeNode, items: readonly DecidedItem[]): TreeNode {
  let level: readonly TreeNode[] = root.merged(items, 0, items.length);
  while (level.length > 1) level = branched(level);
  return level[0]!;
}

function branched(children: readonly TreeNode[]): Branch[] {
  return parts(children.length, BRANCH_MAX).map(([begin, end]) => new Branch(children.slice(begin, end)));
}

/** [begin, end) of as few parts as hold `size` at `most` each, all about as large. */
function parts(size: number, most: number): [begin: number, end: number][] {
  const count = Math.ceil(size / most);
  const at = (n: number): number => Math.floor((size * n) / count);
  return Array.from({ length: count }, (_, n) => [at(n), at(n + 1)]);
}

/** The first of 0 to `size` that `is` does not hold for; it holds for all before. */
function firstNot(size: number, is: (index: number) => boolean): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (is(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sumOf(ids: Uint8Array): Uint32Array {
  const sum = new Uint32Array(WORDS);
  for (let at = 0; at < ids.length; at += ID_BYTES) addId(sum, ids, at);
  return sum;
}

/** sum += id, both little-endian, modulo 2^256. */
function addId(sum: Uint32Array, ids: Uint8Array, offset: number): void {
  let carry = 0;
  for (let w = 0; w < WORDS; w++) {
    const o = offset + 4 * w;
    const word = (ids[o]! | (ids[o + 1]! << 8) | (ids[o + 2]! << 16) | (ids[o + 3]! << 24)) >>> 0;
    const next = sum[w]! + word + carry;
    sum[w] = next;
    carry = next > 0xffffffff ? 1 : 0;
  }
}

/** sum += eight words of `words` from `at`. */
function addWords(sum: Uint32Array, words: Uint32Array, at: number): void {
  let carry = 0;
  for (let w = 0; w < WORDS; w++) {
    const next = sum[w]! + words[at + w]! + carry;
    sum[w] = next;
    carry = next > 0xffffffff ? 1 : 0;
  }
}
