import {
  CosmicError,
  type BlockStore,
  type Clock,
  type Cursor,
  type Head,
  type Registry,
  type StandingState,
  type TailItem,
} from '@cosmicembeddings/sdk';
import { foldBatch, looksInto, readsOf, resumeFolding, startFolding, type Folding } from './folding.js';
import { createHidden } from './hidden.js';
import { readSnapshot, writeSnapshot } from './snapshot.js';

export interface ViewsOptions {
  readonly store: Pick<BlockStore, 'tail' | 'get' | 'head'>;
  readonly registry: Registry;
  /** Where the snapshot is kept. */
  readonly folder: string;
  readonly clock: Clock;
  /** A view's fold that threw, or a store that could not be read; following goes on. */
  onError?(error: unknown): void;
}

export interface Views {
  /** @throws CosmicError request.not_found, request.malformed, node.internal (a view whose fold failed) */
  query(name: string, query: string, params: Readonly<Record<string, string>>): unknown;
  /** Rows whose blocks do not stand: bit i for label i; shorter than the head where the rest stands. Never changed once given. */
  hidden(): Uint8Array;
  /** The folded state of a view; only to be read. */
  state(name: string): unknown;
  /** A hint that the store has moved; without one the store is looked at every two seconds. */
  notify(head: Head): void;
  position(): Promise<Cursor>;
  /** Resolves when the views, `hidden` included, have reached `seq`. */
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const BATCH = 512;
const POLL_MS = 2_000;
const SAVE_EVERY_MS = 30_000;

/**
 * Follows the store with all views of the registry, from the saved snapshot on and in the background. A changed view,
 * kind or epoch means folding anew; so does an erasure of what a fold has looked at, while the old states still answer.
 */
export async function createViews(options: ViewsOptions): Promise<Views> {
  const { store, registry, folder, clock } = options;
  const hidden = createHidden(store);
  const stopping = new AbortController();
  const waiting = new Set<{ readonly seq: number; readonly resolve: () => void }>();
  const reported = new Set<unknown>();
  let wake: (() => void) | undefined;
  let woken = false;
  /** The sequence number that `hidden` covers too. */
  let settledTo = -1;
  let savedAt = '';
  let savedMs = clock.now();

  let current = await open();
  await settle();
  const loop = follow();

  async function open(): Promise<Folding> {
    const [head, snapshot] = await Promise.all([store.head(), readSnapshot(folder, registry)]);
    const fits = snapshot !== undefined && snapshot.cursor.epoch === head.epoch && snapshot.cursor.seq <= head.seq;
    if (!fits) return startFolding(registry, head.epoch, head.seq);
    savedAt = placeOf(snapshot.cursor);
    return resumeFolding(snapshot);
  }

  async function follow(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await catchUp();
      } catch (error) {
        if (!stopping.signal.aborted) options.onError?.(error);
      }
      await idle();
    }
  }

  /** Brings the current folding to the head; a stale or foreign one is replaced by a new one as soon as that is there. */
  async function catchUp(): Promise<void> {
    const head = await store.head();
    if (current.cursor.epoch !== head.epoch) current = startFolding(registry, head.epoch, head.seq);
    await toHead(current);
    while (current.stale) {
      const again = await store.head();
      const fresh = startFolding(registry, again.epoch, again.seq);
      await toHead(fresh);
      current = fresh;
    }
    await settle();
    if (clock.now() - savedMs >= SAVE_EVERY_MS) await save();
  }

  async function toHead(folding: Folding): Promise<void> {
    for (;;) {
      stopping.signal.throwIfAborted();
      const items = await tailOf(folding);
      if (items.length === 0) return;
      await foldBatch(folding, items, registry, store);
      report(folding);
      if (folding === current && clock.now() - savedMs >= SAVE_EVERY_MS) await save();
    }
  }

  async function settle(): Promise<void> {
    const { cursor } = current;
    if (current.standingChanged) {
      current.standingChanged = false;
      await hidden.update(current.states['standing'] as StandingState | undefined, current.states);
    }
    settledTo = cursor.seq;
    for (const one of waiting) {
      if (settledTo < one.seq) continue;
      waiting.delete(one);
      one.resolve();
    }
  }

  async function save(): Promise<void> {
    savedMs = clock.now();
    const place = placeOf(current.cursor);
    if (place === savedAt || current.failed.size > 0 || current.stale) return;
    await writeSnapshot(folder, registry, current);
    savedAt = place;
  }

  function report({ failed }: Folding): void {
    for (const error of failed.values()) {
      if (reported.has(error)) continue;
      reported.add(error);
      options.onError?.(error);
    }
  }

  /** Until woken, or two seconds. */
  async function idle(): Promise<void> {
    if (stopping.signal.aborted || woken) {
      woken = false;
      return;
    }
    const resting = new AbortController();
    await new Promise<void>((resolve) => {
      wake = resolve;
      clock.sleep(POLL_MS, resting.signal).then(resolve, resolve);
    });
    wake = undefined;
    woken = false;
    resting.abort(new Error('woken'));
  }

  /** Bodies come along only where a view of the registry looks into bodies of such a kind. */
  async function tailOf(folding: Folding): Promise<readonly TailItem[]> {
    const { items } = await store.tail(folding.cursor, BATCH, { parts: 'entries' });
    const wanted = items.some((item) => item.type === 'put' && looksInto(item.block.entry.kind, registry));
    return wanted ? (await store.tail(folding.cursor, BATCH)).items : items;
  }

  function stir(): void {
    woken = true;
    wake?.();
  }

  function query(name: string, queryName: string, params: Readonly<Record<string, string>>): unknown {
    const view = registry.view(name);
    const answer = Object.hasOwn(view?.queries ?? {}, queryName) ? view!.queries![queryName] : undefined;
    if (view === undefined || answer === undefined)
      throw new CosmicError('request.not_found', unknownQuery(name, queryName, registry));
    const failure = current.failed.get(name);
    if (failure !== undefined) throw new CosmicError('node.internal', `view ${name} failed`, { cause: failure });
    return answer(current.states[name], params, readsOf(current.states, view));
  }

  return {
    query,
    hidden: hidden.bits,
    state: (name) => current.states[name],
    notify: stir,
    position: () => Promise.resolve(current.cursor),
    waitFor(seq, signal) {
      if (settledTo >= seq) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const one = { seq, resolve };
        waiting.add(one);
        signal?.addEventListener('abort', () => {
          waiting.delete(one);
          reject(signal.reason as Error);
        });
        stir();
      });
    },
    async close() {
      stopping.abort(new CosmicError('node.stopping', 'views'));
      stir();
      await loop;
      // Without it the next start folds what came since the last one.
      await save().catch((error: unknown) => options.onError?.(error));
    },
  };
}

function placeOf({ epoch, seq }: Cursor): string {
  return `${epoch}/${seq}`;
}

function unknownQuery(name: string, query: string, registry: Registry): string {
  const view = registry.view(name);
  if (view === undefined) return `no view ${name}; there are ${registry.views.map((one) => one.name).join(', ')}`;
  return `view ${name} has no query ${query}; it has ${Object.keys(view.queries ?? {}).join(', ') || 'none'}`;
}
