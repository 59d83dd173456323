import type { HeldValue } from '../store/upkeep.js';
import type { Looked } from './kept-follower.js';

/** A data folder that no node has open. */
export type Stopped = Looked;

/**
 * What a follower keeps beside the store, as upkeep sees it: files that can be made anew, and that must forget what was
 * erased. Each room says this of its own files, so that upkeep knows the insides of none.
 */
export interface KeptFiles {
  /** Files and folders below the data folder; names of more files may begin with them. */
  readonly paths: readonly string[];
  /** Forgets erased blocks, by taking away what holds them if need be. Answers the paths that were taken away. */
  forget(stopped: Stopped): Promise<readonly string[]>;
  /** Where it holds something of an erased block still, precisely where bytes alone would not tell. */
  leftovers(stopped: Stopped): Iterable<string>;
  /** Short texts that stand there as values. */
  values(stopped: Stopped): Iterable<HeldValue>;
  /** Bytes that no value stands in, where its files have such. */
  deadSpace(stopped: Stopped): Iterable<{ readonly file: string; readonly offset: number; readonly bytes: Uint8Array }>;
  /** Writes such files anew without them. */
  compact(stopped: Stopped): void;
}
