import { didOf, parseCid, publicKeyOf, sha256, type ObserverLocation } from '@cosmicembeddings/sdk';
import { signBlock } from '@cosmicembeddings/sdk/testing';

/** The network id of a simulated world. */
export const NETWORK = 'dev';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function numbersOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The secret key of somebody who is known by a number, and the name of node `n`. */
export const seedOf = (n: number): Uint8Array => sha256(Uint8Array.of(n >> 8, n & 255, 77));
export const nodeDid = (n: number): string => didOf(publicKeyOf(seedOf(n)));

/** A signed block of a kind that nobody knows; sync does not look inside. */
export function makeBlock(
  n: number,
  options: {
    timeMs?: number;
    bodyBytes?: number;
    headerOnly?: boolean;
    network?: string;
    author?: number;
    kind?: string;
    place?: ObserverLocation;
    tags?: readonly string[];
    refs?: readonly { rel: string; id: string }[];
  } = {},
): Uint8Array {
  const salt = sha256(Uint8Array.of(n >> 16, n >> 8, n & 255)).slice(0, 16);
  const body = {
    salt,
    tags: [...(options.tags ?? [`n${n}`])],
    linked_blocks: [],
    filler: new Uint8Array(options.bodyBytes ?? 100),
  };
  const wire = signBlock({
    header: {
      version: 2,
      kind: options.kind ?? 'note.test/1',
      timestamp: options.timeMs ?? 1_690_000_000_000 + n * 1000,
      cosmic_signature: {},
      ...(options.place === undefined ? {} : { observer_location: { ...options.place } }),
      ...(options.refs === undefined ? {} : { refs: options.refs.map(({ rel, id }) => ({ rel, id: parseCid(id) })) }),
    },
    body,
    seed: seedOf(1000 + (options.author ?? 0)),
    network: options.network ?? NETWORK,
  });
  return wire;
}

/** A receipt of number `by` for these blocks; with `as` under that name, which the signature does not bear out. */
export function makeReceipt(
  n: number,
  { of, timeMs, by, as }: { of: readonly string[]; timeMs: number; by: number; as?: string },
): Uint8Array {
  const salt = sha256(Uint8Array.of(by >> 8, by & 255, n >> 16, n >> 8, n & 255)).slice(0, 16);
  const seen = of.map((id) => ({ block: parseCid(id), at: timeMs }));
  return signBlock({
    header: {
      ...(as === undefined ? {} : { created_by: as }),
      ...{ version: 2, kind: 'receipt/1', timestamp: timeMs, cosmic_signature: {} },
    },
    body: { salt, tags: [], linked_blocks: [], seen },
    seed: seedOf(by),
    network: NETWORK,
  });
}
