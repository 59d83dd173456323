import type { BlockId, CatalogueEntry, CheckedBlock, Cursor, Head, Registry } from '@cosmicembeddings/sdk';
import { FollowerWorker, type FaultList, type Pressure, type Trailing } from '../../follow/index.js';
import { faultOfWorker, type SqliteEngine } from '../../store/sqlite/driver.js';
import type { Judging } from '../../store/sqlite/index.js';

/** What judging anew works towards: kinds in the versions of now, for blocks that came before `until`. */
export interface Target {
  /** Kinds whose blocks are judged anew, with the version they have now; null: unknown now. */
  readonly kinds: Readonly<Record<string, string | null>>;
  readonly until: number;
}

/** Where judging stands; kept in the store. */
export interface JudgingPlace extends Target {
  readonly cursor: Cursor;
}

export interface JudgeSetup extends Target {
  readonly storePath: string;
  readonly engine: SqliteEngine;
  readonly plugins: readonly string[];
  readonly cursor?: Cursor;
}

/** A block as it is seen now. */
export interface Seen {
  readonly id: BlockId;
  readonly digest: Uint8Array;
  readonly entry: CatalogueEntry;
}

export type FromJudge = {
  readonly type: 'seen';
  readonly number: number;
  readonly blocks: readonly Seen[];
  readonly cursor: Cursor;
};
export type ToJudge =
  { readonly type: 'written'; readonly number: number; readonly error?: string } | { readonly type: 'close' };

export interface JudgingOptions {
  readonly judging: Judging;
  readonly registry: Registry;
  /** Kinds of which the store has blocks. */
  readonly stored: readonly string[];
  readonly head: Head;
  readonly storePath: string;
  readonly engine: SqliteEngine;
  readonly plugins: readonly string[];
  readonly pressure?: Pressure;
  readonly faults?: FaultList;
  /** Events up to this number were written: followers have something to take. */
  onJudged(seq: number): void;
  onError(error: unknown): void;
}

/**
 * Judges the blocks of kinds that are known, forgotten or changed since the last start, in a worker, while the node
 * serves: each gets an event, with which every follower takes it again. Undefined where nothing changed.
 */
export async function startJudging(
  options: JudgingOptions,
): Promise<(Omit<Trailing, 'notify'> & { close(): Promise<void> }) | undefined> {
  const { judging, registry, head } = options;
  const now = Object.fromEntries(registry.kinds.map(({ name, version = 1 }) => [name, String(version)]));
  const target = targetOf(options, now);
  if (target === undefined) {
    if (JSON.stringify(judging.kinds()) !== JSON.stringify(now)) await judging.settle(now);
    return undefined;
  }
  let closed: Promise<void> | undefined;
  let isDone = false;
  const worker = new FollowerWorker<ToJudge, FromJudge>({
    name: 'kinds',
    module: new URL('./judge-worker.js', import.meta.url),
    setup: {
      ...target,
      storePath: options.storePath,
      engine: options.engine,
      plugins: options.plugins,
    } satisfies JudgeSetup,
    ...(options.pressure === undefined ? {} : { pressure: options.pressure }),
    ...(options.faults === undefined ? {} : { faults: options.faults }),
    faultOf: faultOfWorker,
    receive: ({ number, blocks, cursor }) => {
      const place: JudgingPlace = { kinds: target.kinds, until: target.until, cursor };
      judging.judge(blocks.map(blockOf), JSON.stringify(place)).then(
        (seqs) => {
          if (seqs.length > 0) options.onJudged(seqs.at(-1)!);
          worker.post({ type: 'written', number });
        },
        (error: unknown) => worker.post({ type: 'written', number, error: String(error) }),
      );
    },
    lost: options.onError,
    failed: options.onError,
  });
  const close = (): Promise<void> => (closed ??= worker.close({ type: 'close' }));
  await worker.start();
  worker
    .waitFor(target.until)
    .then(() => judging.settle(now))
    .then(() => (isDone = true))
    .then(close)
    .catch((error: unknown) => {
      if (closed === undefined) options.onError(error);
    });
  return {
    name: worker.name,
    answers: true,
    // Behind it there is nothing that it would have to judge.
    position: () =>
      worker.position().seq >= target.until ? { epoch: head.epoch, seq: Number.MAX_SAFE_INTEGER } : worker.position(),
    waitFor: (seq, signal) => (isDone ? Promise.resolve() : worker.waitFor(Math.min(seq, target.until), signal)),
    stopped: () => worker.stopped(),
    close,
  };
}

function targetOf(
  { judging, stored, head }: JudgingOptions,
  now: Readonly<Record<string, string>>,
): (Target & { readonly cursor?: Cursor }) | undefined {
  const before = judging.kinds();
  const changed = stored.filter((kind) =>
    // A store that never said was judged by its core kinds at least.
    before === undefined ? kind.includes('.') : before[kind] !== now[kind],
  );
  if (changed.length === 0) return undefined;
  const kinds = Object.fromEntries(changed.sort().map((kind) => [kind, now[kind] ?? null]));
  const place = judging.place();
  const saved = place === undefined ? undefined : (JSON.parse(place) as JudgingPlace);
  const goesOn = saved?.cursor.epoch === head.epoch && JSON.stringify(saved.kinds) === JSON.stringify(kinds);
  return goesOn ? { kinds, until: saved.until, cursor: saved.cursor } : { kinds, until: head.seq };
}

/** As the store's writer takes it; what it does not look at is empty. */
function blockOf({ id, digest, entry }: Seen): CheckedBlock {
  const nothing = new Uint8Array(0);
  return {
    status: 'checked',
    id,
    digest,
    format: 'native/2',
    timeMs: entry.timeMs,
    entry,
    envelope: nothing,
    body: null,
    headerOnly: false,
  };
}
