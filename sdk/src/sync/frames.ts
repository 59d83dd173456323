import { decode, DecodeError } from '../codec/decode.js';
import { encode } from '../codec/encode.js';
import { isMap, type Value, type ValueMap } from '../codec/value.js';
import { publicKeyOfDid } from '../crypto/identity.js';
import { codes, CosmicError, rejected, type Code, type Rejected } from '../errors.js';
import { wireMaxBytes } from '../limits.js';
import type { Cursor, DecidedItem } from '../ports/index.js';
import { bytes, checker, integer, list, struct, text, type Check } from '../schema/index.js';
import { coverageBytes, coverageLimits, readCoverage, type Subscription } from '../filter/index.js';
import { ID_BYTES, KEYED_BYTES } from './item-set.js';
import type { Proof } from './proof.js';
import { CELL_BYTES, SKETCH_CELLS } from './sketch.js';

/** WebSocket subprotocol, and the version that a hello carries (specs/peer.md). */
export const SUBPROTOCOL = 'cosmic.1';
export const PROTOCOL_VERSION = 2;
/** Spoken too, by nodes that prove nothing: what they say of themselves stays a claim. */
export const CLAIMING_VERSION = 1;
/** Feature of a hello: whole sets may be compared by sketch. */
export const SKETCH_FEATURE = 'sketch';
/** Feature of a hello: all that is kept may be asked for in bulk, from a cursor on. */
export const FEED_FEATURE = 'feed';
/** Feature of a hello: tells addresses of other nodes to whom it asks. */
export const EXCHANGE_FEATURE = 'exchange';
/** Feature of a hello: proves sets equal under the session's own key. */
export const EQUAL_FEATURE = 'equal';
/** Feature of a hello: says what it keeps (`coverage`, without it everything) and heeds what others keep. */
export const COVERAGE_FEATURE = 'coverage';

/** Bounds of the peer protocol; specs/peer.md gives the reasons. */
export const frameLimits = {
  /** What a node must be ready to read at least, and what it reads unless told otherwise. */
  frameMinBytes: 256 * 1024,
  frameBytes: wireMaxBytes + 1024,
  /** Negentropy messages, under their own frame limit. */
  reconcileBytes: 128 * 1024,
  /** Blocks are put together in one frame up to this size. */
  giveBytes: 256 * 1024,
  idsMax: 1024,
  blocksMax: 1024,
  /** Ids wanted and not answered yet. */
  wants: 256,
  detailBytes: 256,
  urlBytes: 2048,
  epochBytes: 64,
  /** Addresses told at a time. */
  addressesMax: 16,
  featuresMax: 16,
  /** Coverages that one side passes blocks on for, and how far it is at most to whom they are for. */
  relaysMax: 64,
  hopsMax: 3,
  /** Ranges of sets whose hashes are asked for at a time. */
  rangesMax: 16,
} as const;

export interface PeerLimits {
  /** Largest frame that this side reads. */
  readonly frameBytes: number;
  /** Wants that this side keeps waiting at a time; more are answered `gone(node.busy)`. */
  readonly wants: number;
}

export interface Hello {
  readonly type: 'hello';
  readonly version: number;
  readonly network: string;
  /** did:key of the node: a claim until it is proven. */
  readonly node: string;
  readonly limits: PeerLimits;
  /** From version 2 on: 32 random bytes. */
  readonly nonce?: Uint8Array;
  /** The sender's clock, ms since 1970. */
  readonly time?: number;
  /** The address that was dialled, and who was expected there. */
  readonly url?: string;
  readonly expects?: string;
  /** What the proofs cover besides the hellos: `tls-exporter` (RFC 9266). Dialler only. */
  readonly channel?: string;
  /** What this side speaks beyond the rules of its version. */
  readonly features?: readonly string[];
  /** Blocks that the sender has decided on, as it says. */
  readonly blocks?: number;
  /** What the sender keeps of what others bring; without it everything. */
  readonly coverage?: readonly Subscription[];
}

