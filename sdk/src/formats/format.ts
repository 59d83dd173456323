import type { BlockFormat, CheckedBlock, Checks } from '../block/index.js';
import type { Rejected } from '../errors.js';
import type { KindHeader, Origin, Passage, Registry, Vectors } from '../kinds/index.js';

/** What followers read out of a block: its searchable rows and the texts it carries. */
export interface BlockContent {
  readonly vectors?: Vectors;
  /** One entry for each row where there are rows, else the block's texts. */
  readonly passages: readonly (Passage | undefined)[];
  /** The stamp's short name, e.g. `Orion-127.5`. */
  readonly skyLabel?: string | undefined;
}

/** What a block says for people. */
export interface ShownContent {
  readonly passages: readonly (Passage | undefined)[];
  /** Where rows came from, also those whose text stayed with the author. */
  readonly origins: readonly Origin[];
  readonly skyLabel?: string | undefined;
}

/** One way in which blocks are written. Its first byte tells it from the others. */
export interface Format {
  readonly name: BlockFormat;
  /** Can bytes that begin with `first` be of this format? */
  leads(first: number): boolean;
  /** The network's judgement of one whole block; never throws. */
  check(wire: Uint8Array, checks: Checks): CheckedBlock | Rejected;
  /** Of a block that passed `check`. `body` null: header-only, erased, or all in the envelope. `header`: where it is at hand. */
  content(envelope: Uint8Array, body: Uint8Array | null, registry: Registry, header?: KindHeader): BlockContent;
  /** The part of it that people read, of a block that is not inert: vectors are not looked at where the kind says how. */
  shown(envelope: Uint8Array, body: Uint8Array | null, registry: Registry, header?: KindHeader): ShownContent;
  /** The JSON form; @throws CosmicError for bytes that are no block. */
  toJson(wire: Uint8Array, vectors: 'json' | 'base64' | 'none'): string;
}
