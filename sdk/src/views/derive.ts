import { compareBytes, toHex } from '../bytes.js';
import type { BlockId } from '../block/types.js';
import type { Value } from '../codec/value.js';
import { encode } from '../codec/encode.js';
import type { ConeTable } from './plan.js';
import { readRows, rowPrefix, rowOf, space, unpackKeys } from './rows.js';
import { afterPrefix, decodeTuple, encodeTuple, type KeyPart } from './tuple.js';
import { viewLimits, type Change, type Derived, type Row } from './view.js';
import type { Writer } from './writer.js';

/** Depths that are remembered while one change goes through a causal table. */
const DEPTHS_MAX = 65_536;

type Of<Op> = Extract<Derived, { op: Op }>;

/** Brings a derived table in line with what changed in the one it is derived from. */
export function derive(table: ConeTable, from: ConeTable, changes: readonly Change[], writer: Writer): void {
  const { derived } = table;
  if (derived === undefined || changes.length === 0) return;
  if (derived.op === 'group') group(table, from, derived, changes, writer);
  else if (derived.op === 'sum') sum(table, derived, changes, writer);
  else causal(table, from, derived, changes, writer);
}

function group(
  table: ConeTable,
  from: ConeTable,
  derived: Of<'group'>,
  changes: readonly Change[],
  writer: Writer,
): void {
  const touched = new Map<string, readonly KeyPart[]>();
  for (const { row } of changes) {
    const by = derived.by.map((field) => row[field] as KeyPart);
    touched.set(toHex(encodeTuple(by)), by);
  }
  for (const by of touched.values()) {
    const rows = readRows(writer.store, from, by, { limit: derived.most ?? viewLimits.groupRows });
    const out = rows.length === 0 ? [] : writer.guarded(table, by, () => derived.rows(rows.map(({ row }) => row)));
    writer.replace([table.number, ...by], by, [[table, out]]);
  }
}

function sum(table: ConeTable, { by, ints = [] }: Of<'sum'>, changes: readonly Change[], writer: Writer): void {
  const deltas = new Map<string, { readonly by: readonly KeyPart[]; count: bigint; readonly ints: bigint[] }>();
  for (const { row, gone } of changes) {
    const key = by.map((field) => (row[field] ?? null) as KeyPart);
    const name = toHex(encodeTuple(key));
    let delta = deltas.get(name);
    if (delta === undefined) deltas.set(name, (delta = { by: key, count: 0n, ints: ints.map(() => 0n) }));
    const sign = gone ? -1n : 1n;
    delta.count += sign;
    ints.forEach((field, i) => (delta.ints[i]! += sign * integerOf(row[field])));
  }
  for (const delta of deltas.values()) {
    const key = rowPrefix(table, delta.by);
    const before = writer.store.get(key);
    const old = before === undefined ? undefined : rowOf(table, key, before);
    const count = integerOf(old?.['count']) + delta.count;
    const sums = ints.map((field, i) => integerOf(old?.[field]) + delta.ints[i]!);
    const next =
      count === 0n
        ? undefined
        : encode({ count: kept(count), ...Object.fromEntries(ints.map((field, i) => [field, kept(sums[i]!)])) });
    if (next !== undefined && before !== undefined && compareBytes(next, before) === 0) continue;
    if (old !== undefined) writer.changed(table, old, true);
    if (next === undefined) writer.store.delete(key);
    else {
      writer.store.set(key, next);
      writer.changed(table, rowOf(table, key, next), false);
    }
  }
}

function integerOf(value: Value | bigint | undefined): bigint {
  return typeof value === 'bigint'
    ? value
    : typeof value === 'number' && Number.isSafeInteger(value)
      ? BigInt(value)
      : 0n;
}

function kept(value: bigint): Value {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : { bigint: value.toString() };
}

/**
 * Blocks whose rows or predecessors changed, the shallow ones first, so that each is worked out once where nothing is
 * missing; what comes out the same goes no further.
 */
