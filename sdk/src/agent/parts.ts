import type { Author, Checks } from '../block/index.js';
import type { Did } from '../crypto/identity.js';
import type { BlockId } from '../block/types.js';
import type { EmbeddingBody } from '../kinds/embedding.js';
import type { EraseReason, Embedder, NodeApi, SignedBlock } from '../ports/index.js';
import type { Trust } from './types.js';

/** A document with the block that holds it, checked here: signature, hash of the body, sky, kind. */
export interface Document {
  readonly block: BlockId;
  readonly author: Did;
  readonly timeMs: number;
  readonly tags: readonly string[];
  readonly supersedes: readonly BlockId[];
  readonly space: string;
  readonly sealed: boolean;
  readonly body: EmbeddingBody;
}

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
  /** Of age: what is sealed for them is opened. */
  readonly identities?: readonly string[];
  /** Blocks that are read and checked for one answer: of who answers strangers. Absent: as many as it takes. */
  readonly readMost?: ReadMost;
}

export interface ReadMost {
  readonly blocks: number;
  /** The first may be larger. */
  readonly bytes: number;
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
