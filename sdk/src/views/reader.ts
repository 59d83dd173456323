import type { BlockId } from '../block/types.js';
import { CosmicError } from '../errors.js';
import { fromBase64, toBase64 } from '../bytes.js';
import type { KeyedStore } from './keyed-store.js';
import { tableOf, type ConePlan, type ConeTable } from './plan.js';
import { readRows, type KeptRow } from './rows.js';
import { encodeTuple, type KeyPart } from './tuple.js';
import { viewLimits, type Ask, type Db, type Request, type Row, type RowsOptions, type View } from './view.js';
import type { World } from './world.js';

/** The field of a row that carries its place, for pages; no table can have it. */
export const PLACE = Symbol('place');

/** What a run read: from it follows when its answer has to be worked out again. */
export interface Trace {
  readonly buckets: Set<number>;
  readonly blocks: Map<BlockId, boolean>;
  readonly bodies: Map<BlockId, boolean>;
  readonly missing: Set<BlockId>;
  local: boolean;
  rows: number;
}

export function newTrace(): Trace {
  return { buckets: new Set(), blocks: new Map(), bodies: new Map(), missing: new Set(), local: false, rows: 0 };
}

export interface ReaderOptions {
  readonly plan: ConePlan;
  readonly store: KeyedStore;
  readonly world: World;
  readonly upTo: number;
  /** Rows that may be read. */
  readonly budget: number;
  /** Rows of other blocks are not there. */
  readonly scope?: string | undefined;
  /** Rows that were read by an earlier run; for whoever knows that nothing has changed since. */
  readonly memo?: Map<string, readonly Row[]>;
  /** Rows that were read for several runs at once; each of them pays for its own. */
  readonly ahead?: ReadonlyMap<string, readonly Row[]>;
  /** Called before each reading; may throw to end the run. */
  tick?(): void;
}

const MEMO_MAX = 1000;

/** Buckets of changes: one version counter each. A range that was read shares its bucket with few others. */
const BUCKETS = 65_536;

export function bucketOf(table: ConeTable, lead?: KeyPart): number {
  let hash = 2166136261 ^ table.number;
  if (lead !== undefined) for (const byte of encodeTuple([lead])) hash = Math.imul(hash ^ byte, 16777619);
  return (Math.imul(hash, 16777619) >>> 8) % BUCKETS;
}

/** Runs a view's generator to its end. @throws CosmicError view.too_costly; what the generator or `tick` throws */
export function drive<T>(ask: Ask<T>, view: View, options: ReaderOptions, trace: Trace): T {
  let answer: unknown;
  for (;;) {
    const step = ask.next(answer as never);
    if (step.done === true) return step.value;
    options.tick?.();
    answer = respond(step.value, view, options, trace);
  }
}

/** Answers one request. @throws CosmicError view.too_costly, view.local */
export function respond(request: Request, view: View, options: ReaderOptions, trace: Trace): unknown {
  const { world, upTo } = options;
  switch (request.type) {
    case 'rows': {
      const name = options.memo === undefined ? undefined : nameOf(request);
      if (name === undefined) return rowsFor(request, view, options, trace);
      const ahead = options.ahead?.get(name);
      if (ahead !== undefined) {
        spend(ahead.length, options, trace);
        return ahead;
      }
      let rows = options.memo!.get(name);
      if (rows === undefined) {
        rows = rowsFor(request, view, options, trace);
        if (options.memo!.size >= MEMO_MAX) options.memo!.clear();
        options.memo!.set(name, rows);
      }
      return rows;
    }
    case 'block': {
      spend(1, options, trace);
      const block = world.block(request.id, upTo);
      trace.blocks.set(request.id, block !== undefined);
      return block !== undefined && options.scope !== undefined && !contains(block.id, view, options, trace)
        ? undefined
        : block;
    }
    case 'body': {
      spend(1, options, trace);
      const body = world.body(request.id, upTo);
      trace.bodies.set(request.id, body !== undefined);
      return body !== undefined && options.scope !== undefined && !contains(request.id, view, options, trace)
        ? undefined
        : body;
    }
    case 'seen':
      if (options.scope !== undefined)
        throw new CosmicError('view.local', `view ${view.name} looks at when this node first saw a block`);
      trace.local = true;
      return world.seen(request.id, upTo);
    case 'missing':
      trace.missing.add(request.id);
      return undefined;
  }
}

