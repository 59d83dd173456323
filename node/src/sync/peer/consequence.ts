import { codes, type Accepted, type Code } from '@cosmicembeddings/sdk';

/** What the door's verdict over a block means for the peer that brought it, and for others that may have it. */
export type Consequence =
  /** It is here; with `fresh` thanks to this peer. */
  | { readonly type: 'kept'; readonly fresh: boolean }
  /** Not yet: asked for again then. With `pause` this peer is asked for nothing meanwhile. */
  | { readonly type: 'later'; readonly atMs: number; readonly pause: boolean }
  /** It is not among what this node keeps: passed on to whom it concerns. */
  | { readonly type: 'uncovered' }
  /** This operator does not keep it: decided, and never asked for again. */
  | { readonly type: 'declined' }
  /** It could not be taken now, which is no fault of anybody else's: asked for again. */
  | { readonly type: 'again' }
  /** The bytes are at fault: others may have the true ones. With `charged` whoever brought them answers for it. */
  | { readonly type: 'bad'; readonly code: Code; readonly charged: boolean };

export function consequenceOf(verdict: Accepted): Consequence {
  if (verdict.status === 'stored' || verdict.status === 'known')
    return { type: 'kept', fresh: verdict.status === 'stored' };
  if (verdict.status === 'later') return { type: 'later', atMs: verdict.retryAtMs, pause: false };
  if (verdict.retryAtMs !== undefined) return { type: 'later', atMs: verdict.retryAtMs, pause: true };
  const { code } = verdict;
  if (code === 'policy.not_covered') return { type: 'uncovered' };
  const { fault } = codes[code];
  if (fault === 'operator') return { type: 'declined' };
  if (fault === 'node') return { type: 'again' };
  // What this node is too old to read, or what lies at the very edge of a tolerance, may be sound elsewhere.
  return { type: 'bad', code, charged: code !== 'block.unknown_version' && verdict.marginal !== true };
}
