import type { BlockId } from '../block/types.js';
import type { BlockHeader } from './view.js';

/** What the core knows of blocks. Each answer is as of the sequence number `upTo`: what came later is not there yet. */
export interface World {
  block(id: BlockId, upTo: number): BlockHeader | undefined;
  /** As its kind reads it; undefined where it is gone, inert or not here. */
  body(id: BlockId, upTo: number): unknown;
  /** First seen here, ms since the epoch. */
  seen(id: BlockId, upTo: number): number | undefined;
  by(author: string, upTo: number): Iterable<BlockHeader>;
  /** What came after `after`, whoever wants it: new blocks, and bodies of known ones. */
  arrived(after: number, upTo: number): Iterable<{ readonly id: BlockId; readonly author: string }>;
}
