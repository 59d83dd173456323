import { parseCid, type DecidedItem, type Follower } from '@cosmicembeddings/sdk';
import { digestKey } from '@cosmicembeddings/sdk/sync';

export interface Announced {
  /** It is decided here from now on. */
  note(item: DecidedItem): void;
  /** Did a peer bring it? Then it is told, not pushed. */
  isRelayed(key: string): boolean;
  readonly peers: Iterable<{ announce(item: DecidedItem, push: boolean): boolean }>;
  /** Peers that get a block of our own pushed; the others are told. */
  readonly pushTo: number;
}

/** What is new is decided, and told to whoever does not have it; what was here before is for reconciliation. */
export function announcerOf({ note, isRelayed, peers, pushTo }: Announced): Follower {
  return {
    name: 'announcements',
    version: '1',
    wants: { parts: 'entries', from: 'head' },
    durable: () => undefined,
    take: (batch) => {
      for (const item of batch) {
        // What is judged anew here is no news to others.
        if (item.type !== 'put' || item.replaces !== undefined) continue;
        const news = { timeMs: item.block.timeMs, digest: parseCid(item.block.id).digest! };
        note(news);
        let pushes = isRelayed(digestKey(news.digest)) ? 0 : pushTo;
        for (const peer of peers) if (peer.announce(news, pushes > 0)) pushes -= 1;
      }
    },
  };
}