function causal(
  table: ConeTable,
  from: ConeTable,
  derived: Of<'causal'>,
  changes: readonly Change[],
  writer: Writer,
): void {
  const { store } = writer;
  const depthKey = (id: BlockId): Uint8Array => encodeTuple([space.owned, table.number, 'depth', id]);
  // Asked of a block by each of its successors.
  const depthsHere = new Map<BlockId, number | undefined>();
  const depthOf = (id: BlockId): number | undefined => {
    if (depthsHere.has(id)) return depthsHere.get(id);
    const packed = store.get(depthKey(id));
    const depth = packed === undefined ? undefined : (decodeTuple(packed)[0] as number);
    if (depthsHere.size >= DEPTHS_MAX) depthsHere.clear();
    depthsHere.set(id, depth);
    return depth;
  };
  const setDepth = (id: BlockId, depth: number | undefined): void => {
    depthsHere.set(id, depth);
    if (depth === undefined) store.delete(depthKey(id));
    else store.set(depthKey(id), encodeTuple([depth]));
  };
  const own = (id: BlockId): Row[] =>
    ['head', 'body'].flatMap((part) =>
      unpackKeys(store.get(encodeTuple([space.owned, part, id])))
        .filter((key) => decodeTuple(key, 2)[1] === from.number)
        .map((key) => rowOf(from, key, store.get(key)!)),
    );
  const queue = createQueue();
  const changed = new Set(changes.map(({ row }) => row['block'] as string));
  for (const id of changed) queue.push(id, depthOf(id) ?? 0);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const rows = own(id);
    const before = [...new Set(rows.flatMap((row) => idsIn(row[derived.along])))];
    // Whom a block names changes with its own rows alone.
    if (changed.delete(id)) writer.link(table, id, before);
    const depths = before.map(depthOf);
    const isWhole = rows.length > 0 && depths.every((depth) => depth !== undefined);
    const out = isWhole
      ? writer.guarded(table, [id], () =>
          derived.rows(
            rows,
            before.map((other) => outputOf(table, other, writer)),
          ),
        )
      : [];
    const was = depthOf(id);
    const depth = isWhole ? 1 + Math.max(-1, ...(depths as number[])) : undefined;
    const isChanged = writer.replace([table.number, 'node', id], [id], [[table, out]]);
    if (depth !== was) setDepth(id, depth);
    if (!isChanged && depth === was) continue;
    const edges = encodeTuple([space.edges, table.number, id]);
    for (const [key] of store.range(edges, afterPrefix(edges), Infinity)) {
      const next = decodeTuple(key)[3] as BlockId;
      queue.push(next, Math.max((depth ?? 0) + 1, depthOf(next) ?? 0));
    }
  }
}

function outputOf(table: ConeTable, id: BlockId, { store }: Writer): Row[] {
  return unpackKeys(store.get(encodeTuple([space.owned, table.number, 'node', id]))).map((key) =>
    rowOf(table, key, store.get(key)!),
  );
}

function idsIn(value: Value | bigint | undefined): BlockId[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** Ids by rank, the least first; each at most once. */
function createQueue(): { push(id: BlockId, rank: number): void; pop(): BlockId | undefined } {
  const ranks = new Map<number, Set<BlockId>>();
  /** A heap of the ranks that have a set, each once. */
  const least: number[] = [];
  const waiting = new Map<BlockId, number>();
  const rise = (rank: number): void => {
    let at = least.push(rank) - 1;
    for (let up = (at - 1) >> 1; at > 0 && least[up]! > rank; at = up, up = (at - 1) >> 1) least[at] = least[up]!;
    least[at] = rank;
  };
  const dropLeast = (): void => {
    const last = least.pop()!;
    if (least.length === 0) return;
    let at = 0;
    for (let down = 1; down < least.length; at = down, down = 2 * at + 1) {
      if (down + 1 < least.length && least[down + 1]! < least[down]!) down += 1;
      if (least[down]! >= last) break;
      least[at] = least[down]!;
    }
    least[at] = last;
  };
  return {
    push(id, rank) {
      const known = waiting.get(id);
      if (known !== undefined) {
        if (known >= rank) return;
        ranks.get(known)!.delete(id);
      }
      waiting.set(id, rank);
      const set = ranks.get(rank);
      if (set !== undefined) return void set.add(id);
      ranks.set(rank, new Set([id]));
      rise(rank);
    },
    pop() {
      while (least.length > 0) {
        const set = ranks.get(least[0]!)!;
        for (const id of set) {
          set.delete(id);
          waiting.delete(id);
          return id;
        }
        ranks.delete(least[0]!);
        dropLeast();
      }
      return undefined;
    },
  };
}
