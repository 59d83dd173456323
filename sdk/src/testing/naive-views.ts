import { compareBytes, toHex } from '../bytes.js';
import type { BlockId } from '../block/types.js';
import type { Value } from '../codec/value.js';
import { createMemoryKeyed } from '../memory/keyed.js';
import type { Registry } from '../kinds/index.js';
import {
  dbOf,
  drive,
  encodeTuple,
  newTrace,
  takes,
  viewLimits,
  type Cone,
  type ConePlan,
  type ConeTable,
  type KeyPart,
  type Row,
  type World,
} from '../views/index.js';
import { entryOf, rowOf, space } from '../views/rows.js';
import { headerOf, parsedBody, type WorldBlock } from './view-world.js';

/** Where bodies' rows begin to be numbered, as in every implementation of the format of rows. */
const BODY_ORDINAL = 65_536;

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly row: Row;
}

/**
 * A cone's state worked out from all blocks at once, by reading the definitions word for word: nothing is kept up,
 * nothing remembered. `hasBody`: whose bodies are here. What every other way of evaluating is compared with.
 */
export function naiveCone(
  plan: ConePlan,
  registry: Registry,
  blocks: readonly WorldBlock[],
  hasBody: (id: BlockId) => boolean,
  world: World,
  upTo: number,
): Cone & { fallen(): BlockId[] } {
  const tables = new Map<string, Entry[]>();
  for (const table of plan.tables.values()) tables.set(table.name, []);
  for (const block of blocks) {
    const header = headerOf(block);
    const body = hasBody(block.id) ? parsedBody(block, registry) : undefined;
    for (const view of plan.views) {
      if (!takes(view, header)) continue;
      addRows(() => view.head?.(header) ?? {}, 0);
      if (body !== undefined && view.kinds?.includes(block.kind) === true)
        addRows(() => view.body?.(header, body) ?? {}, BODY_ORDINAL);

      function addRows(rowsOf: () => Readonly<Record<string, readonly Row[]>>, first: number): void {
        try {
          const { maxRows = viewLimits.maxRows, maxRowBytes = viewLimits.maxRowBytes } = view;
          const rows = Object.entries(rowsOf());
          if (rows.reduce((count, [, list]) => count + list.length, 0) > maxRows) return;
          const made = rows.flatMap(([name, list]) => {
            const table = plan.tables.get(`${view.name}.${name}`)!;
            return list.map((row, i) => [table.name, entry(table, row, [block.id], first + i, maxRowBytes)] as const);
          });
          for (const [name, one] of made) tables.get(name)!.push(one);
        } catch {
          // The block is a fault of this view: no rows.
        }
      }
    }
  }
  for (const table of plan.strata) tables.set(table.name, derivedRows(table, plan, tables));
  const store = createMemoryKeyed();
  for (const entries of tables.values()) for (const { key, value } of entries) store.set(key, value);
  store.set(encodeTuple([space.meta, 'cursor']), encodeTuple(['naive', upTo]));
  const cone: Cone = { plan, store, world };
  return { ...cone, fallen: () => fallenOf(cone, blocks, upTo) };
}

function entry(table: ConeTable, row: Row, owner: readonly KeyPart[], ordinal: number, maxBytes: number): Entry {
  const made = entryOf(table, row, owner, ordinal);
  if (entryOf(table, row, owner, 0).key.length + made.value.length > maxBytes) throw new RangeError('too large');
  return { ...made, row: rowOf(table, made.key, made.value) };
}

function derivedRows(table: ConeTable, plan: ConePlan, tables: ReadonlyMap<string, readonly Entry[]>): Entry[] {
  const derived = table.derived!;
  const from = [...tables.get(table.from!)!].sort((a, b) => compareBytes(a.key, b.key));
  const { maxRows = viewLimits.maxRows, maxRowBytes = viewLimits.maxRowBytes } = table.view;
  const guarded = (owner: readonly KeyPart[], work: () => readonly Row[]): Entry[] => {
    try {
      const rows = work();
      if (rows.length > maxRows) return [];
      return rows.map((row, i) => entry(table, row, owner, i, maxRowBytes));
    } catch {
      return [];
    }
  };
  if (derived.op === 'group') {
    return [...partition(from, derived.by)].flatMap(([, { by, rows }]) =>
      guarded(by, () => derived.rows(rows.slice(0, derived.most ?? viewLimits.groupRows))),
    );
  }
  if (derived.op === 'sum') {
    return [...partition(from, derived.by)].map(([, { by, rows }]) => {
      const sums = (derived.ints ?? []).map((field) => [
        field,
        small(rows.reduce((total, row) => total + integerOf(row[field]), 0n)),
      ]);
      const row = {
        ...Object.fromEntries(derived.by.map((field, i) => [field, by[i] as Value])),
        count: rows.length,
        ...(Object.fromEntries(sums) as Row),
      };
      const made = entryOf(table, row, [], 0);
      // A sum has no owner and no ordinal: one row a key.
      const key = encodeTuple([space.rows, table.number, ...by]);
      return { key, value: made.value, row: rowOf(table, key, made.value) };
    });
  }
  const own = new Map<BlockId, Row[]>();
  for (const { row } of from) own.set(row['block'] as string, [...(own.get(row['block'] as string) ?? []), row]);
  const done = new Map<BlockId, Entry[] | undefined>();
  const whole = (id: BlockId): Entry[] | undefined => {
    if (done.has(id)) return done.get(id);
    done.set(id, undefined);
    const rows = own.get(id);
    if (rows === undefined) return undefined;
    const before = [...new Set(rows.flatMap((row) => idsIn(row[derived.along])))].map(whole);
    const result = before.every((one) => one !== undefined)
      ? guarded([id], () =>
          derived.rows(
            rows,
            before.map((one) => one.map(({ row }) => row)),
          ),
        )
      : undefined;
    done.set(id, result);
    return result;
  };
  return [...own.keys()].flatMap((id) => whole(id) ?? []);
}

function partition(
  entries: readonly Entry[],
  fields: readonly string[],
): Map<string, { readonly by: readonly KeyPart[]; readonly rows: Row[] }> {
  const parts = new Map<string, { readonly by: readonly KeyPart[]; readonly rows: Row[] }>();
  for (const { row } of entries) {
    const by = fields.map((field) => (row[field] ?? null) as KeyPart);
    const name = toHex(encodeTuple(by));
    const part = parts.get(name);
    if (part === undefined) parts.set(name, { by, rows: [row] });
    else part.rows.push(row);
  }
  return parts;
}

function integerOf(value: Value | bigint | undefined): bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value)) ? BigInt(value) : 0n;
}

function small(value: bigint): Value | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function idsIn(value: Value | bigint | undefined): BlockId[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function fallenOf({ plan, store, world }: Cone, blocks: readonly WorldBlock[], upTo: number): BlockId[] {
  const options = { plan, store, world, upTo, budget: viewLimits.readRows };
  return blocks
    .map(headerOf)
    .filter((header) =>
      plan.views.some(
        (view) => view.hides !== undefined && drive(view.hides.judge(dbOf(), header), view, options, newTrace()),
      ),
    )
    .map(({ id }) => id)
    .sort();
}
