import {
  cidOf,
  codes,
  CosmicError,
  DAG_CBOR,
  integerUnder,
  limits,
  readEnvelope,
  rejected,
  wireMaxBytes,
  decodeHeader,
  type Accept,
  type Accepted,
  type BlockStore,
  type CheckedBlock,
  type Envelope,
  type Clock,
  type Code,
  type ObserverLocation,
  type PutResult,
  type Source,
} from '@cosmicembeddings/sdk';
import { sha256 } from './crypto/index.js';
import type { Candidate, Refusal } from './admission.js';
import type { BudgetKeeper } from './budgets.js';
import type { VerifyPool } from './verify-pool.js';

export interface AcceptOptions {
  readonly store: BlockStore;
  readonly pool: VerifyPool;
  readonly admission: (candidate: Candidate, nowMs: number) => Refusal | undefined;
  readonly budgets?: BudgetKeeper;
  /** False when the disk is as full as it may be for such a block. */
  hasRoom?(block: Pick<CheckedBlock, 'entry'>, bytes: number): boolean;
  /** False for a block that this node does not keep when a peer brings it. */
  covers?(block: CheckedBlock): boolean;
  /** Told of such a block: it may concern others. */
  onUncovered?(block: CheckedBlock, bytes: Uint8Array): void;
  readonly clock: Clock;
  /** Blocks being judged or written at one time; more are answered `node.busy`. */
  readonly inFlightMax: number;
  readonly inFlightMaxBytes: number;
  /** False only for an id that is not in the store, as far as is known without asking it: saves a look-up a block. */
  mayHave?(digest: Uint8Array, timeMs: number): boolean;
  onStored?(seq: number, block: CheckedBlock): void;
  /** How many blocks are under way, whenever that changed. */
  onLoad?(blocks: number): void;
  onRejected?(code: Code, source?: Source): void;
}

export interface Door {
  readonly accept: Accept;
  /** Blocks and bytes under way now. */
  load(): { readonly blocks: number; readonly bytes: number };
}

/**
 * The one door (specs/decisions/0001-one-door.md): whatever the source, bytes are checked, admitted and stored by this
 * function and nothing else. It resolves when the block is durable.
 */
export function createDoor(options: AcceptOptions): Door {
  const inFlight = new Map<string, UnderWay>();
  let blocks = 0;
  let bytesUnderWay = 0;

  const accept: Accept = (bytes, source) => {
    if (bytes.length > wireMaxBytes)
      return Promise.resolve(refuse(options, 'block.too_large', `${bytes.length} bytes, at most ${wireMaxBytes}`));
    const named = nameOf(bytes);
    const { digest } = named;
    const key = Buffer.from(digest.buffer, digest.byteOffset, digest.length).toString('latin1');
    const same = inFlight.get(key);
    // The digest alone joins nothing: bodies and signatures can differ under one header.
    if (same !== undefined && Buffer.compare(same.bytes, bytes) === 0)
      return same.answer.then((first) => (first.status === 'stored' ? { ...first, status: 'known' } : first));
    if (blocks >= options.inFlightMax || bytesUnderWay + bytes.length > options.inFlightMaxBytes)
      return Promise.resolve(refuse(options, 'node.busy', `${blocks} blocks under way`));
    blocks += 1;
    bytesUnderWay += bytes.length;
    options.onLoad?.(blocks);
    const leave = (): void => {
      blocks -= 1;
      bytesUnderWay -= bytes.length;
      options.onLoad?.(blocks);
      if (same === undefined) inFlight.delete(key);
    };
    const known = mayBeKnown(named, options) ? knownBlock(bytes, named, options) : undefined;
    const answer = judge(bytes, known, source, options).then(
      (judged) => {
        leave();
        return judged;
      },
      (error: unknown) => {
        leave();
        return faultOf(error, options);
      },
    );
    if (same === undefined) inFlight.set(key, { bytes, answer });
    return answer;
  };
  return { accept, load: () => ({ blocks, bytes: bytesUnderWay }) };
}

interface UnderWay {
  readonly bytes: Uint8Array;
  readonly answer: Promise<Accepted>;
}

/** What a block can be known by, before it is checked. */
interface Named {
  /** What a native block's id is made of; of anything else, the digest of all its bytes. */
  readonly digest: Uint8Array;
  /** Of a native block. */
  readonly envelope?: Envelope;
}

function nameOf(bytes: Uint8Array): Named {
  const read = readEnvelope(bytes);
  return read.status === 'rejected'
    ? { digest: sha256(bytes) }
    : { digest: sha256(read.envelope.header), envelope: read.envelope };
}

