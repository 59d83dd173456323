import type { BlockId } from '@cosmicembeddings/sdk';

/** One thing that is wrong, and what it concerns. */
export interface Finding {
  /** A part of the store, or the name of a follower. */
  readonly part: 'file' | 'block' | 'sequence' | 'catalogue' | 'erasure' | (string & {});
  readonly what: string;
  readonly id?: BlockId;
  readonly seq?: number;
  /** What to do: followers are rebuilt by the node itself; damaged blocks come back from peers or a backup. */
  readonly remedy:
    'rebuilt by itself' | 'restore a backup or fetch the block from a peer' | 'run cosmic erase --resume';
}
