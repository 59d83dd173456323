import { parentPort, workerData } from 'node:worker_threads';
import { createRegistry, type StoredBlock, type TailItem } from '@cosmicembeddings/sdk';
import { loadPlugins } from '../../plugins.js';
import { StoreReader, type SqliteEngine } from '../../store/sqlite/index.js';
import type { HitRow } from '../hit-reader.js';
import { isBefore, type Place } from './cursor.js';
import { Candidate, lookoutOf, type Lookout, type Wanted } from './match.js';

export interface MatcherSetup {
  readonly storePath: string;
  readonly engine: SqliteEngine;
  readonly plugins: readonly string[];
}

/** A stretch of the ledger, for some of the watches. */
export interface Stretch {
  readonly after: Place;
  /** Up to this block. */
  readonly to: number;
  readonly watches: readonly number[];
}

export type ToMatcher =
  | { readonly type: 'add'; readonly watch: number; readonly wanted: Wanted }
  | { readonly type: 'drop'; readonly watch: number }
  | ({ readonly type: 'take'; readonly number: number } & Stretch)
  | { readonly type: 'close' };

/** Something that a block says to a watch. `at`: where the watch is once it was told. */
export type Said = { readonly at: Place } & (
  | {
      readonly type: 'hit';
      readonly watch: number;
      readonly row: number;
      readonly cosine?: number;
      readonly hit: number;
    }
  /** A block that would be a hit may have been taken back or replaced by another. */
  | { readonly type: 'touched'; readonly watch: number; readonly id: string }
  /** To whoever was told of it. */
  | { readonly type: 'erased'; readonly id: string }
);

export interface Taken {
  readonly number: number;
  readonly said: readonly Said[];
  /** Rows that `said` names, each once. */
  readonly hits: readonly Omit<HitRow, 'seq'>[];
  /** How far it got: not always to where it was to go. */
  readonly upTo: Place;
  readonly spentMs: number;
  readonly error?: string;
}

/** Work of one request: others wait meanwhile. */
const SLICE_MS = 50;
const SAID_MAX = 512;
const BATCH = 128;
/** Relations that can take a block away. */
const TAKES_AWAY: ReadonlySet<string> = new Set(['retracts', 'supersedes']);

const setup = workerData as MatcherSetup;
const port = parentPort!;
const registry = createRegistry(await loadPlugins(setup.plugins));
const reader = new StoreReader(setup.storePath, setup.engine, 2_000);
const lookouts = new Map<number, Lookout>();

port.on('message', (message: ToMatcher) => {
  if (message.type === 'add') lookouts.set(message.watch, lookoutOf(message.wanted));
  else if (message.type === 'drop') lookouts.delete(message.watch);
  else if (message.type === 'close') {
    reader.close();
    port.close();
  } else port.postMessage(take(message));
});
port.postMessage({ number: 0 });

function take({ number, after, to, watches }: Extract<ToMatcher, { type: 'take' }>): Taken {
  const begunMs = performance.now();
  const said: Said[] = [];
  const hits: Omit<HitRow, 'seq'>[] = [];
  const asked = watches.flatMap((watch) => {
    const lookout = lookouts.get(watch);
    return lookout === undefined ? [] : [{ watch, lookout }];
  });
  let place = after;
  const done = (error?: unknown): Taken => ({
    number,
    said,
    hits,
    upTo: place,
    spentMs: performance.now() - begunMs,
    ...(error === undefined ? {} : { error: String(error) }),
  });
  try {
    while (place.seq < to) {
      const { items, upTo } = reader.tail({ epoch: reader.epoch(), seq: place.seq }, BATCH);
      for (const item of items) {
        if (item.seq > to) return { ...done(), upTo: { seq: to, n: 0 } };
        said.push(...numbered(item.seq, sayingsOf(item, asked, hits)).filter(({ at }) => isBefore(place, at)));
        place = { seq: item.seq, n: 0 };
        if (said.length >= SAID_MAX || performance.now() - begunMs > SLICE_MS) return done();
      }
      if (items.length < BATCH) place = { seq: Math.min(to, upTo.seq), n: 0 };
      // What this connection does not see yet is asked for again.
      if (items.length === 0) return done();
    }
    return done();
  } catch (error) {
    return done(error);
  }
}

type Saying = Said extends infer S ? (S extends Said ? Omit<S, 'at'> : never) : never;
type Asked = readonly { readonly watch: number; readonly lookout: Lookout }[];

/** Counted for each watch by itself: a cursor means the same whoever else is watching. */
function numbered(seq: number, sayings: readonly Saying[]): Said[] {
  const counts = new Map<number, number>();
  return sayings.map((one): Said => {
    const watch = 'watch' in one ? one.watch : 0;
    const n = (counts.get(watch) ?? 0) + 1;
    counts.set(watch, n);
    return { ...one, at: { seq: seq - 1, n } };
  });
}

/** In an order that is the same each time, so that a cursor can stand between two of them. */
function sayingsOf(item: TailItem, asked: Asked, hits: Omit<HitRow, 'seq'>[]): Saying[] {
  if (item.type === 'erase') return [{ type: 'erased', id: item.id }];
  const { block } = item;
  const targets = [...new Set(block.entry.refs.flatMap(({ rel, id }) => (TAKES_AWAY.has(rel) ? [id] : [])))];
  const found: Saying[] = [];
  const candidate = candidateOf(block);
  if (candidate !== undefined) {
    const shown = new Map<number, number>();
    for (const { watch, lookout } of asked) {
      const match = matchOf(candidate, lookout);
      if (match === undefined) continue;
      if (!shown.has(match.row)) shown.set(match.row, hits.push(candidate.shown(match.row)) - 1);
      found.push({ type: 'hit', watch, ...match, hit: shown.get(match.row)! });
    }
  }
  if (targets.length === 0) return found;
  const touched = reader.get(targets).flatMap((target) => {
    const one = target === undefined ? undefined : candidateOf(target);
    return one === undefined ? [] : [one];
  });
  for (const one of touched)
    for (const { watch, lookout } of asked)
      if (matchOf(one, lookout) !== undefined) found.push({ type: 'touched', watch, id: one.block.id });
  return found;
}

function candidateOf(block: StoredBlock): Candidate | undefined {
  const isReadable = block.erased === undefined && block.entry.inert === undefined;
  return isReadable && (block.body !== null || block.format !== 'native/2')
    ? new Candidate(block, registry)
    : undefined;
}

/** A block that its kind's code cannot read is no hit: the index has passed over it, too. */
function matchOf(candidate: Candidate, lookout: Lookout): ReturnType<Candidate['match']> {
  try {
    return candidate.match(lookout);
  } catch {
    return undefined;
  }
}
