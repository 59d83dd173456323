import { CosmicError, type Cursor, type Head } from '@cosmicembeddings/sdk';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { FollowerWorker, type FaultList, type Pressure, type Trailing } from '../../follow/index.js';
import { Recent } from '../../recent.js';
import { faultOfWorker } from '../../store/sqlite/driver.js';
import type { VectorFollower } from '../vectors/index.js';
import { mapFolder } from './file.js';
import type { FromMaps, MapSetup, ToMaps } from './messages.js';
import { mapRules, type MapRules } from './space-map.js';

export type { MapRules } from './space-map.js';

export interface MapsOptions {
  /** Data folder; `map` in it is this one's. */
  readonly folder: string;
  readonly storeEngine: string;
  readonly plugins: readonly string[];
  readonly pressure?: Pressure;
  readonly faults?: FaultList;
  /** The index that has most rows of a space; undefined where none has any. `ofAll`: rows that were made of texts here. */
  indexOf(
    space: string,
  ): Promise<{ readonly vectors: Pick<VectorFollower, 'neighbours'>; readonly ofAll: boolean } | undefined>;
  head(): Promise<Head>;
  /** Bit i for a row label that is not shown. The buffer is replaced, never changed. */
  hidden(): Uint8Array;
  readonly rules?: Partial<MapRules>;
  /** The thread ends when nobody has asked for so long. Default 30 minutes. */
  readonly idleMs?: number;
}

/** Maps of spaces: laid out when somebody asks, kept up while somebody looks, at no cost otherwise. */
export interface Maps extends Omit<Trailing, 'answers'> {
  /**
   * A map as it is now, in bytes (specs/map.md), and a tag of those bytes. It may just have been begun.
   * `who`: whose share of maps it takes. @throws CosmicError space.unknown, node.busy (others are looked at), node.internal
   */
  of(space: string, who?: string): Promise<{ readonly bytes: Uint8Array; readonly tag: string }>;
  /** A search begins; answers what is to be called when it ends. Maps rest meanwhile. */
  searching(): () => void;
  /**
   * Around an erasure: the files go before it, so that none outlives it whenever the node ends, and are written again once it was
   * taken. Answers what is to be called after it, with its number in the store.
   */
  erasing(): Promise<(seq: number) => void>;
  close(): Promise<void>;
}

const IDLE_MS = 30 * 60_000;
/** Maps whose bytes are kept for whoever asks again, each of a megabyte at most or so; more than are worked on at once. */
const KNOWN_MAX = 16;

interface Waiting {
  resolve(found: { readonly tag: string; readonly bytes?: Uint8Array }): void;
  reject(error: unknown): void;
}

/** A thread that does not answer is at a slice of its work, or ends. */
const ERASING_MS = 5_000;