/** Items from `from` on and before `to`. */
export interface Range {
  readonly from: DecidedItem;
  readonly to: DecidedItem;
}

/** What one side passes on though it may not keep it: for whom that keeps it, so many connections away. */
export interface Relaying {
  readonly hops: number;
  /** Absent: everything. */
  readonly coverage?: readonly Subscription[];
}

/**
 * Why a cursor cannot be gone on from: it belongs to another life of the store (`epoch`), lies beyond its head (`ahead`) or
 * before what it still has (`behind`). What to do is the same: compare whole sets, and take `head` for the next cursor.
 */
export type GapReason = 'epoch' | 'ahead' | 'behind';
export interface Gap {
  readonly why: GapReason;
  /** What the asker should do. */
  readonly advice: 'reconcile';
  readonly head: Cursor;
}

export type Frame =
  | Hello
  /** The sender's identity, over both hellos (proof.ts). */
  | ({ readonly type: 'prove' } & Proof)
  /** A negentropy message of whoever began this reconciliation, and the answer of the other side. */
  | { readonly type: 'reconcile' | 'reconciled'; readonly message: Uint8Array }
  /** Cells of the whole set's sketch (sketch.ts), asked for by whoever began: `cells` from `from` on, and behind them `counts` counts alone. */
  | { readonly type: 'sketch'; readonly from: number; readonly cells: number; readonly counts: number }
  /** The cells, the counts, and how many items the set has. */
  | { readonly type: 'symbols'; readonly size: number; readonly cells: Uint8Array; readonly counts: Uint8Array }
  /** Everything that is kept and came after a cursor of the other side's store, in its order; from the beginning without one. */
  | { readonly type: 'feed'; readonly after?: Cursor }
  /** What was given since `feed` reaches to here; the store's head is at `head`. The feed is over when both are equal. */
  | { readonly type: 'fed'; readonly upTo: Cursor; readonly head: number }
  /** The feed cannot go on from that cursor, and nothing is given instead. */
  | ({ readonly type: 'gap' } & Gap)
  /** Which other nodes do you know? And the answer: hints where to dial, with the did:key that should answer behind `#`. */
  | { readonly type: 'peers' }
  | { readonly type: 'addresses'; readonly peers: readonly string[] }
  /** Hashes of ranges of the set under the session's key (equality.ts); with `items` the items themselves, by `have`. */
  | { readonly type: 'equal'; readonly ranges: readonly Range[]; readonly items?: boolean }
  | { readonly type: 'equals'; readonly hashes: Uint8Array }
  /** The beginner has what it needs: the other side may forget this reconciliation. */
  | { readonly type: 'settled' }
  /** `relay`: what the other side passes on for others, and does not keep. */
  | { readonly type: 'have'; readonly items: readonly DecidedItem[]; readonly relay?: boolean }
  /** What the sender passes on besides what it keeps; takes the place of what it said before. */
  | { readonly type: 'relays'; readonly relays: readonly Relaying[] }
  | { readonly type: 'want'; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'give'; readonly blocks: readonly Uint8Array[] }
  | { readonly type: 'gone'; readonly code: string; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'ping' | 'pong'; readonly nonce: number }
  | { readonly type: 'bye'; readonly code: string; readonly detail: string };

const digests = list(bytes(ID_BYTES, ID_BYTES), frameLimits.idsMax);
const safe = Number.MAX_SAFE_INTEGER;
const item = checker(
  (value, path) => {
    if (!Array.isArray(value) || value.length !== 2) return `${path}: expected [time, id]`;
    return (
      integer(0, safe)(value[0] as Value, `${path}[0]`) ?? bytes(ID_BYTES, ID_BYTES)(value[1] as Value, `${path}[1]`)
    );
  },
  { type: 'array' },
);
const open = { open: true };
const code = text(64, { pattern: /^[a-z_]+\.[a-z_]+$/ });
const did = checker(
  (value, path) =>
    typeof value === 'string' && publicKeyOfDid(value) !== undefined
      ? undefined
      : `${path}: expected the did:key of an Ed25519 key`,
  { type: 'string' },
);
const cursor = struct({ epoch: text(frameLimits.epochBytes), seq: integer(0, safe) }, open);
const oneOf = (...values: readonly string[]): Check =>
  checker(
    (value, path) =>
      typeof value === 'string' && values.includes(value) ? undefined : `${path}: expected one of ${values.join(', ')}`,
    { type: 'string' },
  );
