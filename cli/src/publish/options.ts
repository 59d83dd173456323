import type { ObserverLocation } from '@cosmicembeddings/sdk';
import type { Dtype } from '@cosmicembeddings/sdk/space';

/** What the command line says about all documents of one call. */
export interface PublishOptions {
  readonly tags: readonly string[];
  readonly language?: string | undefined;
  /** False: the blocks carry hashes of the passages, not their text. */
  readonly text: boolean;
  readonly dtype: Exclude<Dtype, 'b1'>;
  /** Of tables and JSON Lines: the columns that hold the text. */
  readonly columns?: readonly string[] | undefined;
  /** Claimed time; the time of publishing when left out. */
  readonly timeMs?: number | undefined;
  readonly place?: ObserverLocation | undefined;
}
