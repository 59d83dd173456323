import { setImmediate } from 'node:timers/promises';
import type {
  BlockStore,
  Cursor,
  IdentitiesState,
  Reads,
  Registry,
  StandingState,
  StoredBlock,
  TailItem,
  View,
} from '@cosmicembeddings/sdk';
import { inputOf } from './input.js';
import type { Snapshot } from './snapshot.js';

/** All views of a registry folded up to a place in the store. */
export interface Folding {
  /** The last item folded. */
  cursor: Cursor;
  readonly states: Record<string, unknown>;
  /** Views whose fold threw; they are left as they are until the next rebuild. */
  readonly failed: Map<string, unknown>;
  /** Erasures up to here were done before folding began: their bodies were never looked at. */
  readonly cleanTo: number;
  /** A fold looked at a body that has been erased since. */
  stale: boolean;
  /** Something came that may change which blocks stand. */
  standingChanged: boolean;
}

export function startFolding(registry: Registry, epoch: string, cleanTo: number): Folding {
  const states = Object.fromEntries(registry.views.map((view) => [view.name, view.empty()]));
  return { cursor: { epoch, seq: 0 }, states, failed: new Map(), cleanTo, stale: false, standingChanged: true };
}

export function resumeFolding({ cursor, states }: Snapshot): Folding {
  return { cursor, states: { ...states }, failed: new Map(), cleanTo: cursor.seq, stale: false, standingChanged: true };
}

export function readsOf(states: Readonly<Record<string, unknown>>, view: View): Reads {
  return Object.fromEntries((view.reads ?? []).map((name) => [name, states[name]]));
}

/** Longest stretch of folding before other work gets its turn. */
const SLICE_MS = 8;

/** Folds a batch of the store's tail, in pieces that do not hold up the event loop. */
export async function foldBatch(
  folding: Folding,
  items: readonly TailItem[],
  registry: Registry,
  store: Pick<BlockStore, 'get'>,
): Promise<void> {
  let startedMs = performance.now();
  for (const item of items) {
    if (item.type === 'put') foldBlock(folding, item.block, registry);
    else if (item.seq > folding.cleanTo && (await wasLookedAt(item.id, registry, store))) folding.stale = true;
    folding.cursor = { epoch: folding.cursor.epoch, seq: item.seq };
    if (performance.now() - startedMs < SLICE_MS) continue;
    await setImmediate();
    startedMs = performance.now();
  }
}

function foldBlock(folding: Folding, stored: StoredBlock, registry: Registry): void {
  const input = inputOf(stored, registry);
  if (input === undefined) return;
  const { states, failed } = folding;
  for (const view of registry.views) {
    if (failed.has(view.name) || !folds(view, stored.entry.kind)) continue;
    try {
      states[view.name] = view.apply(states[view.name], input, readsOf(states, view));
    } catch (error) {
      failed.set(view.name, new Error(`view ${view.name} failed on block ${stored.id}`, { cause: error }));
    }
  }
  // A block matters for what stands when it speaks of others, is spoken of, or when its key may have been handed over.
  const standing = states['standing'] as StandingState | undefined;
  const identities = states['identities'] as IdentitiesState | undefined;
  folding.standingChanged ||=
    input.block.refs.length > 0 ||
    standing?.claims.has(stored.id) === true ||
    identities?.to.has(stored.entry.author) === true;
}

function folds(view: View, kind: string): boolean {
  return view.kinds.includes('*') || view.kinds.includes(kind);
}

/** Does a view read the bodies of this kind? A kind that was unknown when a block came may be known now. */
export function looksInto(kind: string, registry: Registry): boolean {
  return registry.views.some((view) => view.headersOnly !== true && folds(view, kind));
}

/** Could a view that reads bodies have looked at this one? */
async function wasLookedAt(id: string, registry: Registry, store: Pick<BlockStore, 'get'>): Promise<boolean> {
  const readers = registry.views.filter((view) => view.headersOnly !== true);
  if (readers.length === 0) return false;
  const [stored] = await store.get([id]);
  return stored !== undefined && readers.some((view) => folds(view, stored.entry.kind));
}
