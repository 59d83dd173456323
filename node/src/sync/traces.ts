import {
  CosmicError,
  parseCid,
  type BlockArrival,
  type BlockId,
  type BlockStore,
  type BlockTrace,
} from '@cosmicembeddings/sdk';

const ARRIVALS_MAX = 4;

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

/** What this node knows of a block's way. @throws CosmicError request.malformed for what is no id */
export async function traceOf(
  store: Pick<BlockStore, 'get'>,
  peers: { trace(digest: Uint8Array): Omit<BlockTrace, 'id' | 'here' | 'firstSeenMs'> },
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
