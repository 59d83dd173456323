import type { Author, Checks } from '../block/index.js';
import type { Did } from '../crypto/identity.js';
import type { BlockId } from '../block/types.js';
import type { EraseReason, Embedder, NodeApi } from '../ports/index.js';

/** What the verbs work with; the platform's `openMemory` puts it together. */
export interface MemoryParts {
  readonly api: NodeApi & { erase?(ids: readonly BlockId[], reason: EraseReason): Promise<number[]> };
  readonly author: Author;
  readonly did: Did;
  readonly embedder: Embedder;
  readonly checks: Checks;
  readonly collection: string;
  readonly trust: Readonly<Record<string, Did>>;
  readonly verify: 'drop' | 'mark' | 'off';
  now(): number;
  close?(): Promise<void>;
}
