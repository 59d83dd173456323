import type { ValueMap } from '../codec/value.js';
import type { Code } from '../errors.js';
import type { BlockId } from '../block/types.js';
import type { Fact } from '../metadata/index.js';
import type { SpaceDescriptor, StoredRows } from '../space/index.js';

/** A link out of a body: what this block is to another one. */
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

export type Parsed<B> =
  { readonly ok: true; readonly body: B } | { readonly ok: false; readonly code: Code; readonly detail: string };

/**
 * A wire schema for bodies, frozen once released. Core kinds have no dot (`embedding/1`), all others carry a domain
 * (`poll.example/1`). A body that does not parse makes its block inert, never invalid.
 */
export interface Kind<B = unknown> {
  readonly name: string;
  readonly maxBytes: number;
  /** The kind's own view of a body whose common fields have passed. */
  parse(body: ValueMap): Parsed<B>;
  /** Links beyond the common `linked_blocks`. */
  links?(body: B): readonly Link[];
  vectors?(body: B): Vectors | undefined;
  /** What filters can ask of the block and its rows beside the header's facts (specs/kinds/metadata.md). */
  facts?(body: B): readonly Fact[];
  /** One entry per vector row (or one for the block); undefined entries carry no text. */
  passages?(body: B): readonly (Passage | undefined)[];
}

/** A block as views see it: decoded, authentic, its kind's schema passed. */
export interface FoldedBlock<B = unknown> {
  readonly id: BlockId;
  readonly author: string;
  readonly kind: string;
  readonly timeMs: number;
  readonly refs: readonly Link[];
  readonly links: readonly Link[];
  readonly prev?: BlockId;
  readonly tags: readonly string[];
  /** Undefined for a header-only block. */
  readonly body: B | undefined;
}

export interface FoldInput<B = unknown> {
  readonly block: FoldedBlock<B>;
  /** When this node first saw the block; survives backups. */
  readonly firstSeenMs: number;
  readonly receipts: readonly { readonly node: string; readonly seenMs: number }[];
}

/** State of the views that a view declares in `reads`, by name. */
export type Reads = Readonly<Record<string, unknown>>;

/**
 * A pure, total fold over kinds: the result must not depend on the order of arrival, and a block that comes again (with
 * its body, after its header alone) must not count twice. The fold owns its state: `apply` may change it in place and
 * answers it. A state is plain data (objects, maps, sets, arrays, typed arrays, text, numbers), as it is saved. `version`
 * changes whenever the fold does; a node then rebuilds it. Queries are declarative: name → function of state and text
 * parameters that only reads; what it throws as CosmicError reaches the asker.
 */
export interface View<S = unknown> {
  readonly name: string;
  readonly version: number;
  /** The kinds it folds; `*` stands for every kind that is known here. */
  readonly kinds: readonly string[];
  readonly reads?: readonly string[];
  /** It never looks at a body, so the erasing of one does not concern it; others are rebuilt then. */
  readonly headersOnly?: true;
  empty(): S;
  apply(state: S, input: FoldInput, reads: Reads): S;
  readonly queries?: Readonly<
    Record<string, (state: S, params: Readonly<Record<string, string>>, reads: Reads) => unknown>
  >;
}

export interface Plugin {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly views: readonly View[];
}
