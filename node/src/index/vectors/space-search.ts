import type { Bits } from './bits.js';
import { dot } from './dot.js';
import type { Graph } from './graph.js';
import type { Hubs } from './hubs.js';
import type { LabelTable } from './label-table.js';
import type { RowFile } from './rows.js';
import type { TopRows } from './top-rows.js';

/** A space as a search sees it. */
export interface SearchedSpace {
  readonly rows: RowFile;
  readonly table: LabelTable;
  readonly dead: Bits;
  readonly hubs: Hubs;
  /** Over the first `graphTo` rows; those behind it are scanned. */
  readonly graph: Graph | undefined;
  readonly graphTo: number;
  /** Labels of live rows; there is one where there is a graph. */
  readonly members: Bits | undefined;
  /** How many candidates a search asks the graph for, at least. */
  readonly candidates: number;
}

/** So many candidates in a row that did not come into the answer: those behind them do not either. */
const PASSED_MAX = 24;

/**
 * Offers to `top` the rows that are nearest to a query; with `allow`, a bitset over labels, those that are in it. By the graph's
 * candidates, exactly scored, and what it does not have; or by all rows, where that is cheaper. Answers whether all were looked at.
 *
 * @throws RowsDamaged
 */
export function searchRows(
  space: SearchedSpace,
  q: Float32Array,
  top: TopRows,
  allow: Uint8Array | undefined,
  exactly: boolean,
): boolean {
  const { graph, members, hubs } = space;
  const size = space.rows.count - space.dead.count;
  const k = Math.min(top.capacity, size);
  if (k === 0) return true;
  if (exactly || graph === undefined || members === undefined || graph.size === 0) return scan(space, q, top, allow);
  const allowed = allow === undefined ? size : members.countWith(allow);
  if (allowed === 0) return true;
  const tail = space.rows.count - space.graphTo;
  const candidates = Math.max(space.candidates, Math.ceil(k * 1.25) + 8);
  // What is worth asking for when demoted rows crowd out others.
  const crowdMax = hubs.takenIn + Math.max(1024, 2 * space.candidates);
  let want = Math.ceil((candidates * size * (allowed < size ? 1.3 : 1)) / allowed);
  for (;;) {
    // Measured: a candidate costs about as much as three rows of a scan, whatever engine found it.
    if (want * 3 > allowed) return scan(space, q, top, allow, allowed);
    const near = graph.search(q, want);
    const { found, worst } = offerNear(space, q, top, allow, near);
    // Too few of them pass the filter: the rows that do are elsewhere.
    if (found < k && found < allowed - tail - hubs.aside.count) {
      top.clear();
      return scan(space, q, top, allow, allowed);
    }
    // A row that was no candidate has at most the worst candidate's score: above it, nothing can be missing. Below it,
    // demoted rows have crowded others out.
    if (top.floor >= worst || near.length < want || want >= crowdMax) break;
    want = Math.min(crowdMax, want * 4);
    top.clear();
  }
  scanSlots(space, q, top, { allow, from: space.graphTo, to: space.rows.count });
  for (const slot of hubs.asideFor(top, allow !== undefined))
    if (allow === undefined || isAllowed(allow, space.table.labels[slot]!)) score(space, q, top, slot);
  return false;
}

/** Offers the live ones of these rows, exactly scored. */
export function scoreAmong(space: SearchedSpace, q: Float32Array, top: TopRows, labels: Uint32Array): true {
  for (const label of labels) {
    const slot = space.table.slotOf(label);
    if (slot >= 0) score(space, q, top, slot);
  }
  return true;
}

/** Offers the live rows of the slots [from, to), exactly scored; without `withAside`, not those that are put aside. */
export function scanSlots(
  space: SearchedSpace,
  q: Float32Array,
  top: TopRows,
  {
    allow,
    from,
    to,
    withAside = false,
  }: {
    readonly allow: Uint8Array | undefined;
    readonly from: number;
    readonly to: number;
    readonly withAside?: boolean;
  },
): void {
  const { dead, hubs } = space;
  const { labels } = space.table;
  const [noneDead, noneAside] = [dead.count === 0, withAside || hubs.aside.count === 0];
  for (let slot = from; slot < to; slot++) {
    if (
      (noneDead || !dead.has(slot)) &&
      (noneAside || !hubs.aside.has(slot)) &&
      (allow === undefined || isAllowed(allow, labels[slot]!))
    )
      score(space, q, top, slot);
  }
}

function scan(
  space: SearchedSpace,
  q: Float32Array,
  top: TopRows,
  allow: Uint8Array | undefined,
  allowed = Infinity,
): true {
  const { members, rows, dead } = space;
  if (allow === undefined || members === undefined || allowed * 4 > rows.count - dead.count)
    scanSlots(space, q, top, { allow, from: 0, to: rows.count, withAside: true });
  else {
    let slot = 0;
    members.eachWith(allow, (label) => {
      slot = space.table.slotFrom(label, slot);
      score(space, q, top, slot);
    });
  }
  return true;
}

function offerNear(
  { rows, dead, hubs, table: { labels } }: SearchedSpace,
  q: Float32Array,
  top: TopRows,
  allow: Uint8Array | undefined,
  near: ArrayLike<number>,
): { readonly found: number; readonly worst: number } {
  let found = 0;
  let worst = Infinity;
  let passed = 0;
  for (let i = 0; i < near.length; i++) {
    const slot = near[i]!;
    if (dead.has(slot) || hubs.aside.has(slot) || (allow !== undefined && !isAllowed(allow, labels[slot]!))) continue;
    const data = rows.at(slot);
    const similarity = dot(q, data, rows.offset(slot));
    const demotion = hubs.demotionOf(slot);
    const isTaken = top.offer(labels[slot]!, similarity, demotion);
    if (similarity < worst) worst = similarity;
    found++;
    // Nearest first but for what rounding to 8 bits turns around; a demoted row says nothing of those behind it.
    if (isTaken) passed = 0;
    else if (demotion === 0 && top.size === top.capacity && ++passed >= PASSED_MAX) break;
  }
  return { found, worst };
}

function score({ rows, table, hubs }: SearchedSpace, q: Float32Array, top: TopRows, slot: number): void {
  // One that is not in memory is read only if it may come in; a demotion only takes off.
  if (rows.most(q, slot) < top.nearFloor) return;
  const data = rows.at(slot);
  top.offer(table.labels[slot]!, dot(q, data, rows.offset(slot)), hubs.demotionOf(slot));
}

function isAllowed(allow: Uint8Array, label: number): boolean {
  return ((allow[label >>> 3] ?? 0) & (1 << (label & 7))) !== 0;
}
