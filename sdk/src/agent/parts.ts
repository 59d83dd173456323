import type { Author, Checks } from '../block/index.js';
import type { Did } from '../crypto/identity.js';
import type { BlockId } from '../block/types.js';
import type { EraseReason, Embedder, NodeApi, SignedBlock } from '../ports/index.js';
import type { Trust } from './types.js';

/** What the reading verbs work with. */
export interface ReaderParts {
  readonly api: Pick<NodeApi, 'get' | 'find' | 'search' | 'watch'> & {
    read?(ids: readonly BlockId[], signal?: AbortSignal): Promise<(SignedBlock | undefined)[]>;
  };
  readonly checks: Checks;
  /** Absent: the node embeds questions, and its cosines are checked against what it says they were. */
  readonly embedder?: Embedder;
  /** Whose memories are one's own; absent: nobody's, and everybody's are searched unless authors are named. */
  readonly did?: Did;
  /** Absent: documents of every collection, and blocks that are in none. */
  readonly collection?: string;
  readonly trust: Trust;
  readonly verify: 'drop' | 'mark' | 'off';
}

/** What all verbs work with; the platform's `openMemory` puts it together. */
export interface MemoryParts extends ReaderParts {
  readonly api: NodeApi &
    ReaderParts['api'] & { erase?(ids: readonly BlockId[], reason: EraseReason): Promise<number[]> };
  readonly author: Author;
  readonly did: Did;
  readonly embedder: Embedder;
  readonly collection: string;
  now(): number;
  close?(): Promise<void>;
}