const signature = checker(
  (value, path) =>
    value instanceof Uint8Array && (value.length === 0 || value.length === 64)
      ? undefined
      : `${path}: expected 64 bytes, or none`,
  {},
);

const coverage = checker(
  (value, path) => {
    try {
      const { length } = coverageBytes(readCoverage(value));
      return length <= coverageLimits.bytes ? undefined : `${path}: at most ${coverageLimits.bytes} bytes`;
    } catch (error) {
      if (error instanceof CosmicError) return `${path}: ${error.detail}`;
      throw error;
    }
  },
  { type: 'array' },
);
const yes = checker((value, path) => (typeof value === 'boolean' ? undefined : `${path}: expected a boolean`), {
  type: 'boolean',
});
const relaying = struct({ hops: integer(1, frameLimits.hopsMax) }, { open: true, optional: { coverage } });

const range = struct({ from: item, to: item });

const schemas: Readonly<Record<Frame['type'], Check>> = {
  hello: struct(
    {
      version: integer(1, 1_000_000),
      network: text(64, { pattern: /^[a-z0-9-]*$/ }),
      node: did,
      limits: struct({ frame_bytes: integer(frameLimits.frameMinBytes, 2 ** 31), wants: integer(1, 65_536) }, open),
    },
    {
      open: true,
      optional: {
        nonce: bytes(32, 32),
        time: integer(0, safe),
        url: text(frameLimits.urlBytes),
        expects: did,
        channel: text(32, { pattern: /^[a-z0-9-]+$/ }),
        features: list(text(32, { pattern: /^[a-z0-9-]+$/ }), frameLimits.featuresMax),
        blocks: integer(0, safe),
        coverage,
      },
    },
  ),
  prove: struct({ signature }, { open: true, optional: { mac: bytes(32, 32) } }),
  reconcile: struct({ message: bytes(1, frameLimits.reconcileBytes) }, open),
  reconciled: struct({ message: bytes(1, frameLimits.reconcileBytes) }, open),
  sketch: struct(
    { from: integer(0, SKETCH_CELLS), cells: integer(1, SKETCH_CELLS), counts: integer(0, SKETCH_CELLS) },
    open,
  ),
  symbols: struct(
    { size: integer(0, safe), cells: bytes(0, SKETCH_CELLS * CELL_BYTES), counts: bytes(0, SKETCH_CELLS * 2) },
    open,
  ),
  equal: struct({ ranges: list(range, frameLimits.rangesMax, 1) }, { open: true, optional: { items: yes } }),
  equals: struct({ hashes: bytes(KEYED_BYTES, KEYED_BYTES * frameLimits.rangesMax) }, open),
  feed: struct({}, { open: true, optional: { after: cursor } }),
  fed: struct({ up_to: cursor, head: integer(0, safe) }, open),
  gap: struct({ why: oneOf('epoch', 'ahead', 'behind'), advice: oneOf('reconcile'), head: cursor }, open),
  peers: struct({}, open),
  addresses: struct({ peers: list(text(frameLimits.urlBytes), frameLimits.addressesMax) }, open),
  settled: struct({}, open),
  have: struct({ items: list(item, frameLimits.idsMax) }, { open: true, optional: { relay: yes } }),
  relays: struct({ relays: list(relaying, frameLimits.relaysMax) }, open),
  want: struct({ ids: digests }, open),
  give: struct({ blocks: list(bytes(1, wireMaxBytes), frameLimits.blocksMax) }, open),
  gone: struct({ code, ids: digests }, open),
  ping: struct({ nonce: integer(0, safe) }, open),
  pong: struct({ nonce: integer(0, safe) }, open),
  bye: struct({ code, detail: text(frameLimits.detailBytes) }, open),
};