async function judge(
  bytes: Uint8Array,
  known: Promise<Accepted | undefined> | undefined,
  source: Source,
  options: AcceptOptions,
): Promise<Accepted> {
  const asBefore = known === undefined ? undefined : await known;
  if (asBefore !== undefined) return asBefore;
  const early = options.budgets?.sourceLacks(source, bytes.length, options.clock.now());
  if (early !== undefined) return overQuota(options, early);
  const verdict = await options.pool.check(bytes);
  if (verdict.status === 'rejected') {
    options.onRejected?.(verdict.code, source);
    return verdict;
  }
  const nowMs = options.clock.now();
  if (verdict.timeMs > nowMs + limits.futureMaxMs)
    return { status: 'later', id: verdict.id, retryAtMs: verdict.timeMs - limits.futureMaxMs };
  const refusal = options.admission(candidateOf(verdict, bytes.length), nowMs);
  if (refusal?.retryAtMs !== undefined) return overQuota(options, refusal, verdict.id);
  if (refusal !== undefined) {
    await options.store.decide([{ timeMs: verdict.timeMs, digest: verdict.digest }]);
    return { ...refuse(options, 'policy.refused', `${refusal.rule}: ${refusal.detail}`), id: verdict.id };
  }
  if (source.type === 'peer' && options.covers?.(verdict) === false) {
    options.onUncovered?.(verdict, bytes);
    return {
      ...refuse(options, 'policy.not_covered', 'none of this node’s subscriptions asks for it'),
      id: verdict.id,
    };
  }
  const { inert } = verdict.entry;
  // Where its author stands at the door, a block that nobody could read is told so; from a peer it is kept as it is.
  if (inert !== undefined && inert.code !== 'kind.unknown' && source.type !== 'peer')
    return { ...refuse(options, inert.code as Code, inert.detail), id: verdict.id };
  if (options.hasRoom?.(verdict, bytes.length) === false)
    return {
      ...refuse(options, 'node.storage_full', 'the disk is as full as the operator lets it be'),
      id: verdict.id,
    };
  // A version-1 block is known by what it says, which only its check has found.
  const isHere = verdict.format === 'python/1' && (await options.store.get([verdict.id]))[0] !== undefined;
  const charged = isHere ? undefined : options.budgets?.charge(verdict, bytes.length, source, nowMs);
  const lack = charged instanceof Promise ? await charged : charged;
  if (lack !== undefined) return overQuota(options, lack, verdict.id);
  const [result] = await options.store.put([{ block: verdict, firstSeenMs: nowMs }]);
  if (result === undefined) throw new Error('store answered nothing');
  return answerOf(result, verdict, options);
}

function mayBeKnown({ digest, envelope }: Named, { mayHave }: AcceptOptions): boolean {
  if (envelope === undefined) return false;
  const timeMs = integerUnder(envelope.header, 'timestamp');
  return timeMs === undefined || mayHave?.(digest, timeMs) !== false;
}

/** Cheap answer for a block that is here already with all its parts: no signature is checked twice. */
async function knownBlock(
  bytes: Uint8Array,
  { digest, envelope }: Named,
  { store }: AcceptOptions,
): Promise<Accepted | undefined> {
  const id = cidOf(DAG_CBOR, digest).text;
  // A damaged one is not known: what comes now, once it is checked, takes its place.
  const [stored] = await store.get([id]).catch((error: unknown) => {
    if (error instanceof CosmicError && error.code === 'store.corrupt') return [undefined];
    throw error;
  });
  if (stored === undefined) return undefined;
  const bringsBody = stored.body === null && stored.erased === undefined && bytes[envelope!.end] !== 0xf6;
  return bringsBody ? undefined : { status: 'known', id, seq: stored.seq };
}

/** What admission judges of a block, whether it is arriving or already stored. */
export function candidateOf(block: Placed, bytes: number): Candidate {
  return { block, bytes, place: () => placeOf(block) };
}

type Placed = Pick<CheckedBlock, 'entry' | 'timeMs' | 'format' | 'envelope'>;

function placeOf(block: Placed): ObserverLocation | undefined {
  if (block.format !== 'native/2') return undefined;
  const read = readEnvelope(block.envelope);
  if (read.status === 'rejected') return undefined;
  const decoded = decodeHeader(read.envelope.header);
  return decoded.status === 'ok' ? decoded.header.observer_location : undefined;
}

function answerOf(result: PutResult, block: CheckedBlock, options: AcceptOptions): Accepted {
  if (result.erased !== undefined)
    return { ...refuse(options, 'policy.erased', `${result.id}: ${result.erased}`), id: result.id };
  if (!result.fresh) return { status: 'known', id: result.id, seq: result.seq };
  options.onStored?.(result.seq, block);
  return { status: 'stored', id: result.id, seq: result.seq };
}

/** Nothing is decided about such a block: it passes when its time has come. */
function overQuota(options: AcceptOptions, { rule, detail, retryAtMs }: Refusal, id?: string): Accepted {
  return {
    ...refuse(options, 'policy.over_quota', `${rule}: ${detail}`),
    ...(id === undefined ? {} : { id }),
    ...(retryAtMs === undefined ? {} : { retryAtMs }),
  };
}

function refuse(options: AcceptOptions, code: Code, detail: string): Accepted & { status: 'rejected' } {
  options.onRejected?.(code);
  return rejected(code, detail);
}

/** Faults of ours with a code (disk full, busy) are answers; anything else is a defect and is thrown on. */
function faultOf(error: unknown, options: AcceptOptions): Accepted {
  if (error instanceof CosmicError && codes[error.code].fault === 'node')
    return refuse(options, error.code, error.detail);
  throw error;
}
