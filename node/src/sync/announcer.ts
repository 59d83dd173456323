import { parseCid, type DecidedItem, type Follower, type StoredBlock } from '@cosmicembeddings/sdk';
import type { Covered } from '@cosmicembeddings/sdk/filter';
import { digestKey } from '@cosmicembeddings/sdk/sync';

export interface Announced {
  /** It is decided here from now on. */
  note(item: DecidedItem, block: Covered): void;
  /** It was decided before, and something of it came or is judged anew. */
  renewed(item: DecidedItem, block: Covered): void;
  /** Did a peer bring it? Then it is told, not pushed. */
  isRelayed(key: string): boolean;
  /** As far as coverages ask; `block` comes without its bytes. */
  coveredOf(block: StoredBlock): Covered | Promise<Covered>;
  readonly peers: Iterable<{ announce(block: Covered, item: DecidedItem, push: boolean): boolean }>;
  /** Peers that get a block of our own pushed; the others are told. */
  readonly pushTo: number;
}

/** What is new is decided, and told to whoever does not have it; what was here before is for reconciliation. */
export function announcerOf({ note, renewed, isRelayed, coveredOf, peers, pushTo }: Announced): Follower {
  return {
    name: 'announcements',
    version: '1',
    wants: { parts: 'entries', from: 'head' },
    durable: () => undefined,
    take: async (batch) => {
      for (const item of batch) {
        if (item.type !== 'put') continue;
        const news = { timeMs: item.block.timeMs, digest: parseCid(item.block.id).digest! };
        const covered = coveredOf(item.block);
        const block = covered instanceof Promise ? await covered : covered;
        // What is judged anew here is no news to others.
        if (item.replaces !== undefined) {
          renewed(news, block);
          continue;
        }
        note(news, block);
        let pushes = isRelayed(digestKey(news.digest)) ? 0 : pushTo;
        for (const peer of peers) if (peer.announce(block, news, pushes > 0)) pushes -= 1;
      }
    },
  };
}
