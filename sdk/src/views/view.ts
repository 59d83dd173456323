import type { BlockId } from '../block/types.js';
import type { Value } from '../codec/value.js';
import type { KindHeader } from '../kinds/kind.js';
import type { Check } from '../schema/index.js';
import type { KeyPart } from './tuple.js';

/** The signed facts of a block: the same on every node, and there as long as the block is known, body or not. */
export interface BlockHeader extends KindHeader {
  readonly id: BlockId;
}

/** One row: the fields of the key and others. Rows of base tables come back with `block`, the id of the block they are of. */
export type Row = Readonly<Record<string, Value | bigint>>;

/** Rows by table. */
export type Rows = Readonly<Record<string, readonly Row[]>>;

export interface Table {
  /** Fields by which rows are found and ordered: text, integers, booleans, bytes or null. A key yields a list. */
  readonly key: readonly string[];
}

/** A function of the set of rows of another table, kept up as that changes. `from`: of this view, or `view.table`. */
export type Derived =
  | {
      /** What follows from the rows that share the first fields of `from`'s key. Runs again for keys that were touched. */
      readonly op: 'group';
      readonly from: string;
      /** The first fields of the key of `from`. */
      readonly by: readonly string[];
      readonly key: readonly string[];
      /** At most so many rows of a key are looked at, the first in the table's order. Default 1,024. */
      readonly most?: number;
      rows(rows: readonly Row[]): readonly Row[];
    }
  | {
      /** Rows {…by, count, …ints}: how many rows agree in `by`, and the sums of their integers; none where count is 0. */
      readonly op: 'sum';
      readonly from: string;
      readonly by: readonly string[];
      readonly ints?: readonly string[];
    }
  | {
      /**
       * What follows for each block from its own rows and from what followed for the blocks that these name in the field
       * `along` (an id or a list of ids). Ids are hashes, so there are no circles. Nothing follows while one is missing.
       */
      readonly op: 'causal';
      readonly from: string;
      readonly along: string;
      readonly key: readonly string[];
      /** `before`: rows of this table by predecessor, in the order in which they are named. */
      rows(own: readonly Row[], before: readonly (readonly Row[])[]): readonly Row[];
    };

/** What a question asks of its host; the host answers by `next`. SQLite answers at once, others may take their time. */
export type Request =
  | {
      readonly type: 'rows';
      readonly table: string;
      readonly key: readonly KeyPart[];
      readonly limit: number;
      readonly after?: string;
      readonly reverse: boolean;
    }
  | { readonly type: 'block' | 'body' | 'seen'; readonly id: BlockId }
  | { readonly type: 'missing'; readonly id: BlockId };

/** A generator that reads: use it with `yield*`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each request has an answer of its own type
export type Ask<T> = Generator<Request, T, any>;

export interface RowsOptions {
  /** At most so many rows; default and maximum: what the budget allows. */
  readonly limit?: number;
  /** Rows behind this place of an earlier page. */
  readonly after?: string | undefined;
  readonly reverse?: boolean;
}

/** A view's world as of one cursor. Each of these is `yield*`ed. */
export interface Db {
  /** Rows whose key begins with `key`. `table`: of this view, or `view.table` of one that it reads. */
  rows(table: string, key?: readonly KeyPart[], options?: RowsOptions): Ask<readonly Row[]>;
  /** The first of them. */
  row(table: string, key: readonly KeyPart[]): Ask<Row | undefined>;
  /** A page of them, with the place where the next begins. */
  page(
    table: string,
    key: readonly KeyPart[],
    options: { readonly limit: number; readonly after?: string | undefined },
  ): Ask<{ readonly rows: readonly Row[]; readonly next?: string }>;
  /** Header facts; undefined for a block that is not here (the answer is worked out again when it comes). */
  block(id: BlockId): Ask<BlockHeader | undefined>;
  /** The body as its kind reads it; undefined where it is gone, inert or not here. */
  body(id: BlockId): Ask<unknown>;
  /** When this node first saw the block, ms since the epoch. Whoever asks makes the answer `local`: other nodes may say otherwise. */
  seen(id: BlockId): Ask<number | undefined>;
  /** Says in the answer that this block would be needed. */
  missing(id: BlockId): Ask<void>;
}

export interface Question<P = Readonly<Record<string, Value>>> {
  /** What it answers, in a sentence. */
  readonly describe: string;
  /** A struct of text, integers and booleans: they travel in query strings. */
  readonly params: Check;
  readonly answer: Check;
  /** An answer as it may look, for who reads the interface's description. */
  readonly example?: unknown;
  /** Takes `limit` (at most 1,000; default 100) and `after`, answers `next`. */
  readonly page?: true;
  run(db: Db, params: P & PageParams): Ask<unknown>;
}

export interface PageParams {
  readonly limit: number;
  readonly after?: string;
}

/** A row that came or went. `table`: `view.table`. */
export interface Change {
  readonly table: string;
  readonly row: Row;
  readonly gone: boolean;
}

/** Whose blocks have to be judged: one, or all of an author, those to come included. */
export type Touch = { readonly id: BlockId } | { readonly author: string };

export interface Hides {
  /** Which blocks may stand or fall by this change, in a table of this view or of one that it reads. */
  touched(db: Db, change: Change): Ask<readonly Touch[]>;
  /** Does the block stay out of searches? */
  judge(db: Db, block: BlockHeader): Ask<boolean>;
}

/** What a view has to say of a block, where it has something to say. */
export interface Says {
  /** A word or two: `retracted`, `superseded`. */
  readonly says: string;
  /** In a sentence. */
  readonly why: string;
  /** Blocks on which it rests. */
  readonly by?: readonly BlockId[];
}

/**
 * A pure map from one block to rows, tables derived from them, and questions over both. A view's state is the set of rows
 * of all its blocks: no order, nothing counted twice, nothing to undo but rows. `version` rises whenever anything of it
 * changes; a node then builds the new state beside the old one.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies are of the kinds that the view names
export interface View<B = any> {
  readonly name: string;
  readonly version: number;
  readonly describe?: string;
  /** Blocks of these kinds. */
  readonly kinds?: readonly string[];
  /** And blocks of any kind whose header refers to another by one of these; `prev` stands for the header's field. */
  readonly rels?: readonly string[];
  readonly tables: Readonly<Record<string, Table>>;
  /** Rows of one block; more are a fault of the block, which then has none of its body. Default 64. */
  readonly maxRows?: number;
  /** Key and value of one row. Default 1,024. */
  readonly maxRowBytes?: number;
  /** Rows that hold as long as the block is known: its body may be inert, absent, erased or of a kind unknown here. */
  head?(header: BlockHeader): Rows;
  /** Rows that go with the body. */
  body?(header: BlockHeader, body: B): Rows;
  readonly derived?: Readonly<Record<string, Derived>>;
  /** Views whose tables it may read, `name@version`. */
  readonly reads?: readonly string[];
  readonly questions?: Readonly<Record<string, Question>>;
  readonly hides?: Hides;
  verdict?(db: Db, block: BlockHeader): Ask<Says | undefined>;
  /** Asked `at` a scope (such as an epoch), a question sees the rows of blocks that are in it, and no others. */
  readonly scope?: { contains(db: Db, scope: string, block: BlockHeader): Ask<boolean> };
}

/** Within which bounds views work. */
export const viewLimits = {
  maxRows: 64,
  maxRowBytes: 1024,
  groupRows: 1024,
  /** Rows that one question may read. */
  readRows: 20_000,
  questionMs: 250,
  pageRows: 1000,
  pageDefault: 100,
} as const;
