import {
  CosmicError,
  type BlockId,
  type Clock,
  type Head,
  type Hit,
  type Verdict,
  type WatchEvent,
  type WatchRequest,
} from '@cosmicembeddings/sdk';
import { readWhere, textsAsked } from '@cosmicembeddings/sdk/metadata';
import { joinSignals } from '../../signals.js';
import { fairFrom, strengthOf } from '../strength.js';
import type { OwnBackground } from '../parts.js';
import { isBefore, readPlace, writePlace, type Place } from './cursor.js';
import type { Wanted } from './match.js';
import type { Matcher } from './matcher.js';
import type { Said, Taken } from './matcher-worker.js';

/** What is near in which spaces, and how near rows of those are to each other. */
export interface NearIn {
  readonly queries: ReadonlyMap<string, Float32Array>;
  readonly own: ReadonlyMap<string, OwnBackground>;
}

export interface WatchesParts {
  readonly matcher: Matcher;
  readonly clock: Clock;
  head(): Head;
  /** Makes `head` say what is stored by now. */
  tell(): Promise<void>;
  /** Resolves when all up to `seq` is found, and what hides is known. */
  visible(seq: number, signal: AbortSignal): Promise<void>;
  /** @throws as a search does */
  near(request: NonNullable<WatchRequest['near']>, filter: WatchRequest['filter']): Promise<NearIn>;
  isHidden(id: BlockId): boolean;
  verdicts(id: BlockId): Promise<readonly Verdict[]>;
}

export interface Watches {
  /** `who`: whose share of watches it takes. @throws CosmicError node.busy, watch.no_threshold, request.malformed, as a search does */
  watch(request: WatchRequest, signal: AbortSignal, who?: string): AsyncGenerator<WatchEvent>;
  /** A hint that the store has moved. */
  notify(): void;
  readonly size: number;
  close(): Promise<void>;
}

export const watchLimits = {
  node: 1000,
  /** Of one address or key. */
  each: 64,
  /** Conditions on `#text` of all watches together: each looks through every text that comes. */
  texts: 128,
  /** Blocks and milliseconds of the matcher that a replay may take; beyond, there is a gap. */
  replayBlocks: 100_000,
  replayMs: 2_000,
  /** Things that wait for a slow reader; beyond, they are read from the ledger again. */
  queued: 256,
  /** Hits of one author, by the minute in which they came here, where no authors were asked for. */
  perAuthorMinute: 16,
  /** An idle watch says where it is. */
  beatMs: 15_000,
} as const;

/** Blocks that a connection was told of, to say when one is erased. */
const TOLD_MAX = 4096;
/** Blocks that come in a burst are compared together. */
const GATHER_MS = 20;
const AFTER_FAULT_MS = 1000;
const MINUTE_MS = 60_000;
const ADVICE = 'What came in between is not told. Search once for what you watch, then go on from this cursor.';

interface Batch {
  readonly said: readonly Said[];
  readonly hits: Taken['hits'];
  readonly upTo: Place;
}

interface Open {
  readonly who: string;
  /** Conditions on `#text`. */
  readonly texts: number;
  /** It is told of blocks as they come; else it reads the ledger. */
  live: boolean;
  queue: Batch[];
  queued: number;
  /** While it is live: all up to here said nothing to it, or stands in the queue. */
  reached: number;
  wake?: (() => void) | undefined;
}

