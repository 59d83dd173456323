import type { BlockId, Head } from '@cosmicembeddings/sdk';

/** A short text that stands in a file as a value of its own, and who has a right to it. */
export interface HeldValue {
  /** Table or file, for people. */
  readonly where: string;
  readonly value: string;
  /** Who holds it: a block's id, or what else needs it; undefined: nobody, so it is left over. */
  holder(): string | undefined;
}

/** Rows of one block, by their labels. */
export interface LabelRange {
  readonly firstLabel: number;
  readonly rows: number;
}

/** What upkeep asks a store's adapter about its own files. For a folder that no node has open. */
export interface Upkeep {
  head(): Head;
  /** Digest and bytes of every block that is kept, and of erased ones what is left: their headers. */
  keptBytes(): Iterable<{ readonly id: BlockId; readonly bytes: readonly Uint8Array[] }>;
  /** Every short text in every table. */
  values(): Iterable<HeldValue>;
  /** Labels of erased blocks, ascending. */
  erasedRows(): Iterable<LabelRange>;
  /** Labels that a space's blocks have now. */
  hasRows(space: string): boolean;
  isErased(id: BlockId): boolean;
  /** Sequence number of the last erasure; 0 where there was none. */
  erasedTo(): number;
  /** Bytes of the file that no value stands in and that are not zero. */
  deadSpace(): Iterable<{ readonly offset: number; readonly bytes: Uint8Array }>;
  close(): void;
}
