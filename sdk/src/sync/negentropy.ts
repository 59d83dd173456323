import { compareBytes } from '../bytes.js';
import type { DecidedItem } from '../ports/index.js';
import { FINGERPRINT_BYTES, type ItemSet } from './item-set.js';
import {
  END,
  MessageReader,
  MessageWriter,
  NegentropyError,
  ORIGIN,
  VERSION,
  type Bound,
} from './negentropy-message.js';

/** Range modes of negentropy version 1. */
const SKIP = 0;
const FINGERPRINT = 1;
const ID_LIST = 2;
const BUCKETS = 16;
/** Room that is left under the frame limit for the closing range. */
const RESERVE_BYTES = 200;
export const FRAME_LIMIT_MIN = 4096;

export interface ReconcilerOptions {
  /** Largest message that is written, in bytes; 0 for no limit, else at least 4,096. */
  readonly frameLimit?: number;
}

/** What one message told the initiator; the other side learns nothing. */
export interface Step {
  /** The next message; for the initiator absent when the reconciliation is over. */
  readonly reply?: Uint8Array;
  /** Items that only this side has. Digests share the memory of the set. */
  readonly have: readonly DecidedItem[];
  /** Digests that only the other side has. They share the memory of the message. */
  readonly need: readonly Uint8Array[];
}

/** One side of a reconciliation over a fixed set. */
export interface Reconciler {
  /** The first message; makes this side the initiator. */
  initiate(): Uint8Array;
  /** @throws NegentropyError for a message that breaks the protocol. */
  step(message: Uint8Array): Step;
}

/**
 * Range-based set reconciliation, Negentropy protocol version 1: byte for byte the messages of hoytech/negentropy.
 * Bytes in, bytes out; no clock, no state beyond the role.
 */
export function createReconciler(items: ItemSet, options: ReconcilerOptions = {}): Reconciler {
  const frameLimit = options.frameLimit ?? 0;
  if (frameLimit !== 0 && frameLimit < FRAME_LIMIT_MIN)
    throw new RangeError(`frameLimit: 0 or at least ${FRAME_LIMIT_MIN}, got ${frameLimit}`);
  let initiator = false;
  return {
    initiate: () => {
      initiator = true;
      const out = new MessageWriter();
      split(items, out, 0, items.size, END);
      return out.bytes();
    },
    step: (message) => step(items, message, initiator, frameLimit === 0 ? Infinity : frameLimit - RESERVE_BYTES),
  };
}

function step(items: ItemSet, message: Uint8Array, initiator: boolean, limit: number): Step {
  const query = new MessageReader(message);
  const version = query.byte();
  if (version < 0x60 || version > 0x6f) throw new NegentropyError('no negentropy message: bad version byte');
  const out = new MessageWriter();
  if (version !== VERSION) {
    // The other side may speak an older version when it is told ours.
    if (initiator) throw new NegentropyError(`negentropy version ${version - 0x60} is not spoken here`);
    return { reply: out.bytes(), have: [], need: [] };
  }
  const have: DecidedItem[] = [];
  const need: Uint8Array[] = [];
  answer(items, query, out, { initiator, limit, have, need });
  return initiator && out.length === 1 ? { have, need } : { reply: out.bytes(), have, need };
}

interface Turn {
  readonly initiator: boolean;
  readonly limit: number;
  readonly have: DecidedItem[];
  readonly need: Uint8Array[];
}

