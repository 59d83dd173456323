import type { BlockId } from '../block/types.js';
import type { Cursor } from '../ports/index.js';
import { derive } from './derive.js';
import { judgeTouched, type Judged } from './hiding.js';
import type { KeyedStore } from './keyed-store.js';
import { rowLimitsOf, takes, type ConePlan, type ConeTable } from './plan.js';
import { space } from './rows.js';
import { decodeTuple, encodeTuple } from './tuple.js';
import type { BlockHeader, Row, Rows, View } from './view.js';
import type { World } from './world.js';
import { BODY_ORDINAL, checkBytes, createWriter, detailOf, type ConeOptions, type Writer } from './writer.js';

/** What comes to a cone: a block, whole or its header alone, or that a body is gone for good. */
export type ConeItem =
  | {
      readonly type: 'put';
      readonly header: BlockHeader;
      /** Undefined where it is not here, or inert. */ readonly body?: unknown;
    }
  | { readonly type: 'erase'; readonly id: BlockId };

/** What a batch did. */
export interface Taken extends Judged {
  /** Rows that came and went. */
  readonly changes: number;
}

const CURSOR = encodeTuple([space.meta, 'cursor']);

/** Where the rows of a cone reach; undefined for one that took nothing yet. */
export function coneCursor(store: KeyedStore): Cursor | undefined {
  const kept = store.get(CURSOR);
  if (kept === undefined) return undefined;
  const [epoch, seq] = decodeTuple(kept);
  return { epoch: epoch as string, seq: seq as number };
}

/** Takes a batch of blocks in one transaction; the same batch again changes nothing. */
export function takeBatch(
  plan: ConePlan,
  store: KeyedStore,
  world: World,
  items: readonly ConeItem[],
  upTo: Cursor,
  options: ConeOptions = {},
): Taken {
  return store.transaction(() => {
    const before = coneCursor(store);
    const writer = createWriter(store, (view) => options.step?.(view), options.onFault ?? (() => undefined));
    for (const item of items)
      if (item.type === 'erase') eraseBody(plan, item.id, writer);
      else putBlock(plan, item, writer, options);
    for (const table of plan.strata) {
      const from = plan.tables.get(table.from!)!;
      derive(table, from, writer.changes.get(from.name) ?? [], writer);
    }
    const judged = judgeTouched(plan, writer, world, before?.seq ?? 0, upTo.seq, options);
    for (const bucket of writer.buckets) store.set(encodeTuple([space.versions, bucket]), encodeTuple([upTo.seq]));
    store.set(CURSOR, encodeTuple([upTo.epoch, upTo.seq]));
    let changes = 0;
    for (const list of writer.changes.values()) changes += list.length;
    return { ...judged, changes };
  });
}

function baseTables(plan: ConePlan): ConeTable[] {
  return [...plan.tables.values()].filter(({ derived }) => derived === undefined);
}

function putBlock(
  plan: ConePlan,
  { header, body }: Extract<ConeItem, { type: 'put' }>,
  writer: Writer,
  options: ConeOptions,
): void {
  const views = plan.views.filter((view) => takes(view, header));
  const fill = (part: 'head' | 'body', rowsOf: (view: View) => Rows | undefined): void => {
    const owner = [part, header.id];
    if (writer.store.get(encodeTuple([space.owned, ...owner])) !== undefined) return;
    const groups = views.flatMap((view) => {
      if (options.isBarred?.(view.name, header.id) === true) {
        writer.fault(view.name, [header.id], 'the view did not come to an end with it');
        return [];
      }
      options.step?.(view.name, header.id);
      try {
        return checkedRows(plan, view, header, rowsOf(view));
      } catch (error) {
        writer.fault(view.name, [header.id], detailOf(error));
        return [];
      }
    });
    writer.replace(owner, [header.id], groups, part === 'head' ? 0 : BODY_ORDINAL);
  };
  fill('head', (view) => view.head?.(header));
  if (body !== undefined)
    fill('body', (view) => (view.kinds?.includes(header.kind) === true ? view.body?.(header, body) : undefined));
}

function checkedRows(
  plan: ConePlan,
  view: View,
  header: BlockHeader,
  rows: Rows = {},
): (readonly [ConeTable, readonly Row[]])[] {
  const { maxRows, maxRowBytes } = rowLimitsOf(view);
  let count = 0;
  return Object.entries(rows).map(([name, list]) => {
    const table = plan.tables.get(`${view.name}.${name}`);
    if (table === undefined || table.derived !== undefined)
      throw new TypeError(`view ${view.name} has no table ${name}`);
    count += list.length;
    if (count > maxRows) throw new RangeError(`more than ${maxRows} rows`);
    for (const row of list) checkBytes(table, row, [header.id], maxRowBytes);
    return [table, list] as const;
  });
}

function eraseBody(plan: ConePlan, id: BlockId, writer: Writer): void {
  writer.replace(
    ['body', id],
    [id],
    baseTables(plan).map((table) => [table, []] as const),
    BODY_ORDINAL,
  );
  for (const { name } of plan.views) writer.store.delete(encodeTuple([space.faults, name, id]));
}