/** Questions that stand: whoever asks one is told of blocks as they come to be found. */
export function createWatches(parts: WatchesParts): Watches {
  const { matcher, clock } = parts;
  const open = new Map<number, Open>();
  const closing = new AbortController();
  const { epoch } = parts.head();
  let ids = 0;
  /** What live watches were told of, and up to where that is under way. */
  let done = parts.head().seq;
  let claimed = done;
  let isMoved = false;
  let wakeLoop: (() => void) | undefined;
  const running = follow();

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      if (!isMoved)
        await new Promise<void>((resolve) => {
          wakeLoop = resolve;
        });
      isMoved = false;
      try {
        const { seq } = parts.head();
        await parts.visible(seq, closing.signal);
        while (done < seq && !closing.signal.aborted) await takeSome(seq);
        await clock.sleep(GATHER_MS, closing.signal);
      } catch {
        // The store cannot be read now, or a block holds up its thread: the watches read from the ledger, and what they meet they say.
        if (closing.signal.aborted) return;
        for (const one of open.values()) leave(one);
        done = claimed;
        await clock.sleep(AFTER_FAULT_MS, closing.signal).catch(() => undefined);
      }
    }
  }

  async function takeSome(to: number): Promise<void> {
    const live = [...open].filter(([, one]) => one.live);
    claimed = to;
    if (live.length === 0) {
      done = to;
      return;
    }
    const taken = await matcher.take({ after: { seq: done, n: 0 }, to, watches: live.map(([id]) => id) });
    done = taken.upTo.seq;
    const byWatch = new Map<number, Said[]>();
    for (const said of taken.said) {
      const id = 'watch' in said ? said.watch : 0;
      byWatch.set(id, [...(byWatch.get(id) ?? []), said]);
    }
    for (const [id, one] of live) {
      if (!one.live) continue;
      const said = [...(byWatch.get(id) ?? []), ...(byWatch.get(0) ?? [])];
      if (one.queued + said.length > watchLimits.queued) leave(one);
      else {
        if (said.length > 0) one.queue.push({ said, hits: taken.hits, upTo: taken.upTo });
        one.queued += said.length;
        one.reached = taken.upTo.seq;
      }
      one.wake?.();
    }
  }

  /** What waits for it stays, and from there it reads the ledger. */
  function leave(one: Open): void {
    one.live = false;
    one.wake?.();
  }

  async function* watch(request: WatchRequest, signal: AbortSignal, who = ''): AsyncGenerator<WatchEvent> {
    const ending = joinSignals(signal, closing.signal);
    try {
      yield* watchUntil(request, ending.signal, who);
    } finally {
      ending.end();
    }
  }

  async function* watchUntil(request: WatchRequest, ending: AbortSignal, who: string): AsyncGenerator<WatchEvent> {
    const near = request.near === undefined ? undefined : await parts.near(request.near, request.filter);
    const wanted = wantedOf(request, near);
    const from = startOf(request.after);
    const mine = [...open.values()].filter((one) => one.who === who).length;
    if (open.size >= watchLimits.node || (who !== '' && mine >= watchLimits.each))
      throw new CosmicError('node.busy', `${open.size} watches are open, ${mine} of them yours`);
    const texts = textsOf(wanted.filter);
    const others = [...open.values()].reduce((sum, one) => sum + one.texts, 0);
    if (texts > 0 && others + texts > watchLimits.texts)
      throw new CosmicError('node.busy', `${others} conditions on #text are watched for, at most ${watchLimits.texts}`);
    const id = ++ids;
    const one: Open = { who, texts, live: false, queue: [], queued: 0, reached: 0 };
    open.set(id, one);
    matcher.add(id, wanted);
    const telling = new Telling(parts, wanted, near, epoch);
    let at: Place = from.place;
    /** What was stored when it was asked is told before `live`, whoever is told meanwhile. */
    let least = 0;
    let spentMs = 0;
    let wasLive = false;
    const cursor = (): string => writePlace(epoch, at);
    const skip = (reason: string): WatchEvent => {
      const before = cursor();
      at = { seq: Math.max(claimed, least), n: 0 };
      spentMs = 0;
      return { type: 'gap', cursor: cursor(), from: before, reason, advice: ADVICE };
    };
    const wake = (): void => one.wake?.();
    ending.addEventListener('abort', wake);
    try {
      yield { type: 'opened', cursor: cursor(), spaces: spacesOf(wanted) };
      if (from.gap !== undefined)
        yield { type: 'gap', cursor: cursor(), from: request.after!, reason: from.gap, advice: ADVICE };
      if (request.after !== undefined) {
        await parts.tell();
        least = parts.head().seq;
        await parts.visible(least, ending);
      }
      while (!ending.aborted) {
        const batch = one.queue.shift();
        if (batch !== undefined) {
          one.queued -= batch.said.length;
          for await (const event of telling.tell(batch, at)) {
            yield event;
            if (ending.aborted) return;
          }
          if (isBefore(at, batch.upTo)) at = batch.upTo;
        } else if (one.live) {
          if (isBefore(at, { seq: one.reached, n: 0 })) at = { seq: one.reached, n: 0 };
          if (await woken(one, ending)) continue;
          if (ending.aborted) return;
          yield* telling.flush(cursor());
          yield { type: 'at', cursor: cursor() };
        } else if (at.seq >= Math.max(claimed, least)) {
          one.live = true;
          one.reached = at.seq;
          spentMs = 0;
          yield* telling.flush(cursor());
          if (!wasLive) yield { type: 'live', cursor: cursor() };
          wasLive = true;
        } else if (Math.max(claimed, least) - at.seq > watchLimits.replayBlocks || spentMs > watchLimits.replayMs)
          yield skip('too_old');
        else {
          const taken = await matcher
            .take({ after: at, to: Math.max(claimed, least), watches: [id] })
            .catch(() => undefined);
          if (ending.aborted) return;
          if (taken === undefined) {
            yield skip('failed');
            continue;
          }
          spentMs += taken.spentMs;
          for await (const event of telling.tell(taken, at)) {
            yield event;
            if (ending.aborted) return;
          }
          at = taken.upTo;
        }
      }
    } finally {
      ending.removeEventListener('abort', wake);
      open.delete(id);
      matcher.drop(id);
    }
  }

  /** Is there something for it, before it is time to say where it is? */
  async function woken(one: Open, ending: AbortSignal): Promise<boolean> {
    const idle = new AbortController();
    try {
      return await new Promise<boolean>((resolve) => {
        one.wake = () => resolve(true);
        if (ending.aborted) resolve(false);
        clock.sleep(watchLimits.beatMs, idle.signal).then(
          () => resolve(false),
          () => resolve(false),
        );
      });
    } finally {
      one.wake = undefined;
      idle.abort(new Error('woken'));
    }
  }

  function startOf(after: string | undefined): { readonly place: Place; readonly gap?: string } {
    const here = { seq: claimed, n: 0 };
    if (after === undefined) return { place: here };
    const place = readPlace(after);
    if (place.epoch !== epoch) return { place: here, gap: 'epoch' };
    if (place.seq > parts.head().seq) return { place: here, gap: 'future' };
    if (claimed - place.seq > watchLimits.replayBlocks) return { place: here, gap: 'too_old' };
    return { place };
  }

  return {
    watch,
    notify: () => {
      isMoved = true;
      wakeLoop?.();
    },
    get size() {
      return open.size;
    },
    close: async () => {
      closing.abort(new CosmicError('node.stopping', 'watches'));
      isMoved = true;
      wakeLoop?.();
      await matcher.close();
      await running;
    },
  };
}

