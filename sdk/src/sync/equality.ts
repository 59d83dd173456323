import { concatBytes } from '../bytes.js';
import { frameLimits, type Range } from './frames.js';
import { ID_BYTES, KEYED_BYTES, type ItemSet } from './item-set.js';
import type { Line } from './wishes.js';

/** Items of a range that is asked about first: 16 of them are some ten milliseconds of hashing. */
const FIRST_ITEMS = 4096;
/** A range with more items here than that cannot be what an honest side asks about: it differs, and is not hashed. */
const HASHED_MAX = 4 * FIRST_ITEMS;
const DIFFERS = new Uint8Array(KEYED_BYTES);
/** A range that differs is asked about in so many parts; one with no more items than that is told item by item. */
const PARTS = 16;
/** Questions of one check; what is still open then waits for the next one. */
const QUESTIONS_MAX = 1_000;
/** A question, and the telling of each range that the one before found. */
const UNANSWERED_MAX = 2 * PARTS;

const LOWEST = { timeMs: 0, digest: new Uint8Array(ID_BYTES) };
const HIGHEST = { timeMs: Number.MAX_SAFE_INTEGER, digest: new Uint8Array(ID_BYTES).fill(255) };

/** [begin, end) of the own set, asked about as what lies between two items. */
interface Part {
  readonly begin: number;
  readonly end: number;
  readonly range: Range;
}

/**
 * Are two sets equal that a comparison took for equal? Its sums can be ground by who chooses ids; a hash under a key that
 * nobody knew before this session cannot. Where ranges differ they are divided until few items are left, which both then tell.
 */
export class Equality {
  private checking:
    { readonly set: ItemSet; open: Part[]; asked: Part[]; questions: number; sentMs: number } | undefined;
  /** What the other side asks, until the items are here. */
  private answering: { readonly ranges: readonly Range[]; readonly items: boolean }[] = [];

  constructor(
    private readonly line: Line,
    private readonly key: () => Uint8Array,
  ) {}

  get askedMs(): number | undefined {
    return this.checking?.sentMs;
  }

  excuse(nowMs: number): void {
    if (this.checking !== undefined) this.checking.sentMs = nowMs;
  }

  stop(): void {
    this.checking = undefined;
    this.answering = [];
  }

  begin(set: ItemSet, nowMs: number): void {
    if (this.checking !== undefined) return;
    const whole = { begin: 0, end: set.size, range: { from: LOWEST, to: HIGHEST } };
    const open = divided(set, whole, Math.max(1, Math.ceil(set.size / FIRST_ITEMS)));
    this.checking = { set, open, asked: [], questions: 0, sentMs: nowMs };
    this.ask(nowMs);
  }

  /** Hashes of the ranges that were asked about. */
  answered(hashes: Uint8Array, nowMs: number): void {
    const { checking } = this;
    if (checking === undefined || hashes.length !== checking.asked.length * KEYED_BYTES)
      return this.line.fail('peer.protocol', 'hashes that were not asked for');
    const { set, asked } = checking;
    for (const [i, part] of asked.entries()) {
      const own = set.keyedHash(this.key(), part.begin, part.end);
      if (own.every((byte, at) => byte === hashes[i * KEYED_BYTES + at])) continue;
      if (part.end - part.begin > PARTS) checking.open.unshift(...divided(set, part, PARTS));
      else this.tell(set, part);
    }
    this.ask(nowMs);
  }

  /** The other side asks about these. */
  asked(ranges: readonly Range[], items: boolean, part: boolean): void {
    if (this.answering.length >= UNANSWERED_MAX)
      return this.line.fail('peer.protocol', 'equal before the last ones were answered');
    // Bounds share the frame's memory, which is the transport's once this call is over.
    const kept = ranges.map(({ from, to }) => ({
      from: { timeMs: from.timeMs, digest: from.digest.slice() },
      to: { timeMs: to.timeMs, digest: to.digest.slice() },
    }));
    this.answering.push({ ranges: kept, items });
    this.line.wish({ type: 'items', part });
  }

  /** The items that were wished for. */
  items(set: ItemSet): void {
    for (const asked of this.answering.splice(0)) this.answer(set, asked.ranges, asked.items);
  }

  private answer(set: ItemSet, ranges: readonly Range[], told: boolean): void {
    const parts = ranges.map(({ from, to }) => {
      const begin = set.lowerBound(0, set.size, from.timeMs, from.digest);
      return { begin, end: Math.max(begin, set.lowerBound(begin, set.size, to.timeMs, to.digest)) };
    });
    if (told) {
      const items = parts.flatMap(({ begin, end }) => itemsOf(set, begin, end));
      return this.line.send({ type: 'have', items: items.slice(0, frameLimits.idsMax) });
    }
    const isHashed = ({ begin, end }: (typeof parts)[number]): boolean => end - begin <= HASHED_MAX;
    const hashed = parts.filter(isHashed).reduce((sum, { begin, end }) => sum + (end - begin), 0);
    this.line.charge((hashed * (ID_BYTES + 8)) / 16);
    const hashes = parts.map((part) => (isHashed(part) ? set.keyedHash(this.key(), part.begin, part.end) : DIFFERS));
    this.line.send({ type: 'equals', hashes: concatBytes(...hashes) });
  }

  private ask(nowMs: number): void {
    const checking = this.checking!;
    checking.asked = checking.open.splice(0, frameLimits.rangesMax);
    checking.questions += 1;
    if (checking.asked.length === 0 || checking.questions > QUESTIONS_MAX) return void (this.checking = undefined);
    checking.sentMs = nowMs;
    this.line.send({ type: 'equal', ranges: checking.asked.map(({ range }) => range) });
  }

  /** Both sides say what they have there. */
  private tell(set: ItemSet, { begin, end, range }: Part): void {
    const items = itemsOf(set, begin, end);
    if (items.length > 0) this.line.send({ type: 'have', items });
    this.line.send({ type: 'equal', ranges: [range], items: true });
  }
}

function itemsOf(set: ItemSet, begin: number, end: number): { timeMs: number; digest: Uint8Array }[] {
  const last = Math.min(end, begin + frameLimits.idsMax);
  return Array.from({ length: Math.max(0, last - begin) }, (_, i) => ({
    timeMs: set.timeAt(begin + i),
    digest: set.digestAt(begin + i),
  }));
}

/** In up to `n` parts of as many items each; together they cover all between the bounds. */
function divided(set: ItemSet, { begin, end, range }: Part, n: number): Part[] {
  const count = Math.max(1, Math.min(n, end - begin));
  const at = (i: number): number => begin + Math.floor(((end - begin) * i) / count);
  const bound = (index: number): Range['from'] => ({ timeMs: set.timeAt(index), digest: set.digestAt(index) });
  return Array.from({ length: count }, (_, i) => ({
    begin: at(i),
    end: at(i + 1),
    range: { from: i === 0 ? range.from : bound(at(i)), to: i === count - 1 ? range.to : bound(at(i + 1)) },
  }));
}
