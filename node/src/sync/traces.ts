import {
  CosmicError,
  parseCid,
  type BlockArrival,
  type BlockId,
  type BlockStore,
  type BlockTrace,
} from '@cosmicembeddings/sdk';
import { digestKey, type Wants } from '@cosmicembeddings/sdk/sync';
import type { Later } from './later.js';

const ARRIVALS_MAX = 4;

/** Of a block, besides what the store knows. */
export type Way = Omit<BlockTrace, 'id' | 'here' | 'firstSeenMs'>;

/** By which way blocks came lately, and what became of each. In memory, bounded, the oldest forgotten: for people who ask, nothing rests on it. */
export class Traces {
  private readonly seen = new Map<string, BlockArrival[]>();

  constructor(private readonly max: number) {}

  note(key: string, arrival: BlockArrival): void {
    const arrivals = this.seen.get(key) ?? [];
    this.seen.delete(key);
    this.seen.set(key, [...arrivals, arrival].slice(-ARRIVALS_MAX));
    if (this.seen.size > this.max) this.seen.delete(this.seen.keys().next().value!);
  }

  of(key: string): readonly BlockArrival[] {
    return this.seen.get(key) ?? [];
  }
}

/** A connection as far as it can say something of a block. */
interface Witness {
  readonly remote: { readonly address: string };
  readonly isReady: boolean;
  readonly session: { readonly proven: boolean; readonly hello?: { readonly node: string } | undefined };
  saysOf(digest: Uint8Array): 'has' | 'gone' | undefined;
}

/** By which way a block came, who has it, what it waits for. */
export function wayOf(
  digest: Uint8Array,
  { traces, later, wants }: { readonly traces: Traces; readonly later: Later; readonly wants: Wants },
  peers: Iterable<Witness>,
): Way {
  const key = digestKey(digest);
  const addressOf = (id: string): string => id.slice(0, id.lastIndexOf('#'));
  const { holders, askedOf } = wants.of(digest);
  const retryAtMs = later.retryAt(key);
  return {
    arrivals: traces.of(key),
    peers: [...peers].flatMap((peer) => {
      const says = peer.isReady ? peer.saysOf(digest) : undefined;
      const { proven, hello } = peer.session;
      return says === undefined ? [] : [{ address: peer.remote.address, node: hello!.node, proven, says }];
    }),
    offeredBy: holders.map(addressOf),
    ...(askedOf === undefined ? {} : { askedOf: addressOf(askedOf) }),
    ...(retryAtMs === undefined ? {} : { retryAtMs }),
  };
}

/** What this node knows of a block's way. @throws CosmicError request.malformed for what is no id */
export async function traceOf(
  store: Pick<BlockStore, 'get'>,
  peers: { trace(digest: Uint8Array): Way },
  id: BlockId,
): Promise<BlockTrace> {
  const digest = digestOfId(id);
  const [stored] = await store.get([id]);
  const here =
    stored === undefined
      ? 'no'
      : stored.erased !== undefined
        ? 'erased'
        : stored.body === null && stored.format === 'native/2'
          ? 'header'
          : 'whole';
  return { id, here, ...(stored === undefined ? {} : { firstSeenMs: stored.firstSeenMs }), ...peers.trace(digest) };
}

function digestOfId(id: string): Uint8Array {
  let digest: Uint8Array | undefined;
  try {
    digest = parseCid(id).digest;
  } catch {
    digest = undefined;
  }
  if (digest === undefined)
    throw new CosmicError('request.malformed', `${id.slice(0, 100)}: expected the id of a block`);
  return digest;
}