/** @throws CosmicError watch.no_threshold, search.no_embedder */
function wantedOf({ filter = {}, minScore }: WatchRequest, near: NearIn | undefined): Wanted {
  if (near === undefined) return { filter };
  const spaces = [...near.queries].flatMap(([space, vector]) => {
    const own = near.own.get(space);
    const least = minScore ?? (own === undefined ? undefined : fairFrom(own));
    return least === undefined ? [] : [{ space, vector, least }];
  });
  if (spaces.length === 0)
    throw new CosmicError(
      'watch.no_threshold',
      `of ${near.queries.size} spaces that the question is in none has a background`,
    );
  return { filter, near: spaces };
}

function textsOf({ where }: Wanted['filter']): number {
  return where === undefined ? 0 : textsAsked(readWhere(where)).length;
}

function spacesOf({ near = [] }: Wanted): Extract<WatchEvent, { type: 'opened' }>['spaces'] {
  return near.map(({ space, vector, least }) => ({ space, minScore: least, vector: Array.from(vector) }));
}

/** What of all that blocks say a reader is told: not what is hidden, and of strangers only so much. */
class Telling {
  private readonly told = new Set<BlockId>();
  private readonly held = new Map<string, number>();
  private readonly minutes = new Map<string, { readonly minute: number; n: number }>();
  private readonly isOpen: boolean;

  constructor(
    private readonly parts: Pick<WatchesParts, 'isHidden' | 'verdicts'>,
    wanted: Wanted,
    private readonly near: NearIn | undefined,
    private readonly epoch: string,
  ) {
    this.isOpen = wanted.filter.authors !== undefined;
  }

  async *tell({ said, hits }: Pick<Batch, 'said' | 'hits'>, after: Place): AsyncGenerator<WatchEvent> {
    for (const one of said) {
      if (!isBefore(after, one.at)) continue;
      const cursor = writePlace(this.epoch, one.at);
      if (one.type === 'hit') {
        const row = hits[one.hit]!;
        if (this.parts.isHidden(row.id) || this.isOver(row)) continue;
        this.note(row.id);
        yield { type: 'hit', cursor, hit: this.hitOf(row, one.cosine) };
      } else if (one.type === 'erased') {
        if (this.told.delete(one.id)) yield { type: 'gone', cursor, id: one.id, why: 'erased here' };
      } else if (this.parts.isHidden(one.id)) {
        this.told.delete(one.id);
        yield { type: 'gone', cursor, id: one.id, why: await this.whyGone(one.id) };
      }
    }
  }

  /** How many hits of whom were not told. */
  *flush(cursor: string): Generator<WatchEvent> {
    for (const [author, n] of this.held) yield { type: 'held', cursor, author, n };
    this.held.clear();
  }

  private hitOf(row: Taken['hits'][number], cosine: number | undefined): Hit {
    if (cosine === undefined) return { ...row, score: 1 };
    const own = row.space === undefined ? undefined : this.near?.own.get(row.space);
    return { ...row, cosine, score: cosine, strength: strengthOf({ cosine, ...(own === undefined ? {} : { own }) }) };
  }

  private async whyGone(id: BlockId): Promise<string> {
    const [verdict] = await this.parts.verdicts(id).catch(() => []);
    return verdict?.says ?? 'hidden';
  }

  /** By when it came here, so that a reader who resumes is told the same. */
  private isOver({ author, firstSeenMs }: Taken['hits'][number]): boolean {
    if (this.isOpen) return false;
    const minute = Math.floor(firstSeenMs / MINUTE_MS);
    const before = this.minutes.get(author);
    if (before?.minute !== minute) {
      this.minutes.set(author, { minute, n: 1 });
      // The authors of one minute are not many; those of a day can be.
      if (this.minutes.size > TOLD_MAX) this.minutes.delete(this.minutes.keys().next().value!);
      return false;
    }
    before.n += 1;
    if (before.n <= watchLimits.perAuthorMinute) return false;
    if (this.held.has(author) || this.held.size < TOLD_MAX) this.held.set(author, (this.held.get(author) ?? 0) + 1);
    return true;
  }

  private note(id: BlockId): void {
    if (this.told.size >= TOLD_MAX) this.told.delete(this.told.values().next().value!);
    this.told.add(id);
  }
}
