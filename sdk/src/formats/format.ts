import type { BlockFormat, CheckedBlock, Checks } from '../block/index.js';
import type { Rejected } from '../errors.js';

/** One way in which blocks are written. Its first byte tells it from the others. */
export interface Format {
  readonly name: BlockFormat;
  /** Can bytes that begin with `first` be of this format? */
  leads(first: number): boolean;
  /** The network's judgement of one whole block; never throws. */
  check(wire: Uint8Array, checks: Checks): CheckedBlock | Rejected;
  /** The JSON form; @throws CosmicError for bytes that are no block. */
  toJson(wire: Uint8Array, vectors: 'json' | 'base64' | 'none'): string;
}
