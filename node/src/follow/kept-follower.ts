import type { Cursor } from '@cosmicembeddings/sdk';
import type { Upkeep } from '../store/upkeep.js';
import type { SqliteEngine } from '../store/sqlite/index.js';

/** A data folder that is looked at, and not changed; a running node may have it open. */
export interface Looked {
  readonly folder: string;
  readonly engine: SqliteEngine;
  readonly upkeep: Upkeep;
}

/** A follower as its files know it, whether a node runs or not. Each room says this of its own. */
export interface KeptFollower<Name extends string = string> {
  /** As in the status, in `/ready`, `?wait=` and the lag metrics. */
  readonly name: Name;
  /** Does what is found, hidden or counted rest on it? */
  readonly answers: boolean;
  /** How far it answers by what its files say; undefined where it keeps none, or has none yet. */
  position(looked: Looked): Cursor | undefined;
  /** What is wrong with its files, for people: a node makes them anew by itself. */
  damage(looked: Looked): Iterable<string>;
}