/** Under which name rows are remembered; undefined for those that are read by pages, back to front, or by other than texts. */
export function nameOf({ table, key, limit, after, reverse }: Extract<Request, { type: 'rows' }>): string | undefined {
  if (after !== undefined || reverse || !key.every((part) => typeof part === 'string')) return undefined;
  // Texts may hold anything: one alone is what is left, several are told apart by JSON.
  return key.length === 1 ? `${table} ${limit} ${key[0] as string}` : `${table} ${limit}[${JSON.stringify(key)}`;
}

function rowsFor(
  { table: name, key, limit, after, reverse }: Extract<Request, { type: 'rows' }>,
  view: View,
  options: ReaderOptions,
  trace: Trace,
): readonly Row[] {
  const { plan, store, budget, scope } = options;
  const table = tableOf(plan, view, name);
  trace.buckets.add(bucketOf(table, key[0]));
  if (scope !== undefined && table.derived !== undefined)
    throw new CosmicError('view.too_costly', `${table.name} is kept for all blocks, not for those of ${scope}`);
  const left = budget - trace.rows;
  let kept: KeptRow[] = [];
  let place = after === undefined ? undefined : placeOf(after, table);
  for (;;) {
    const some = readRows(store, table, key, {
      limit: Math.min(limit - kept.length, left + 1),
      reverse,
      ...(place === undefined ? {} : { after: place }),
    });
    spend(some.length, options, trace);
    kept = kept.concat(
      scope === undefined ? some : some.filter(({ row }) => contains(row['block'] as string, view, options, trace)),
    );
    if (scope === undefined || some.length === 0 || kept.length >= limit) break;
    place = some.at(-1)!.key;
  }
  return kept.map(placed);
}

/** The row, which knows its place. */
export function placed({ key, row }: KeptRow): Row {
  return Object.defineProperty(row, PLACE, { value: key, enumerable: false });
}

function contains(id: BlockId, view: View, options: ReaderOptions, trace: Trace): boolean {
  const header = options.world.block(id, options.upTo);
  if (view.scope === undefined) throw new CosmicError('request.malformed', `at: view ${view.name} knows no scopes`);
  if (header === undefined) return false;
  const { scope, ...open } = options;
  return drive(view.scope.contains(dbOf(options.budget), scope!, header), view, open, trace);
}

function spend(rows: number, { budget }: ReaderOptions, trace: Trace): void {
  trace.rows += rows;
  if (trace.rows > budget) throw new CosmicError('view.too_costly', `more than ${budget} rows`);
}

/** Place in a table as text, for `after`. */
export function placeText(row: Row): string {
  const place = (row as { [PLACE]?: Uint8Array })[PLACE];
  if (place === undefined) throw new TypeError('a row that was not read from a table has no place in it');
  return toBase64(place).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @throws CosmicError request.malformed for what is no place in this table */
function placeOf(text: string, table: ConeTable): Uint8Array {
  try {
    const plain = text.replaceAll('-', '+').replaceAll('_', '/');
    const place = fromBase64(plain.padEnd(Math.ceil(plain.length / 4) * 4, '='));
    const prefix = encodeTuple([1, table.number]);
    if (prefix.every((byte, i) => place[i] === byte)) return place;
  } catch {
    // answered below
  }
  throw new CosmicError('request.malformed', 'after: expected what the answer before gave as next');
}

/** The asking half, for generators of views. */
export function dbOf(budget: number = viewLimits.readRows): Db {
  const rows = function* (table: string, key: readonly KeyPart[] = [], options: RowsOptions = {}): Ask<readonly Row[]> {
    const { limit = budget + 1, after, reverse = false } = options;
    return yield { type: 'rows', table, key, limit, reverse, ...(after === undefined ? {} : { after }) };
  };
  return {
    rows,
    *row(table, key) {
      return (yield* rows(table, key, { limit: 1 }))[0];
    },
    *page(table, key, { limit, after }) {
      const found = yield* rows(table, key, { limit: limit + 1, after });
      if (found.length <= limit) return { rows: found };
      const page = found.slice(0, limit);
      return { rows: page, next: placeText(page.at(-1)!) };
    },
    *block(id) {
      return yield { type: 'block', id };
    },
    *body(id) {
      return yield { type: 'body', id };
    },
    *seen(id) {
      return yield { type: 'seen', id };
    },
    *missing(id) {
      yield { type: 'missing', id };
    },
  };
}
