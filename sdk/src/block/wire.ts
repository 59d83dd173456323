import { concatBytes } from '../bytes.js';
import type { BlockFormat } from './types.js';

/** What stands in place of a body that is gone: CBOR null. */
export const goneBody = Uint8Array.of(0xf6);

/** A block as it is published and passed on, exactly as signed: envelope, then body or CBOR null; version 1: its text alone. */
export function wireOf(block: {
  readonly format: BlockFormat;
  readonly envelope: Uint8Array;
  readonly body: Uint8Array | null;
}): Uint8Array {
  return block.format === 'python/1' ? block.envelope : concatBytes(block.envelope, block.body ?? goneBody);
}
