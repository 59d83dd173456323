import type { ValueMap } from '../codec/value.js';
import type { Code } from '../errors.js';
import type { BlockId } from '../block/types.js';
import type { Fact } from '../metadata/index.js';
import type { JsonSchema } from '../schema/index.js';
import type { SpaceDescriptor, StoredRows } from '../space/index.js';

/** A link out of a body, or a ref of a header: what this block is to another one. */
export interface Link {
  readonly rel: string;
  readonly id: BlockId;
}

/** The rows of a block that can be searched, all of one space, with the texts that the block carries for them. */
export interface Vectors {
  readonly space: SpaceDescriptor;
  readonly stored: StoredRows;
}

export interface Passage {
  readonly text: string;
  readonly heading?: string;
  readonly language?: string;
  readonly origin?: string;
}

/** Where a row came from, also when its text stayed with the author. */
export interface Origin {
  readonly origin: string;
  readonly heading?: string;
}

export type Parsed<B> =
  { readonly ok: true; readonly body: B } | { readonly ok: false; readonly code: Code; readonly detail: string };

/** What a kind sees of the signed header: claims of the author, the same on every node. */
export interface KindHeader {
  readonly kind: string;
  /** did:key. */
  readonly author: string;
  /** Claimed, ms since the epoch. */
  readonly timeMs: number;
  readonly refs: readonly Link[];
  readonly prev?: BlockId;
}

/** How many refs or links of one relation a block of a kind carries. */
export interface Need {
  readonly rel: string;
  /** Fewer make the block inert. Default 0. */
  readonly min?: number;
  /** More make the block inert. */
  readonly max?: number;
  /** What stands there, for people. */
  readonly what: string;
}

/**
 * A wire schema for bodies, frozen once released. Core kinds have no dot (`embedding/1`), all others carry a domain
 * (`poll.example/1`). A body that does not parse makes its block inert, never invalid. Everything here is synchronous
 * and pure: all nodes with the kind agree.
 */
export interface Kind<B = unknown> {
  readonly name: string;
  /** Raised whenever it makes something else of a body: a node then judges its blocks anew. Default 1. */
  readonly version?: number;
  /** What it is for, in a sentence. */
  readonly describe?: string;
  /** Of the encoded body; a longer one is inert. */
  readonly maxBytes: number;
  /** Of the kind's own fields, in DAG-JSON: from it forms, command lines and OpenAPI are made. `parse` decides. */
  readonly schema: JsonSchema;
  /** Header refs and body links that have a meaning for it. */
  readonly refs?: readonly Need[];
  readonly links?: readonly Need[];
  /** The kind's own view of a body whose common fields have passed; what it throws makes the block inert, too. Ask by `readBody`, which knows the bounds. */
  parse(header: KindHeader, body: ValueMap): Parsed<B>;
  vectors?(body: B): Vectors | undefined;
  /** What filters can ask of the block and its rows beside the header's facts (specs/kinds/metadata.md). */
  facts?(body: B): readonly Fact[];
  /** One entry per vector row (or one for the block); undefined entries carry no text. */
  passages?(body: B): readonly (Passage | undefined)[];
  /** One entry per vector row, where rows say where they came from. */
  origins?(body: B): readonly Origin[];
  /**
   * The fields that `passages` and `origins` read. Where given, a reader decodes these alone (of a body that was parsed
   * before) and hands them over as if they were the body: vectors are not looked at again for a text.
   */
  readonly shownFrom?: readonly string[];
}