export function createMaps(options: MapsOptions): Maps {
  const asking = new SharedArrayBuffer(4);
  const searches = new Int32Array(asking);
  const waiting = new Map<number, Waiting>();
  const held = new Map<number, () => void>();
  const known = new Recent<string, { readonly tag: string; readonly bytes: Uint8Array }>(KNOWN_MAX);
  const sources = new Recent<string, Pick<VectorFollower, 'neighbours'>>(KNOWN_MAX);
  let worker: FollowerWorker<ToMaps, FromMaps> | undefined;
  let starting: Promise<FollowerWorker<ToMaps, FromMaps>> | undefined;
  let hidden: Uint8Array | undefined;
  let numbers = 0;
  let idle: NodeJS.Timeout | undefined;
  let isClosed = false;

  const failAll = (error: unknown): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    for (const end of held.values()) end();
    held.clear();
    hidden = undefined;
  };
  const receive = (message: FromMaps): void => {
    if (message.type === 'near') return void near(message);
    if (message.type === 'erasing') {
      held.get(message.id)?.();
      return void held.delete(message.id);
    }
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === 'busy')
      asked?.reject(new CosmicError('node.busy', 'other maps are looked at; try again later'));
    else asked?.resolve(message);
  };
  const near = async ({ id, space, labels, k }: Extract<FromMaps, { type: 'near' }>): Promise<void> => {
    try {
      const found = await sources.get(space)?.neighbours(space, labels, k);
      worker?.post({ type: 'near', id, ...(found === undefined ? {} : { near: found }) });
    } catch (error) {
      worker?.post({ type: 'near', id, error: String(error) });
    }
  };
  const start = async (): Promise<FollowerWorker<ToMaps, FromMaps>> => {
    const { folder, storeEngine, plugins, pressure, faults } = options;
    const setup: MapSetup = { folder, storeEngine, plugins, asking, rules: { ...mapRules, ...options.rules } };
    const made = new FollowerWorker<ToMaps, FromMaps>({
      name: 'map',
      module: new URL('./map-worker.js', import.meta.url),
      setup,
      ...(pressure === undefined ? {} : { pressure }),
      ...(faults === undefined ? {} : { faults }),
      faultOf: faultOfWorker,
      receive,
      lost: failAll,
      failed: failAll,
    });
    await made.start();
    worker = made;
    return made;
  };
  const running = (): Promise<FollowerWorker<ToMaps, FromMaps>> => {
    if (isClosed) return Promise.reject(new CosmicError('node.stopping', 'maps'));
    clearTimeout(idle);
    idle = setTimeout(() => void stop(), options.idleMs ?? IDLE_MS).unref();
    starting ??= start().catch((error: unknown) => {
      starting = undefined;
      throw new CosmicError('node.internal', `maps did not start: ${String(error)}`, { cause: error });
    });
    return starting;
  };
  const stop = async (): Promise<void> => {
    clearTimeout(idle);
    const ending = starting;
    starting = undefined;
    const old = await ending?.catch(() => undefined);
    worker = undefined;
    known.clear();
    await old?.close({ type: 'close' });
    failAll(new CosmicError('node.stopping', 'maps'));
  };

  return {
    name: 'map',
    // Who has nothing to do is behind in nothing.
    position: async (): Promise<Cursor> => worker?.position() ?? (await options.head()),
    waitFor: (seq, signal) => worker?.waitFor(seq, signal) ?? Promise.resolve(),
    stopped: () => worker?.stopped(),
    notify: (head) => worker?.post({ type: 'notify', seq: head.seq }),
    of: async (space, who = '') => {
      const index = await options.indexOf(space);
      if (index === undefined) throw new CosmicError('space.unknown', space.slice(0, 100));
      const at = await running();
      const { seq } = await options.head();
      sources.set(space, index.vectors);
      const bits = options.hidden();
      if (bits !== hidden) at.post({ type: 'hide', bits });
      hidden = bits;
      const before = known.get(space);
      const found = await new Promise<{ readonly tag: string; readonly bytes?: Uint8Array }>((resolve, reject) => {
        if (at.failure !== undefined) return reject(at.failure as Error);
        const id = ++numbers;
        waiting.set(id, { resolve, reject });
        const { ofAll } = index;
        at.post({ type: 'ask', id, space, seq, ofAll, who, ...(before === undefined ? {} : { known: before.tag }) });
      });
      if (found.bytes === undefined) return before!;
      const map = { tag: found.tag, bytes: found.bytes };
      known.set(space, map);
      return map;
    },
    searching: () => {
      Atomics.add(searches, 0, 1);
      return () => void Atomics.sub(searches, 0, 1);
    },
    erasing: async () => {
      const at = await starting?.catch(() => undefined);
      if (at !== undefined && at === worker && at.isRunning) {
        const id = ++numbers;
        await new Promise<void>((resolve) => {
          const late = setTimeout(resolve, ERASING_MS);
          held.set(id, () => {
            clearTimeout(late);
            resolve();
          });
          at.post({ type: 'erasing', id });
        });
        held.delete(id);
      }
      known.clear();
      rmSync(join(options.folder, mapFolder), { recursive: true, force: true });
      return (seq) => {
        known.clear();
        if (at !== undefined && at === worker) at.post({ type: 'erased', seq });
      };
    },
    close: async () => {
      isClosed = true;
      await stop();
    },
  };
}