function answer(items: ItemSet, query: MessageReader, out: MessageWriter, turn: Turn): void {
  const size = items.size;
  let lower = 0;
  let previous: Bound = ORIGIN;
  let skipping = false;
  while (!query.done) {
    const bound = query.bound();
    const mode = query.varint();
    const before = out.length;
    const speak = (): void => {
      if (skipping) out.range(previous, SKIP);
      skipping = false;
    };
    let upper = items.lowerBound(lower, size, bound.timeMs, bound.prefix);
    let settled = out.length;
    let theirs: Uint8Array | undefined;
    if (mode === SKIP) skipping = true;
    else if (mode === FINGERPRINT) {
      theirs = query.take(FINGERPRINT_BYTES);
      if (compareBytes(theirs, items.fingerprint(lower, upper)) === 0) skipping = true;
      else {
        speak();
        split(items, out, lower, upper, bound);
      }
    } else if (mode === ID_LIST) {
      const ids = query.ids();
      if (turn.initiator) {
        skipping = true;
        compare(items, lower, upper, ids, turn);
      } else {
        speak();
        upper = list(items, out, lower, upper, bound, turn.limit - before);
        settled = out.length;
      }
    } else throw new NegentropyError(`unexpected range mode ${mode}`);
    if (out.length > turn.limit) {
      // No room for this range: one fingerprint stands for all that is left, and the other side asks again.
      // The reference leaves the range that did not fit out of that fingerprint, so that it surely differs; so do we.
      // Only where the other side has said "nothing" and ours would say "nothing" too, ours tells the truth: else both
      // would take the range for equal and its items would never be found.
      out.truncate(settled);
      out.range(END, FINGERPRINT);
      const rest = items.fingerprint(upper, size);
      out.raw(
        upper === size && theirs !== undefined && compareBytes(theirs, rest) === 0
          ? items.fingerprint(lower, size)
          : rest,
      );
      return;
    }
    lower = upper;
    previous = bound;
  }
}

/** This side's view of a range: its ids when they are few, else the fingerprints of sixteen parts. */
function split(items: ItemSet, out: MessageWriter, lower: number, upper: number, bound: Bound): void {
  const count = upper - lower;
  if (count < BUCKETS * 2) {
    out.range(bound, ID_LIST);
    out.varint(count);
    for (let i = lower; i < upper; i++) out.raw(items.digestAt(i));
    return;
  }
  const least = Math.floor(count / BUCKETS);
  const larger = count % BUCKETS;
  let from = lower;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const to = from + least + (bucket < larger ? 1 : 0);
    out.range(to === upper ? bound : boundBetween(items, to - 1, to), FINGERPRINT);
    out.raw(items.fingerprint(from, to));
    from = to;
  }
}

/** The shortest bound above item `low` and not above item `high`. */
function boundBetween(items: ItemSet, low: number, high: number): Bound {
  const timeMs = items.timeAt(high);
  if (timeMs !== items.timeAt(low)) return { timeMs, prefix: ORIGIN.prefix };
  const a = items.digestAt(low);
  const b = items.digestAt(high);
  let shared = 0;
  while (shared < b.length - 1 && a[shared] === b[shared]) shared++;
  return { timeMs, prefix: b.subarray(0, shared + 1) };
}

/** Writes the ids of a range as far as `room` bytes allow; answers the index behind the last one written. */
function list(items: ItemSet, out: MessageWriter, lower: number, upper: number, bound: Bound, room: number): number {
  let end = lower;
  // As in the reference, the ids alone are measured: head and bound fit into the reserve.
  while (end < upper && (end - lower) * 32 <= room) end++;
  out.range(end === upper ? bound : { timeMs: items.timeAt(end), prefix: items.digestAt(end) }, ID_LIST);
  out.varint(end - lower);
  for (let i = lower; i < end; i++) out.raw(items.digestAt(i));
  return end;
}

/** Splits two lists of one range into what either side lacks. */
function compare(items: ItemSet, lower: number, upper: number, theirs: readonly Uint8Array[], turn: Turn): void {
  const unseen = new Map<string, Uint8Array>();
  for (const id of theirs) unseen.set(keyOf(id), id);
  for (let i = lower; i < upper; i++) {
    const digest = items.digestAt(i);
    if (!unseen.delete(keyOf(digest))) turn.have.push({ timeMs: items.timeAt(i), digest });
  }
  for (const id of unseen.values()) turn.need.push(id);
}

function keyOf(id: Uint8Array): string {
  return String.fromCharCode.apply(null, id as unknown as number[]);
}
