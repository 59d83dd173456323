/**
 * What is known about *when* a block was made, weakest first. A sky stamp never lifts a block above `claimed`: anybody can
 * compute the sky of any moment.
 */
export const timeTiers = ['claimed', 'witnessed', 'anchored'] as const;
export type TimeTier = (typeof timeTiers)[number];

/** The words for a stamp that agrees with its block's time and place, wherever one is shown. */
export const skyConsistent = 'sky consistent';
export const skyInconsistent = 'sky not consistent';

/** One sentence a tier, the same on the page, in the CLI and in answers. */
export const tierMeaning: Readonly<Record<TimeTier, string>> = {
  claimed:
    'Claimed: the author says so, and the sky agrees with the claimed time and place. Anybody could have computed that sky.',
  witnessed: 'Witnessed: nodes that do not belong to the author signed that they had seen the block by then.',
  anchored: 'Anchored: an external timestamp shows that the block existed by then.',
};

/** What a stamp proves, in one sentence, to stand beside every stamp that is shown. */
export const whatAStampProves =
  'A consistent claim about time and place, not a proof: the sky of any moment and place can be computed by anybody.';

/** Evidence about a block's time; the node's own first sight is not a tier but is always known. */
export interface TimeEvidence {
  readonly tier: TimeTier;
  /** The author's timestamp. */
  readonly claimedMs: number;
  /** When this node first saw the block; nothing follows from it for anybody else. */
  readonly firstSeenMs?: number;
  /** By when two operators whom the reader trusts had seen it (`witnessedMs` of the api). */
  readonly witnessedMs?: number;
}

/** What is known of a block's time. External timestamps come later. */
export function timeEvidence(claimedMs: number, firstSeenMs?: number, witnessedMs?: number): TimeEvidence {
  return {
    tier: witnessedMs === undefined ? 'claimed' : 'witnessed',
    claimedMs,
    ...(firstSeenMs === undefined ? {} : { firstSeenMs }),
    ...(witnessedMs === undefined ? {} : { witnessedMs }),
  };
}