/** One DAG-CBOR map a frame. @throws TypeError for a frame that its own schema would refuse: a defect of ours */
export function encodeFrame(frame: Frame): Uint8Array {
  return encode(valueOf(frame));
}

function valueOf(frame: Frame): ValueMap {
  switch (frame.type) {
    case 'hello':
      return {
        ...(frame as unknown as ValueMap),
        limits: { frame_bytes: frame.limits.frameBytes, wants: frame.limits.wants },
      };
    case 'have':
      return {
        type: 'have',
        items: frame.items.map(({ timeMs, digest }) => [timeMs, digest]),
        ...(frame.relay === true ? { relay: true } : {}),
      };
    case 'equal':
      return {
        type: 'equal',
        ranges: frame.ranges.map(({ from, to }) => ({ from: [from.timeMs, from.digest], to: [to.timeMs, to.digest] })),
        ...(frame.items === true ? { items: true } : {}),
      };
    case 'fed':
      return { type: 'fed', up_to: { ...frame.upTo }, head: frame.head };
    default:
      return frame as unknown as ValueMap;
  }
}

/** A type that this version does not know is `unknown`: such frames are ignored. Byte strings share the frame's memory. */
export function decodeFrame(
  wire: Uint8Array,
): { status: 'ok'; frame: Frame } | { status: 'unknown'; type: string } | Rejected {
  let value: Value;
  try {
    value = decode(wire, { nestingMax: 8 });
  } catch (error) {
    if (error instanceof DecodeError) return rejected('peer.protocol', `frame: ${error.message}`);
    throw error;
  }
  if (!isMap(value) || typeof value['type'] !== 'string')
    return rejected('peer.protocol', 'frame: expected a map with a type');
  const type = value['type'];
  if (!Object.hasOwn(schemas, type)) return { status: 'unknown', type: type.slice(0, 64) };
  const fault = schemas[type as Frame['type']](value, type);
  if (fault !== undefined) return rejected('peer.protocol', fault);
  return { status: 'ok', frame: frameOf(type as Frame['type'], value) };
}

function frameOf(type: Frame['type'], value: ValueMap): Frame {
  if (type === 'hello') {
    const limits = value['limits'] as { frame_bytes: number; wants: number };
    // The nonce outlives the frame's memory.
    const nonce = (value['nonce'] as Uint8Array | undefined)?.slice();
    return {
      ...(value as unknown as Hello),
      ...(value['coverage'] === undefined ? {} : { coverage: readCoverage(value['coverage']) }),
      ...(nonce === undefined ? {} : { nonce }),
      limits: { frameBytes: limits.frame_bytes, wants: limits.wants },
    };
  }
  if (type === 'fed') return { type, upTo: value['up_to'] as unknown as Cursor, head: value['head'] as number };
  if (type === 'equal') {
    const ranges = value['ranges'] as unknown as readonly Readonly<
      Record<'from' | 'to', readonly [number, Uint8Array]>
    >[];
    const bound = ([timeMs, digest]: readonly [number, Uint8Array]): DecidedItem => ({ timeMs, digest });
    return {
      type,
      ranges: ranges.map(({ from, to }) => ({ from: bound(from), to: bound(to) })),
      ...(value['items'] === true ? { items: true } : {}),
    };
  }
  if (type === 'have') {
    const items = value['items'] as unknown as readonly [number, Uint8Array][];
    return {
      type,
      items: items.map(([timeMs, digest]) => ({ timeMs, digest })),
      ...(value['relay'] === true ? { relay: true } : {}),
    };
  }
  return value as unknown as Frame;
}

/** A code of the table, or `peer.protocol` for one that a newer peer may know. */
export function knownCode(code: string): Code {
  return Object.hasOwn(codes, code) ? (code as Code) : 'peer.protocol';
}
