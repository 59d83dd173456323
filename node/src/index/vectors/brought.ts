import { contentOf, type Registry, type StoredBlock } from '@cosmicembeddings/sdk';
import { unpackRow, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { readingBlock } from '../../follow/index.js';

/** Rows of one block in one space; undefined for a row that is not in it. */
export interface BlockRows {
  readonly space: SpaceDescriptor;
  readonly count: number;
  row(i: number): Float32Array | undefined;
}

/** A block with rows that were made of its texts here, in place of those that its author signed. */
export interface ComputedBlock extends StoredBlock {
  readonly computed: readonly (BlockRows & { readonly id: string })[];
}

/** What a block brings into one space. */
export interface Brought {
  /** Of the space. */
  readonly id: string;
  readonly read: () => BlockRows | undefined;
}

/** What a block brings into which spaces: its author's rows, or those that were made of its texts here. */
export function broughtBy(block: StoredBlock, registry: Registry): readonly Brought[] {
  if (isComputed(block)) return block.computed.map((one) => ({ id: one.id, read: () => one }));
  const { entry, body, format } = block;
  if (
    entry.space === undefined ||
    entry.rows === 0 ||
    entry.inert !== undefined ||
    (body === null && format === 'native/2')
  )
    return [];
  return [
    {
      id: entry.space,
      read: () => {
        const { vectors } = readingBlock(block.id, () => contentOf(block, registry));
        if (vectors === undefined) return undefined;
        const { space, stored } = vectors;
        return { space, count: stored.rows, row: (i) => unpackRow(stored, space.dims, i) };
      },
    },
  ];
}

function isComputed(block: StoredBlock): block is ComputedBlock {
  return 'computed' in block;
}
