import type { BlockId, Head, StoredBlock, TailItem } from '@cosmicembeddings/sdk';
import type { Finding } from './finding.js';

/** A short text that stands in a file as a value of its own, and who has a right to it. */
export interface HeldValue {
  /** Table or file, for people. */
  readonly where: string;
  readonly value: string;
  /** Who holds it: a block's id, or what else needs it; undefined: nobody, so it is left over. Asked while its list is walked. */
  holder(): string | undefined;
}

/** Rows of one block, by their labels. */
export interface LabelRange {
  readonly firstLabel: number;
  readonly rows: number;
}

/** Whose life a store is part of, and how it is written. */
export interface StoreAbout {
  /** Format of its file; older ones than this software writes are read too. */
  readonly version: number;
  readonly network: string;
  readonly node: string;
  readonly head: Head;
}

/** A block whose body is here, as rules of retention weigh it. */
export interface KeptBlock {
  readonly seq: number;
  readonly firstSeenMs: number;
  /** Envelope and body. */
  readonly bytes: number;
  id(): BlockId;
}

/** Where a block stands although its bytes cannot be read. */
export interface Place {
  readonly id: BlockId;
  /** The label after its last row. */
  readonly afterLabel: number;
}

/** What upkeep asks a store's adapter about its own files; it changes nothing. A running node may hold the folder. */
export interface Upkeep {
  about(): StoreAbout;
  head(): Head;
  /** What is wrong with the file as such, whatever it holds. */
  fileFaults(): Iterable<string>;
  /** Where counts, names and lists differ from the blocks that they are made of. */
  catalogueFaults(): Iterable<Pick<Finding, 'part' | 'what'>>;
  /** Up to `max` items after `seq`. @throws the adapter's own error where any of them is damaged */
  itemsAfter(seq: number, max: number): readonly TailItem[];
  /** @throws the adapter's own error where the block is damaged */
  get(id: BlockId): StoredBlock | undefined;
  placeOf(seq: number): Place | undefined;
  /** How many labels the block at `seq` took; erasing gives none back. */
  labelsOf(seq: number): number;
  /** The first label from `label` on that is not of rows which their block lost when it was judged anew. */
  afterFormerRows(label: number): number;
  /** Blocks with their bodies, the last seen first. */
  keptBlocks(of?: { readonly author?: string; readonly tag?: string }): Iterable<KeptBlock>;
  /** Copies the store as it is at this moment into a new file. */
  copyTo(path: string): void;
  /** Digest and bytes of every block that is kept, and of erased ones what is left: their headers. */
  keptBytes(): Iterable<{ readonly id: BlockId; readonly bytes: readonly Uint8Array[] }>;
  /** Every short text in every table. */
  values(): Iterable<HeldValue>;
  /** Labels of erased blocks, ascending. */
  erasedRows(): Iterable<LabelRange>;
  /** Has a space any blocks? */
  hasRows(space: string): boolean;
  /** Labels of a space's blocks up to `seq` that are to be found: neither erased nor inert. */
  rowsOf(space: string, seq: number): Iterable<LabelRange>;
  /** Where judging blocks of changed kinds anew stands; undefined where there is none to do. */
  judgingPlace(): string | undefined;
  isErased(id: BlockId): boolean;
  /** Sequence number of the last erasure; 0 where there was none. */
  erasedTo(): number;
  /** Bytes of the file that no value stands in and that are not zero. */
  deadSpace(): Iterable<{ readonly offset: number; readonly bytes: Uint8Array }>;
  close(): void;
}
