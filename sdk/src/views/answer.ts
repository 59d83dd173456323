import type { BlockId } from '../block/types.js';

export interface ViewAnswer {
  /** Plain JSON; integers beyond 2^53 are decimal text. */
  readonly result: unknown;
  /** What the answer rests on: all blocks up to here. */
  readonly cursor: { readonly epoch: string; readonly seq: number };
  /** Blocks that would be needed and are not here. */
  readonly missing: readonly BlockId[];
  /** It rests on when this node first saw something: others may answer otherwise. */
  readonly local?: true;
}

/** What one view says of a block. */
export interface Verdict {
  readonly view: string;
  readonly says: string;
  readonly why: string;
  /** Blocks on which it rests, for whoever would rather look than believe. */
  readonly by?: readonly BlockId[];
  readonly local?: true;
}
