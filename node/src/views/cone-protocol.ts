import type { Cursor } from '@cosmicembeddings/sdk';
import type { Pressure, SharedBeat } from '../follow/index.js';
import type { SqliteEngine } from '../store/sqlite/driver.js';

/** What a cone's worker is told. */
export interface ConeSetup {
  readonly storePath: string;
  readonly engine: SqliteEngine;
  /** Where cones' files are. */
  readonly folder: string;
  /** Modules of plug-ins. */
  readonly plugins: readonly string[];
  readonly cone: ConeChoice;
  /** Blocks that a view is not to see again, by the number of their arrival. */
  readonly bars: readonly { readonly view: string; readonly seq: number }[];
  /** Take one block at a time up to this number: a view did not come to an end with several. */
  readonly carefulTo: number;
  readonly beat: SharedBeat;
  /** One number: the view that works now (its place in the cone plus one; 0: none). */
  readonly view: SharedArrayBuffer;
  readonly pressure?: Pressure;
}

/** A set of views, and the kinds whose bodies they read: from both follows the fingerprint. */
export interface ConeChoice {
  readonly views: readonly string[];
  readonly known: readonly string[];
}

export type ConeRequest = { readonly type: 'catchUp' } | { readonly type: 'close' };

/** Hidden blocks: 33 bytes an id (1 for version 1, then the digest), two numbers a block (first row label, rows). */
export interface PackedBlocks {
  readonly ids: Uint8Array;
  readonly labels: Uint32Array;
}

export type ConeReply =
  | { readonly type: 'opened'; readonly position: Cursor; readonly fallen: PackedBlocks; readonly ready: boolean }
  | {
      readonly type: 'moved';
      readonly position: Cursor;
      /** Rows that changed. */
      readonly changes: number;
      readonly fell?: PackedBlocks;
      readonly stood?: PackedBlocks;
      readonly ready: boolean;
    }
  | { readonly type: 'caughtUp' }
  | { readonly type: 'fault'; readonly view: string; readonly at: string; readonly detail: string }
  | { readonly type: 'trouble'; readonly detail: string };

export const ID_BYTES = 33;
