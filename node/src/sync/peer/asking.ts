import { digestKey } from '@cosmicembeddings/sdk/sync';
import type { SyncLimits } from '../limits.js';

/** How it stands with what one peer was asked for. */
export interface Asked {
  readonly isDialled: boolean;
  /** Blocks that it has brought. */
  readonly received: number;
  readonly inFlight: number;
  /** Its blocks at the door. */
  readonly judging: number;
  /** It is not read from, because of the work that it causes. */
  readonly resting: boolean;
  readonly isFed: boolean;
  /** Since the block came that it had owed longest, or what it owes longest was asked for. */
  readonly quietMs: number;
  /** Since a feed went on. */
  readonly feedQuietMs: number;
}

/** What is overdue: blocks that were asked for one by one, or a feed of all of them. */
export function overdueOf(asked: Asked, { wantMs }: Pick<SyncLimits, 'wantMs'>): 'wants' | 'feed' | undefined {
  if (asked.judging > 0 || asked.resting) return undefined;
  // Who has given nothing yet gets less patience: others may hold what it only promises.
  const patienceMs = asked.isDialled || asked.received > 0 ? wantMs : wantMs / 3;
  if (asked.inFlight > 0 && asked.quietMs > patienceMs) return 'wants';
  return asked.isFed && asked.feedQuietMs > wantMs ? 'feed' : undefined;
}

/** May both sets be compared now that it is due? */
export function mayCompare(state: {
  readonly isReconciling: boolean;
  /** Ids of its last offer that it was not asked for yet. */
  readonly queued: number;
  /** It gives all in bulk now. */
  readonly isFed: boolean;
  /** Another peer does: most of the difference is on its way. */
  readonly holdsBack: boolean;
}): boolean {
  return !state.isReconciling && state.queued === 0 && !state.isFed && !state.holdsBack;
}

export interface Offer {
  readonly digest: Uint8Array;
  readonly timeMs?: number;
}

/** What is worth asking for of an offer, and when the first of the rest will be. */
export function wantedOf(
  items: readonly Offer[],
  nowMs: number,
  here: {
    /** Also: looked at and not kept. */
    isDecided(digest: Uint8Array, timeMs: number | undefined): boolean;
    /** This peer has said that it will not give it. */
    isGone(key: string): boolean;
    retryAt(key: string): number | undefined;
  },
): { readonly wanted: readonly Offer[]; readonly retryAtMs: number } {
  let retryAtMs = Infinity;
  const wanted = items.filter(({ digest, timeMs }) => {
    const key = digestKey(digest);
    const atMs = here.retryAt(key) ?? -Infinity;
    if (atMs > nowMs) retryAtMs = Math.min(retryAtMs, atMs);
    return atMs <= nowMs && !here.isGone(key) && !here.isDecided(digest, timeMs);
  });
  return { wanted, retryAtMs };
}
