import { compareBytes } from '../bytes.js';
import type { BlockId } from '../block/types.js';
import type { KeyedStore } from './keyed-store.js';
import { readName, type ConePlan } from './plan.js';
import { dbOf, drive, newTrace, type ReaderOptions } from './reader.js';
import { space } from './rows.js';
import { driveAll } from './side-by-side.js';
import { afterPrefix, decodeTuple, encodeTuple } from './tuple.js';
import { viewLimits, type BlockHeader, type Change, type Row, type Touch, type View } from './view.js';
import type { World } from './world.js';
import { detailOf, type ConeOptions, type Writer } from './writer.js';

/** Blocks that are hidden since, were judged hidden again, or are not hidden any more. */
export interface Judged {
  readonly fell: readonly BlockId[];
  readonly stood: readonly BlockId[];
}

const NOTHING = new Uint8Array(0);
/** Blocks that are judged side by side. */
const JUDGED_AT_ONCE = 1024;

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
    const touches = (change: Change): readonly Touch[] => {
      options.step?.(view.name);
      try {
        const reading = { plan, store, world, upTo, budget: viewLimits.readRows, memo };
        return drive(view.hides!.touched(db, change), view, reading, newTrace());
      } catch (error) {
        writer.fault(view.name, ['hides', ''], detailOf(error));
        return [];
      }
    };
    for (const table of tablesOf(plan, view))
      for (const change of writer.changes.get(table) ?? [])
        for (const touch of touches(change))
          if ('id' in touch) touched.add(touch.id);
          else authors.add(touch.author);
    for (const id of arrivals(view, store, world, after, upTo)) touched.add(id);
    const judge = (blocks: readonly BlockHeader[]): void => {
      for (const [key, id, isHidden] of verdictsOf(view, blocks, { plan, store, world, upTo, memo }, writer, options))
        if (isHidden) {
          store.set(key, NOTHING);
          fell.add(id);
        } else if (store.get(key) !== undefined) {
          store.delete(key);
          stood.add(id);
        }
    };
    for (const author of authors) {
      store.set(encodeTuple([space.watched, view.name, author]), NOTHING);
      for (const blocks of portions(world.by(author, upTo))) {
        judge(blocks);
        for (const { id } of blocks) touched.delete(id);
      }
    }
    const here: BlockHeader[] = [];
    for (const id of touched) {
      const block = world.block(id, upTo);
      if (block !== undefined) here.push(block);
      else store.set(encodeTuple([space.awaited, view.name, id, id]), NOTHING);
    }
    for (const blocks of portions(here)) judge(blocks);
  }
  return { fell: [...fell], stood: [...stood].filter((id) => !fell.has(id) && !isFallen(plan, store, id)) };
}

/** Whether blocks are hidden, with the keys under which that is kept, in the order of these. */
function verdictsOf(
  view: View,
  blocks: readonly BlockHeader[],
  reading: Omit<ReaderOptions, 'budget'>,
  writer: Writer,
  options: ConeOptions,
): (readonly [key: Uint8Array, id: BlockId, isHidden: boolean])[] {
  const db = dbOf();
  const runs = blocks.map(({ id }, i) => ({
    ask: view.hides!.judge(db, blocks[i]!),
    trace: newTrace(),
    step: () => options.step?.(view.name, id),
  }));
  const outcomes = driveAll(runs, view, { ...reading, budget: viewLimits.readRows });
  const verdicts = blocks.map(({ id }, i) => {
    const outcome = outcomes[i]!;
    if (!outcome.ok) writer.fault(view.name, ['hides', id], detailOf(outcome.error));
    // What was not here is waited for: its arrival may change the verdict.
    for (const [other, isThere] of runs[i]!.trace.blocks)
      if (!isThere) writer.store.set(encodeTuple([space.awaited, view.name, other, id]), NOTHING);
    return [encodeTuple([space.fallen, view.name, id]), id, outcome.ok && outcome.value] as const;
  });
  // Random keys are written in order: each page of the store is met once.
  return verdicts.sort(([a], [b]) => compareBytes(a, b));
}

function* portions<T>(all: Iterable<T>): Iterable<T[]> {
  let some: T[] = [];
  for (const one of all) {
    some.push(one);
    if (some.length < JUDGED_AT_ONCE) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
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
