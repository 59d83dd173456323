import type {
  Arrival,
  BlockId,
  DecidedItem,
  EraseReason,
  PutResult,
  SpaceDescriptor,
  Withhold,
} from '@cosmicembeddings/sdk';
import type { Worked } from '../../thread-work.js';
import type { SqliteEngine } from './driver.js';
import { restOf } from './rows.js';
import type { HeadNumbers, Incoming, Outcome } from './writer.js';

/** What the writer worker is started with. */
export interface WriterSetup {
  readonly path: string;
  readonly engine: SqliteEngine;
}

/**
 * Blocks packed for the way into the worker: cloning an object a block would cost more than writing it. `bytes`: digest,
 * envelope and body of each block in turn; `numbers`: NUMBERS a block; names stand once each in `names`.
 */
export interface PackedArrivals {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly numbers: Float64Array;
  readonly names: readonly string[];
  /** By index into `names`. */
  readonly descriptors: ReadonlyMap<number, SpaceDescriptor>;
  /** JSON of the entry's rest by block number, where there is one. */
  readonly rests: ReadonlyMap<number, string>;
}

/** One request at a time; a put is one transaction. */
export type WriterRequest =
  | { readonly type: 'put'; readonly blocks: PackedArrivals }
  | {
      readonly type: 'erase';
      readonly ids: readonly BlockId[];
      readonly reason: EraseReason;
      readonly withhold?: Withhold;
    }
  | { readonly type: 'decide'; readonly items: readonly DecidedItem[] }
  /** `place`: how far judging has come, for after a restart. */
  | { readonly type: 'judge'; readonly blocks: PackedArrivals; readonly place: string }
  /** Every block is judged by these kinds. */
  | { readonly type: 'judged'; readonly kinds: string }
  | { readonly type: 'checkpoint' }
  | { readonly type: 'vacuum' }
  | { readonly type: 'close' };

export type WriterResult = readonly Outcome[] | readonly number[] | undefined;

/** Outcomes packed for the way back: `OUTCOME_NUMBERS` each, and why a block was refused, by its number. */
export interface PackedOutcomes {
  readonly numbers: Float64Array;
  readonly erased: ReadonlyMap<number, EraseReason>;
}

/** seq, fresh, first label (-1: none). */
const OUTCOME_NUMBERS = 3;

export function packOutcomes(outcomes: readonly Outcome[]): PackedOutcomes {
  const numbers = new Float64Array(outcomes.length * OUTCOME_NUMBERS);
  const erased = new Map<number, EraseReason>();
  outcomes.forEach((outcome, i) => {
    numbers[i * OUTCOME_NUMBERS] = outcome.seq;
    numbers[i * OUTCOME_NUMBERS + 1] = outcome.fresh ? 1 : 0;
    numbers[i * OUTCOME_NUMBERS + 2] = outcome.firstLabel ?? -1;
    if (outcome.erased !== undefined) erased.set(i, outcome.erased);
  });
  return { numbers, erased };
}

export function unpackOutcomes({ numbers, erased }: PackedOutcomes): Outcome[] {
  return Array.from({ length: numbers.length / OUTCOME_NUMBERS }, (_, i): Outcome => {
    const [seq, firstLabel] = [numbers[i * OUTCOME_NUMBERS]!, numbers[i * OUTCOME_NUMBERS + 2]!];
    const fresh = numbers[i * OUTCOME_NUMBERS + 1] === 1;
    const reason = erased.get(i);
    if (reason !== undefined) return { seq, fresh, erased: reason };
    return firstLabel < 0 ? { seq, fresh } : { seq, fresh, firstLabel };
  });
}

export type WriterReply = { readonly head: HeadNumbers; readonly worked: Worked } & (
  | { readonly ok: true; readonly result: readonly number[] | PackedOutcomes | undefined }
  | { readonly ok: false; readonly code?: string; readonly message: string }
);

const DIGEST_BYTES = 32;
/** python, timeMs, firstSeenMs, author, kind, space (-1: none), rows, headerOnly, envelope bytes, body bytes (-1: none). */
const NUMBERS = 10;

export function packArrivals(arrivals: readonly Arrival[]): PackedArrivals {
  let length = 0;
  for (const { block } of arrivals) length += DIGEST_BYTES + block.envelope.length + (block.body?.length ?? 0);
  const bytes = new Uint8Array(length);
  const numbers = new Float64Array(arrivals.length * NUMBERS);
  const names: string[] = [];
  const nameIds = new Map<string, number>();
  const descriptors = new Map<number, SpaceDescriptor>();
  const rests = new Map<number, string>();
  const nameId = (name: string): number => {
    let id = nameIds.get(name);
    if (id === undefined) nameIds.set(name, (id = names.push(name) - 1));
    return id;
  };
  let at = 0;
  const append = (part: Uint8Array): void => {
    bytes.set(part, at);
    at += part.length;
  };
  arrivals.forEach(({ block, firstSeenMs }, i) => {
    const { entry, envelope, body } = block;
    append(block.digest);
    append(envelope);
    if (body !== null) append(body);
    const space = entry.rows > 0 && entry.space !== undefined ? nameId(entry.space) : -1;
    if (space >= 0 && entry.descriptor !== undefined) descriptors.set(space, entry.descriptor);
    const rest = restOf(entry);
    if (rest !== undefined) rests.set(i, JSON.stringify(rest));
    const n = i * NUMBERS;
    numbers[n] = block.format === 'python/1' ? 1 : 0;
    numbers[n + 1] = block.timeMs;
    numbers[n + 2] = firstSeenMs;
    numbers[n + 3] = nameId(entry.author);
    numbers[n + 4] = nameId(entry.kind);
    numbers[n + 5] = space;
    numbers[n + 6] = entry.rows;
    numbers[n + 7] = block.headerOnly ? 1 : 0;
    numbers[n + 8] = envelope.length;
    numbers[n + 9] = body?.length ?? -1;
  });
  return { count: arrivals.length, bytes, numbers, names, descriptors, rests };
}

export function unpackBlocks({ count, bytes, numbers, names, descriptors, rests }: PackedArrivals): Incoming[] {
  let at = 0;
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length));
  return Array.from({ length: count }, (_, i): Incoming => {
    const n = i * NUMBERS;
    const space = numbers[n + 5]!;
    const bodyBytes = numbers[n + 9]!;
    return {
      digest: take(DIGEST_BYTES),
      python: numbers[n]! === 1,
      timeMs: numbers[n + 1]!,
      firstSeenMs: numbers[n + 2]!,
      author: names[numbers[n + 3]!]!,
      kind: names[numbers[n + 4]!]!,
      space: space < 0 ? undefined : names[space],
      descriptor: space < 0 ? undefined : descriptors.get(space),
      rows: numbers[n + 6]!,
      headerOnly: numbers[n + 7]! === 1,
      rest: rests.get(i) ?? null,
      envelope: take(numbers[n + 8]!),
      body: bodyBytes < 0 ? null : take(bodyBytes),
    };
  });
}

/** What the store answers for each arrival: the worker never sees ids. */
export function resultsOf(arrivals: readonly Arrival[], outcomes: readonly Outcome[]): PutResult[] {
  return arrivals.map(({ block }, i) => {
    const { seq, fresh, erased } = outcomes[i]!;
    return erased === undefined ? { id: block.id, seq, fresh } : { id: block.id, seq, fresh, erased };
  });
}
