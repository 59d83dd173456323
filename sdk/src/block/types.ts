import type { ValueMap } from '../codec/value.js';
import type { Cid } from '../codec/cid.js';
import type { Fact } from '../metadata/index.js';
import type { SpaceDescriptor } from '../space/descriptor.js';

/** CID text of a block: `bafyrei…` (native, dag-cbor) or `bafkrei…` (version 1, raw). */
export type BlockId = string;

/** `native/2`: COSE envelope + DAG-CBOR. `python/1`: JSON text of the Python project. */
export type BlockFormat = 'native/2' | 'python/1';

/** Integers: microdegrees, microdegrees, millimetres; `grid`: microdegrees to which lat and lon were coarsened. */
export interface ObserverLocation {
  readonly lat: number;
  readonly lon: number;
  readonly elevation: number;
  readonly grid?: number;
}

export interface Ref {
  readonly rel: string;
  readonly id: BlockId;
}

/** The signed part (specs/block.md). */
export interface Header {
  readonly version: 2;
  readonly kind: string;
  /** did:key of the author. */
  readonly created_by: string;
  /** Milliseconds since 1970-01-01T00:00Z, claimed by the author. */
  readonly timestamp: number;
  readonly observer_location?: ObserverLocation;
  readonly cosmic_signature: ValueMap;
  /** The author's previous block, where a kind wants a chain. */
  readonly prev?: BlockId;
  /** What must outlive the body: retracts, supersedes, rotates. */
  readonly refs?: readonly Ref[];
  readonly body: Cid;
  readonly body_bytes: number;
}

/** What a node's catalogue knows of a block, written in the block's own transaction. */
export interface CatalogueEntry {
  readonly author: string;
  readonly kind: string;
  readonly timeMs: number;
  readonly tags: readonly string[];
  readonly links: readonly Ref[];
  readonly refs: readonly Ref[];
  readonly prev?: BlockId;
  /** Space id of the rows, when the block has any that can be searched. */
  readonly space?: string;
  /** What `space` is the hash of. */
  readonly descriptor?: SpaceDescriptor;
  /** Searchable rows; 0 for none. */
  readonly rows: number;
  /** BCP 47 tags of the texts that the block carries, lower case, each once. */
  readonly languages?: readonly string[];
  /** Names that the block calls itself by and that its signature may not cover (version 1: `block-…`). */
  readonly aliases?: readonly string[];
  /** What filters can ask of its rows; written with the block, not handed out with it. */
  readonly facts?: readonly Fact[];
  /** Why the block is kept but neither indexed nor folded; absent when it is active. */
  readonly inert?: { readonly code: string; readonly detail: string };
}

/** A block that passed every check that depends on its own bytes alone. */
export interface CheckedBlock {
  readonly status: 'checked';
  readonly id: BlockId;
  /** 32 bytes: the digest inside `id`. */
  readonly digest: Uint8Array;
  readonly format: BlockFormat;
  readonly timeMs: number;
  readonly entry: CatalogueEntry;
  /** Exactly as signed: the COSE envelope, or the JSON text of a version-1 block. */
  readonly envelope: Uint8Array;
  /** Body bytes as the header names them; null when the body is gone (header-only) or inside the envelope (version 1). */
  readonly body: Uint8Array | null;
  /** True when header says there is a body but it did not come along. */
  readonly headerOnly: boolean;
}
