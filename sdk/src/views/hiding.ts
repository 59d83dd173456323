import type { BlockId } from '../block/types.js';
import type { KeyedStore } from './keyed-store.js';
import { readName, type ConePlan } from './plan.js';
import { dbOf, drive, newTrace } from './reader.js';
import { space } from './rows.js';
import { afterPrefix, decodeTuple, encodeTuple } from './tuple.js';
import { viewLimits, type BlockHeader, type Row, type View } from './view.js';
import type { World } from './world.js';
import { detailOf, type ConeOptions, type Writer } from './writer.js';

/** Blocks that are hidden since, were judged hidden again, or are not hidden any more. */
export interface Judged {
  readonly fell: readonly BlockId[];
  readonly stood: readonly BlockId[];
}

const NOTHING = new Uint8Array(0);

/** Judges the blocks that a batch's changes and arrivals touch, and keeps the table of the fallen. */
export function judgeTouched(
  plan: ConePlan,
  writer: Writer,
  world: World,
  after: number,
  upTo: number,
  options: ConeOptions,
): Judged {
  const { store } = writer;
  const hiding = plan.views.filter(({ hides }) => hides !== undefined);
  const [fell, stood] = [new Set<BlockId>(), new Set<BlockId>()];
  if (hiding.length === 0) return { fell: [], stood: [] };
  const db = dbOf();
  for (const view of hiding) {
    const touched = new Set<BlockId>();
    // While it is judged, rows do not change.
    const memo = new Map<string, readonly Row[]>();
    const authors = new Set<string>();
    const run = <T>(ask: Parameters<typeof drive<T>>[0], subject: BlockId | undefined, fallback: T): T => {
      options.step?.(view.name, subject);
      const trace = newTrace();
      try {
        return drive(ask, view, { plan, store, world, upTo, budget: viewLimits.readRows, memo }, trace);
      } catch (error) {
        writer.fault(view.name, ['hides', subject ?? ''], detailOf(error));
        return fallback;
      } finally {
        // What was not here is waited for: its arrival may change the verdict.
        if (subject !== undefined)
          for (const [id, isThere] of trace.blocks)
            if (!isThere) store.set(encodeTuple([space.awaited, view.name, id, subject]), NOTHING);
      }
    };
    for (const table of tablesOf(plan, view))
      for (const change of writer.changes.get(table) ?? [])
        for (const touch of run(view.hides!.touched(db, change), undefined, []))
          if ('id' in touch) touched.add(touch.id);
          else authors.add(touch.author);
    for (const id of arrivals(view, store, world, after, upTo)) touched.add(id);
    const judge = (block: BlockHeader): void => {
      const key = encodeTuple([space.fallen, view.name, block.id]);
      if (run(view.hides!.judge(db, block), block.id, false)) {
        store.set(key, NOTHING);
        fell.add(block.id);
      } else if (store.get(key) !== undefined) {
        store.delete(key);
        stood.add(block.id);
      }
    };
    for (const author of authors) {
      store.set(encodeTuple([space.watched, view.name, author]), NOTHING);
      for (const block of world.by(author, upTo)) {
        judge(block);
        touched.delete(block.id);
      }
    }
    for (const id of touched) {
      const block = world.block(id, upTo);
      if (block !== undefined) judge(block);
      else store.set(encodeTuple([space.awaited, view.name, id, id]), NOTHING);
    }
  }
  return { fell: [...fell], stood: [...stood].filter((id) => !fell.has(id) && !isFallen(plan, store, id)) };
}

/** Blocks that came and are waited for, of an author that is watched, or fallen (their rows may be new). */
function* arrivals(view: View, store: KeyedStore, world: World, after: number, upTo: number): Iterable<BlockId> {
  const isEmpty = (part: number): boolean => {
    const prefix = encodeTuple([part, view.name]);
    return store.range(prefix, afterPrefix(prefix), 1).length === 0;
  };
  const [noneAwaited, noneWatched, noneFallen] = [
    isEmpty(space.awaited),
    isEmpty(space.watched),
    isEmpty(space.fallen),
  ];
  if (noneAwaited && noneWatched && noneFallen) return;
  for (const { id, author } of world.arrived(after, upTo)) {
    if (!noneAwaited) {
      const prefix = encodeTuple([space.awaited, view.name, id]);
      for (const [key] of store.range(prefix, afterPrefix(prefix), Infinity)) {
        store.delete(key);
        yield decodeTuple(key)[3] as BlockId;
      }
    }
    if (!noneWatched && store.get(encodeTuple([space.watched, view.name, author])) !== undefined) yield id;
    else if (!noneFallen && store.get(encodeTuple([space.fallen, view.name, id])) !== undefined) yield id;
  }
}

function tablesOf(plan: ConePlan, view: View): string[] {
  const names = new Set([view.name, ...(view.reads ?? []).map(readName)]);
  return [...plan.tables.values()].filter((table) => names.has(table.view.name)).map(({ name }) => name);
}

function isFallen(plan: ConePlan, store: KeyedStore, id: BlockId): boolean {
  return plan.views.some(
    ({ name, hides }) => hides !== undefined && store.get(encodeTuple([space.fallen, name, id])) !== undefined,
  );
}

/** Ids of all blocks that are hidden, some of them more than once. */
export function* fallenIn(store: KeyedStore): Iterable<BlockId> {
  const prefix = encodeTuple([space.fallen]);
  let from = prefix;
  for (;;) {
    const some = store.range(from, afterPrefix(prefix), 1000);
    for (const [key] of some) yield decodeTuple(key)[2] as BlockId;
    if (some.length < 1000) return;
    from = encodeTuple([...decodeTuple(some.at(-1)![0]), null]);
  }
}
