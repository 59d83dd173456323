import {
  codes,
  CosmicError,
  parseCid,
  type Accept,
  type Accepted,
  type BlockStore,
  type Clock,
  type Code,
  type Cursor,
  type DecidedItem,
  type Transport,
} from '@cosmicembeddings/sdk';
import {
  digestKey,
  FEED_FEATURE,
  frameLimits,
  RecentSet,
  Session,
  type Gap,
  type Prover,
  type Wants,
  type Wish,
} from '@cosmicembeddings/sdk/sync';
import type { Log } from '../log.js';
import type { Bodyless } from './bodyless.js';
import type { Bootstrap } from './bootstrap.js';
import { Budget } from './budget.js';
import type { Decided } from './decided.js';
import { Feeding } from './feeding.js';
import type { Later } from './later.js';
import type { SyncLimits } from './limits.js';
import { prefixOf } from './own-address.js';
import type { Deed, Reputation } from './reputation.js';
import { ReconcileSchedule } from './reconcile-schedule.js';
import type { Traces } from './traces.js';
import { digestOf, headerTimeOf, isHeaderOnly, loadBlocks, givenOf } from './wire.js';

/** What all connections of a node share. */
export interface Shared {
  readonly store: BlockStore;
  readonly accept: Accept;
  readonly clock: Clock;
  readonly decided: Decided;
  readonly wants: Wants;
  readonly later: Later;
  readonly bodyless: Bodyless;
  readonly bootstrap: Bootstrap;
  readonly traces: Traces;
  /** Addresses that may be told to others; undefined where none are. */
  readonly tellable: (() => readonly string[]) | undefined;
  /** Where others may be, as this peer says. */
  heardOf(peer: Peer, addresses: readonly string[]): void;
  /** Digests that a peer brought: passed on by announcement, not pushed. */
  readonly relayed: RecentSet;
  readonly limits: SyncLimits;
  readonly log: Log;
  readonly networkId: string;
  readonly did: string;
  readonly random: () => number;
  readonly reputation: Reputation;
  /** What all unknown peers together may make this node do. */
  readonly unknownWork: Budget;
  /** Why a peer that has said who it is may not stay. */
  refusalOf(peer: Peer): string | undefined;
  /** A node that holds this node's own key has proven it. */
  twin(peer: Peer): void;
  /** Resolves when what the store has now is decided here, too. */
  caughtUp(): Promise<void>;
  /** Ids moved to other holders, or a peer got ready: everybody may have something to ask. */
  stir(): void;
}

interface Announcement extends DecidedItem {
  /** Send the block itself, without being asked. */
  readonly push: boolean;
}

/** From this score on an identity is known: it has brought some blocks, lately and without harm. */
const KNOWN_SCORE = 5;
/** What a block that was needed pays for, of the work that its bearer causes. */
const CREDIT = 1024;
/** A debt is looked at again after this long: others may have left. */
const REST_MAX_MS = 5_000;
/** Blocks given before answers of another sort get their turn. */
const SERVED_AT_ONCE = 64;

/** One connection: moves frames between a transport and its session, and the session's wishes to store and door. */
export class Peer {
  readonly session: Session;
  received = 0;
  sent = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** When it last brought or took a block; when it came, before that. */
  usefulMs: number;
  /** Its clock minus ours, as its hello came. */
  clockOffsetMs: number | undefined;
  /** When both sets were last compared. */
  reconciledMs: number | undefined;
  /** Why it ended, for the operator. */
  ending: { code: Code; detail: string } | undefined;
  /** Ready since; undefined before. */
  readySinceMs: number | undefined;

  private readonly outbox: Uint8Array[] = [];
  private outboxBytes = 0;
  private readonly serving: Uint8Array[] = [];
  private readonly announcing = new Map<string, Announcement>();
  private readonly known: RecentSet;
  private readonly withheld: RecentSet;
  private readonly work: Budget;
  private resting = false;
  /** Ids asked for at a time: who has not given anything yet holds up few. */
  private window: number;
  private judging = 0;
  private judgingBytes = 0;
  private faults = 0;
  private strikes = 0;
  private progressMs = 0;
  private pausedUntilMs = 0;
  /** Blocks that are being judged. */
  private readonly judgements = new Set<Promise<void>>();
  /** Marks of a feed that wait for them, one behind the other. */
  private marking: Promise<void> = Promise.resolve();
  /** All that is kept, on its way to the other side; `news` came meanwhile and will be found on the way. */
  private feeding: Feeding | undefined;
  private feedNews = false;
  private readonly schedule: ReconcileSchedule;
  private mayProceed = false;
  private ended = false;
  private markEnded!: () => void;
  private readonly whenEnded = new Promise<void>((resolve) => (this.markEnded = resolve));
  /** A second connection to the same node: it answers, but asks and announces nothing. */
  private standby = false;
  private wakeWriter: (() => void) | undefined;
  /** Sends what waits in the outbox, each frame once the one before was taken. */
  private flush: () => Promise<void> = () => Promise.resolve();
  private sendingSinceMs: number | undefined;
  private wakeReader: (() => void) | undefined;

  constructor(
    readonly id: string,
    private readonly transport: Transport,
    private readonly shared: Shared,
    prover?: Prover,
  ) {
    const { limits } = shared;
    this.session = new Session({
      network: shared.networkId,
      node: shared.did,
      ...(prover === undefined ? {} : { prover }),
      sketches: true,
      feeds: { blocks: shared.decided.size },
      exchanges: shared.tellable !== undefined,
      ...(limits.timing === undefined ? {} : { timing: limits.timing }),
    });
    this.known = new RecentSet(limits.knownMax);
    this.withheld = new RecentSet(limits.knownMax);
    this.schedule = new ReconcileSchedule(limits, shared.random);
    this.usefulMs = this.now();
    this.work = new Budget(limits.workPerSecond, limits.workBurst, this.now());
    this.window = this.isDialled ? limits.wants : limits.wantsFirst;
    shared.wants.setShare(id, this.isDialled ? limits.shares.known : limits.shares.claimed);
  }

  get isDialled(): boolean {
    return this.remote.direction === 'out';
  }

  /** Blocks that the other side has offered and that are not here yet. */
  get behind(): number {
    return this.shared.wants.held(this.id);
  }

  get prefix(): string {
    return prefixOf(this.remote.address);
  }

  /** Under which name its deeds are remembered: a proven identity, else where it came from. */
  get name(): string {
    if (this.session.proven) return this.session.hello!.node;
    return this.isDialled ? this.remote.address : this.prefix;
  }

  /** A proven identity that has been useful. */
  get isKnown(): boolean {
    return this.session.proven && this.shared.reputation.of(this.name).score >= KNOWN_SCORE;
  }

  get remote(): Transport['remote'] {
    return this.transport.remote;
  }

  get isReady(): boolean {
    return this.session.isReady && !this.ended;
  }

  get isEnded(): boolean {
    return this.ended;
  }

  /** Runs the connection to its end; never rejects. */
  async run(): Promise<void> {
    const writing = this.write();
    this.fulfil(this.session.open(this.now()));
    try {
      for await (const frame of this.transport) {
        this.bytesIn += frame.length;
        this.fulfil(this.session.receive(frame, this.now()));
        if (this.ended) break;
        await this.rest();
        while (this.isFull && !this.ended) await new Promise<void>((resolve) => (this.wakeReader = resolve));
      }
    } catch (error) {
      this.shared.log.warn({ peer: this.remote.address, error: String(error) }, 'peer connection failed');
    }
    this.ending ??= { code: 'node.unreachable', detail: 'connection lost' };
    this.finish();
    this.shared.bootstrap.end(this.id, false);
    this.shared.wants.leave(this.id);
    this.shared.stir();
    await writing;
  }

  /** Charges the work that was caused, and reads nothing more until it is paid for. */
  private async rest(): Promise<void> {
    const work = this.session.takeWork();
    const nowMs = this.now();
    if (work !== 0) this.work.spend(work, nowMs);
    const isUnknown = !this.isDialled && work !== 0 && !this.isKnown;
    if (isUnknown) this.shared.unknownWork.spend(work, nowMs);
    const debtMs = Math.max(this.work.debtMs(nowMs), isUnknown ? this.shared.unknownWork.debtMs(nowMs) : 0);
    if (debtMs === 0) return;
    this.resting = true;
    const ended = new AbortController();
    void this.whenEnded.then(() => ended.abort(new Error('ended')));
    await this.shared.clock.sleep(Math.min(debtMs, REST_MAX_MS), ended.signal).catch(() => undefined);
    this.resting = false;
  }

  /** Remembers what this peer did; a ban ends the connection. */
  private charge(deed: Deed, why?: string): void {
    if (this.shared.reputation.note(this.name, deed, why)) this.refuse();
  }

  private refuse(): void {
    const reason = this.shared.refusalOf(this);
    if (reason !== undefined) this.close('peer.refused', reason);
  }

  close(code: Code, detail: string): void {
    this.fulfil(this.session.close(code, detail));
  }

  /** Compares both sets as soon as may be. */
  reconcileNow(): void {
    this.schedule.by(this.now());
    this.pump();
  }

  /** Asks for addresses of other nodes. */
  askForPeers(): void {
    this.fulfil(this.session.askForPeers());
  }

  setStandby(standby: boolean): void {
    if (standby === this.standby) return;
    this.standby = standby;
    if (standby) this.shared.wants.leave(this.id);
    else this.schedule.by(this.now());
  }

  /** A block arrived in the store: tell the other side, unless it brought or has it. False when there is nothing to tell. */
  announce(item: DecidedItem, push: boolean): boolean {
    const key = digestKey(item.digest);
    if (!this.isReady || this.standby || this.known.has(key)) return false;
    if (this.feeding !== undefined) {
      this.feedNews = true;
      return false;
    }
    if (this.announcing.size >= this.shared.limits.announceMax) {
      this.reconcileSoon();
      return false;
    }
    this.announcing.set(key, { ...item, push });
    this.wakeWriter?.();
    return true;
  }

  /** Asks this peer too for bodies that others could not give. */
  seekBodies(digests: readonly Uint8Array[]): void {
    if (!this.isReady || this.standby) return;
    this.shared.wants.offered(
      this.id,
      digests.filter((digest) => !this.withheld.has(digestKey(digest))).map((digest) => ({ digest })),
    );
    this.pump();
  }

  /** Deadlines and whatever can go on; called now and then, and whenever something changed. */
  tick(): void {
    if (this.ended) return;
    const nowMs = this.now();
    if (this.sendingSinceMs !== undefined && nowMs - this.sendingSinceMs > this.shared.limits.takeMs) {
      this.ending ??= { code: 'peer.protocol', detail: 'asks, but does not read' };
      return this.finish();
    }
    this.fulfil(this.session.tick(nowMs, !this.isFull && !this.resting));
    if (!this.isReady || this.standby) return;
    const { wants, limits } = this.shared;
    // Who has given nothing yet gets less patience: others may hold what it only promises.
    const patienceMs = this.isDialled || this.received > 0 ? limits.wantMs : limits.wantMs / 3;
    const stalls = wants.inFlight(this.id) > 0 && this.judging === 0 && !this.resting;
    if (stalls && nowMs - this.progressMs > patienceMs) this.stall(nowMs);
    if (this.session.isFed && this.judging === 0 && !this.resting && nowMs - this.progressMs > limits.wantMs)
      return this.close('peer.protocol', 'a feed that stands still');
    this.pump();
  }

  /** Asks for what is queued, as far as both sides allow. */
  pump(): void {
    if (!this.isReady || this.standby) return;
    const nowMs = this.now();
    const { wants, limits } = this.shared;
    if (nowMs >= this.pausedUntilMs) {
      const before = wants.inFlight(this.id);
      const ids = wants.next(this.id, Math.min(limits.wants, this.window, this.session.hello!.limits.wants));
      if (ids.length > 0) {
        if (before === 0) this.progressMs = nowMs;
        this.fulfil(this.session.want(ids));
      }
    }
    const isFed = this.session.isFed || this.shared.bootstrap.isFeeding(this.id);
    const waits = isFed || this.shared.bootstrap.holdsBack(this.id, nowMs);
    if (this.schedule.isDue(nowMs) && !waits && !this.session.isReconciling && wants.queued(this.id) === 0) {
      this.schedule.begun(this.received);
      this.fulfil(this.session.reconcile());
    }
    if (this.mayProceed && wants.queued(this.id) < limits.wants) {
      this.mayProceed = false;
      this.fulfil(this.session.proceed(nowMs));
    }
  }

  private fulfil(wishes: readonly Wish[]): void {
    for (const wish of wishes) this.fulfilOne(wish);
  }

  private fulfilOne(wish: Wish): void {
    switch (wish.type) {
      case 'send':
        return this.post(wish.frame);
      case 'ready':
        this.greet(wish.hello.time);
        if (this.ended) return;
        this.readySinceMs = this.now();
        // Whoever dialled begins; the other side checks later that nothing was missed.
        if (this.remote.direction === 'out') {
          this.schedule.by(this.now());
          this.askForAll();
        } else this.schedule.finished(this.now(), this.received);
        this.seekBodies(this.shared.bodyless.digests());
        return this.shared.stir();
      case 'items':
        return this.fulfil(this.session.items(this.shared.decided.snapshot(), this.now(), this.shared.decided.sketch));
      case 'offered':
        for (const item of wish.items) this.known.add(digestKey(item.digest));
        return this.wantAll(wish.items);
      case 'needed':
        this.mayProceed ||= wish.more;
        for (const digest of wish.ids) this.known.add(digestKey(digest));
        return this.wantAll(wish.ids.map((digest) => ({ digest })));
      case 'reconciled':
        this.schedule.finished(this.now(), this.received);
        this.reconciledMs = this.now();
        return this.pump();
      case 'peers':
        return this.fulfil(this.session.addresses(this.shared.tellable?.() ?? []));
      case 'addresses':
        return this.shared.heardOf(this, wish.peers);
      case 'feed':
        return void this.beginFeed(wish.after);
      case 'fed':
        return this.mark(wish.upTo, wish.over);
      case 'gap':
        return this.leap(wish.gap);
      case 'wanted':
        return this.serve(wish.ids);
      case 'given':
        for (const block of wish.blocks) {
          const judgement: Promise<void> = this.judge(block).finally(() => this.judgements.delete(judgement));
          this.judgements.add(judgement);
        }
        return;
      case 'gone':
        return this.refused(wish.ids, wish.code);
      case 'close':
        this.ending = { code: wish.code, detail: wish.remote ? `said by the peer: ${wish.detail}` : wish.detail };
        if (!wish.remote && wish.code === 'peer.same_identity') this.shared.twin(this);
        if (!wish.remote && wish.code === 'peer.protocol' && this.readySinceMs !== undefined)
          this.shared.reputation.note(this.name, 'protocol', wish.detail);
        return this.finish();
    }
  }

  /** The other side has said who it is. */
  private greet(time: number | undefined): void {
    if (time !== undefined) this.clockOffsetMs = time - this.now();
    const { limits, wants } = this.shared;
    if (!this.isDialled) {
      const { known, proven, claimed } = limits.shares;
      wants.setShare(this.id, this.isKnown ? known : this.session.proven ? proven : claimed);
      if (this.isKnown) this.window = limits.wants;
    }
    this.refuse();
  }

  private refused(digests: readonly Uint8Array[], code: Code): void {
    this.progressMs = this.now();
    const passing = codes[code].fault === 'node';
    for (const digest of digests) {
      if (!passing) this.withheld.add(digestKey(digest));
      this.shared.wants.refused(this.id, digest);
    }
    if (passing) this.reconcileSoon();
    this.shared.stir();
  }

  private wantAll(items: readonly { readonly digest: Uint8Array; readonly timeMs?: number }[]): void {
    const { wants, decided, later } = this.shared;
    if (this.standby) return;
    const nowMs = this.now();
    const missing = items.filter(({ digest, timeMs }) => {
      const key = digestKey(digest);
      const retryAtMs = later.retryAt(key);
      if (retryAtMs !== undefined && retryAtMs > nowMs) this.schedule.by(retryAtMs);
      return !decided.has(digest, timeMs) && !this.withheld.has(key) && (retryAtMs === undefined || retryAtMs <= nowMs);
    });
    if (wants.offered(this.id, missing) > 0) this.reconcileSoon();
    this.pump();
  }

  /** Something was dropped: reconciliation will find it again. */
  private reconcileSoon(): void {
    this.schedule.missed(this.now(), this.received);
  }

  private stall(nowMs: number): void {
    const { limits } = this.shared;
    this.strikes += 1;
    this.window = Math.min(this.window, limits.wantsFirst);
    this.charge('broken', 'promised blocks and did not give them');
    if (this.ended) return;
    if (this.strikes >= limits.strikesMax) return this.close('peer.protocol', 'wants stay unanswered');
    this.pausedUntilMs = nowMs + limits.wantMs;
    this.progressMs = nowMs;
    if (this.shared.wants.stalled(this.id) > 0) this.reconcileSoon();
    this.shared.stir();
  }

  // ------------------------------------------------------------------------------------------------ taking blocks

  private get isFull(): boolean {
    return this.judging >= this.shared.limits.judgingMax || this.judgingBytes >= this.shared.limits.judgingBytesMax;
  }

  private async judge(block: Uint8Array): Promise<void> {
    const { accept, relayed, log } = this.shared;
    const digest = digestOf(block);
    if (digest !== undefined) {
      // Before the store knows it: what follows the store must not send it back.
      this.known.add(digestKey(digest));
      relayed.add(digestKey(digest));
    }
    this.judging += 1;
    this.judgingBytes += block.length;
    const wasAsked = digest !== undefined && this.shared.wants.isAsked(this.id, digest);
    try {
      const verdict = await accept(block, {
        type: 'peer',
        peer: this.session.hello?.node ?? this.id,
        from: this.remote.address,
        trusted: this.remote.direction === 'out',
      });
      this.progressMs = this.now();
      this.strikes = 0;
      if (verdict.status === 'known' && !wasAsked && !this.shared.bootstrap.isFeeding(this.id))
        this.charge('duplicate', 'sent what was here');
      this.trace(verdict, digest);
      this.conclude(verdict, digest, block);
    } catch (error) {
      log.error({ peer: this.remote.address, error: String(error) }, 'a block from a peer could not be judged');
      if (digest !== undefined) this.shared.wants.deferred(this.id, digest);
      this.pausedUntilMs = this.now() + this.shared.limits.retryMs;
    }
    this.judging -= 1;
    this.judgingBytes -= block.length;
    this.wakeReader?.();
    this.pump();
  }

  private trace(verdict: Accepted, guess: Uint8Array | undefined): void {
    const digest = verdict.id === undefined ? guess : parseCid(verdict.id).digest;
    if (digest === undefined) return;
    const node = this.session.hello?.node;
    this.shared.traces.note(digestKey(digest), {
      address: this.remote.address,
      ...(node === undefined ? {} : { node }),
      atMs: this.now(),
      outcome: verdict.status === 'rejected' ? verdict.code : verdict.status,
    });
  }

  /** What this peer has said of a block, or been given; undefined where it was no matter between the two lately. */
  saysOf(digest: Uint8Array): 'has' | 'gone' | undefined {
    const key = digestKey(digest);
    return this.withheld.has(key) ? 'gone' : this.known.has(key) ? 'has' : undefined;
  }

  private conclude(verdict: Accepted, guess: Uint8Array | undefined, block: Uint8Array): void {
    const { wants, decided, later, limits } = this.shared;
    const digest = verdict.id === undefined ? guess : parseCid(verdict.id).digest;
    const drop = (): number | undefined => (digest === undefined ? undefined : wants.settle(digest));
    if (verdict.status === 'stored' || verdict.status === 'known') {
      if (verdict.status === 'stored') {
        this.received += 1;
        this.window += 1;
        this.usefulMs = this.now();
        this.work.spend(-CREDIT, this.usefulMs);
        this.charge('useful');
      }
      if (digest === undefined) return;
      this.known.add(digestKey(digest));
      this.keep(digest, verdict.status === 'stored', isHeaderOnly(block));
    } else if (verdict.status === 'later') {
      drop();
      if (digest !== undefined) later.add(digestKey(digest), verdict.retryAtMs);
      this.schedule.by(verdict.retryAtMs);
    } else if (verdict.retryAtMs !== undefined) {
      drop();
      if (digest !== undefined) later.add(digestKey(digest), verdict.retryAtMs);
      this.pausedUntilMs = Math.max(this.pausedUntilMs, this.now() + limits.retryMs);
      this.schedule.by(verdict.retryAtMs);
    } else if (codes[verdict.code].fault === 'operator') {
      const timeMs = drop();
      const item = digest === undefined ? undefined : { digest, timeMs: timeMs ?? headerTimeOf(block) };
      if (item?.timeMs !== undefined) decided.note({ digest: item.digest, timeMs: item.timeMs });
    } else if (codes[verdict.code].fault === 'node') {
      // What a feed brought cannot be asked for again there: it goes on from its last mark, later.
      if (this.shared.bootstrap.isFeeding(this.id)) return this.close(verdict.code, 'cannot take the feed now');
      if (digest !== undefined) wants.deferred(this.id, digest);
      else this.reconcileSoon();
      this.pausedUntilMs = this.now() + limits.retryMs;
    } else {
      // A bad block is charged to who brought it, never to its id: the true one may come from elsewhere.
      if (digest !== undefined && !wants.refused(this.id, digest)) this.withheld.add(digestKey(digest));
      this.shared.stir();
      if (verdict.code === 'block.unknown_version' || verdict.marginal === true) return;
      this.faults += 1;
      if (this.faults < limits.faultsMax) return this.charge('invalid', verdict.code);
      this.shared.reputation.strike(this.name, verdict.code);
      this.close('peer.protocol', `${this.faults} bad blocks, the last one ${verdict.code}`);
    }
  }

  /** A body that this peer no longer has is sought from the others. */
  private keep(digest: Uint8Array, fresh: boolean, headerOnly: boolean): void {
    const { wants, bodyless } = this.shared;
    if (!headerOnly) bodyless.delete(digest);
    if (headerOnly && fresh) {
      wants.settle(digest);
      this.withheld.add(digestKey(digest));
      bodyless.add(digest);
    } else if (headerOnly && bodyless.has(digest)) {
      this.withheld.add(digestKey(digest));
      wants.refused(this.id, digest);
      this.shared.stir();
    } else wants.settle(digest);
  }

  // ------------------------------------------------------------------------------------------------ feeds

  /** A node that has next to nothing takes all in bulk first. */
  private askForAll(): void {
    const { bootstrap, decided } = this.shared;
    const { blocks, features } = this.session.hello!;
    if (blocks === undefined || features?.includes(FEED_FEATURE) !== true) return;
    const begun = bootstrap.begin(this.id, this.name, { theirs: blocks, ours: decided.size }, this.now());
    if (begun === undefined) return;
    this.progressMs = this.now();
    this.fulfil(this.session.feed(begun.after));
  }

  /** What was given so far counts once it is durable; then sets are compared for the rest. */
  private mark(upTo: Cursor, over: boolean): void {
    const { bootstrap } = this.shared;
    this.progressMs = this.now();
    const before = [...this.judgements];
    this.marking = this.marking.then(async () => {
      await Promise.all(before);
      if (this.ended) return;
      bootstrap.reached(this.id, upTo);
      if (!over) return;
      await this.shared.caughtUp();
      this.endFeed();
    });
  }

  /** The place that was kept leads nowhere: nothing is taken from another one instead, the sets are compared. */
  private leap({ why, head }: Gap): void {
    this.shared.log.info({ peer: this.remote.address, why, head }, 'a feed cannot go on; comparing instead');
    this.endFeed();
  }

  private endFeed(): void {
    this.shared.bootstrap.end(this.id, true);
    this.schedule.by(this.now());
    this.shared.stir();
  }

  private async beginFeed(after: Cursor | undefined): Promise<void> {
    try {
      const feeding = await Feeding.open(this.shared.store, after, this.session.hello!.limits.frameBytes);
      if (!(feeding instanceof Feeding)) return this.fulfil(this.session.gap(feeding));
      this.feeding = feeding;
      this.wakeWriter?.();
    } catch (error) {
      this.shared.log.error({ peer: this.remote.address, error: String(error) }, 'a feed could not be read');
      this.close('node.internal', 'the feed could not be read');
    }
  }

  private async feedOn(): Promise<void> {
    this.feedNews = false;
    const { blocks, upTo, head } = await this.feeding!.next();
    for (const { digest } of blocks) this.known.add(digestKey(digest));
    this.fulfil(this.session.give(blocks.map(({ wire }) => wire)));
    this.sent += blocks.length;
    if (blocks.length > 0) this.usefulMs = this.now();
    // What was stored since the head was read is not announced while a feed runs: it belongs to it.
    const isOver = upTo.seq >= head && !this.feedNews;
    if (isOver) this.feeding = undefined;
    if (isOver || upTo.seq < head) this.fulfil(this.session.fed(upTo, isOver ? upTo.seq : head));
    await this.flush();
  }

  // ------------------------------------------------------------------------------------------------ sending

  private serve(ids: readonly Uint8Array[]): void {
    const room = frameLimits.wants - this.serving.length;
    for (const digest of ids.slice(0, Math.max(0, room))) this.serving.push(digest.slice());
    if (ids.length > room) this.fulfil(this.session.gone('node.busy', ids.slice(Math.max(0, room))));
    this.wakeWriter?.();
  }

  private post(frame: Uint8Array): void {
    if (this.ended) return;
    this.outbox.push(frame);
    this.outboxBytes += frame.length;
    // Answers pile up only where the other side asks without reading.
    if (this.outboxBytes > this.shared.limits.outboxBytesMax) {
      this.ending ??= { code: 'peer.protocol', detail: 'asks, but does not read' };
      this.outbox.length = 0;
      this.finish();
    }
    this.wakeWriter?.();
  }

  private finish(): void {
    this.ended = true;
    this.markEnded();
    this.wakeWriter?.();
    this.wakeReader?.();
  }

  private async write(): Promise<void> {
    // What is said last gets a moment, no more: the other side may not be reading.
    const flushed = new AbortController();
    const { clock, limits } = this.shared;
    const overdue = this.whenEnded
      .then(() => clock.sleep(limits.closeMs, flushed.signal))
      .then(
        () => 'overdue' as const,
        () => 'overdue' as const,
      );
    this.flush = async () => {
      for (let frame = this.outbox.shift(); frame !== undefined; frame = this.outbox.shift()) {
        this.outboxBytes -= frame.length;
        this.sendingSinceMs = this.now();
        this.bytesOut += frame.length;
        if ((await Promise.race([this.transport.send(frame), overdue])) === 'overdue') this.outbox.length = 0;
        this.sendingSinceMs = undefined;
      }
    };
    try {
      while (!this.ended || this.outbox.length > 0) {
        if (this.outbox.length > 0) await this.flush();
        else if (this.serving.length > 0) await this.giveWanted();
        else if (this.feeding !== undefined) await this.feedOn();
        else if (this.announcing.size > 0) await this.sendNews();
        else await new Promise<void>((resolve) => (this.wakeWriter = resolve));
      }
    } catch (error) {
      this.ending ??= { code: 'node.unreachable', detail: error instanceof CosmicError ? error.detail : String(error) };
    }
    this.finish();
    flushed.abort(new Error('flushed'));
    await this.transport.close(1000, this.ending?.code).catch(() => undefined);
  }

  private async giveWanted(): Promise<void> {
    const missing = await this.give(this.serving.splice(0, SERVED_AT_ONCE));
    for (const [code, ids] of missing) this.fulfil(this.session.gone(code, ids));
  }

  private async sendNews(): Promise<void> {
    const batch = [...this.announcing.values()].slice(0, 256);
    const pushed = batch.filter(({ push }) => push).slice(0, SERVED_AT_ONCE);
    const told = batch.filter(({ push }) => !push);
    for (const { digest } of [...pushed, ...told]) this.announcing.delete(digestKey(digest));
    const unknown = (item: DecidedItem): boolean => !this.known.has(digestKey(item.digest));
    this.fulfil(this.session.have(told.filter(unknown).map(({ timeMs, digest }) => ({ timeMs, digest }))));
    for (const { digest } of told) this.known.add(digestKey(digest));
    await this.give(pushed.filter(unknown).map(({ digest }) => digest));
  }

  /**
   * Sends blocks as fast as they are taken: several small ones in a frame, a large one alone, and never more than one
   * frame in memory. Answers those that cannot be given, by the reason.
   */
  private async give(digests: readonly Uint8Array[]): Promise<Map<Code, Uint8Array[]>> {
    const missing = new Map<Code, Uint8Array[]>();
    let batch: Uint8Array[] = [];
    let bytes = 0;
    const send = async (): Promise<void> => {
      // An empty outbox first: what waits there counts against its bound.
      await this.flush();
      this.fulfil(this.session.give(batch));
      batch = [];
      bytes = 0;
      await this.flush();
    };
    for (const digest of digests) {
      if (this.ended) break;
      const [found] = await loadBlocks(this.shared.store, [digest]);
      const wire = givenOf(found);
      const code = this.reasonAgainst(found !== undefined, wire);
      if (code !== undefined) missing.set(code, [...(missing.get(code) ?? []), digest]);
      if (code !== undefined || wire === undefined) continue;
      if (batch.length > 0 && bytes + wire.length > frameLimits.giveBytes - 1024) await send();
      batch.push(wire);
      bytes += wire.length + 8;
      this.sent += 1;
      this.usefulMs = this.now();
      this.known.add(digestKey(digest));
      if (bytes > frameLimits.giveBytes - 1024) await send();
    }
    await send();
    return missing;
  }

  private reasonAgainst(isHere: boolean, wire: Uint8Array | undefined): Code | undefined {
    if (wire === undefined) return isHere ? 'policy.erased' : 'block.not_found';
    return wire.length + 64 <= this.session.hello!.limits.frameBytes ? undefined : 'block.too_large';
  }

  private now(): number {
    return this.shared.clock.now();
  }
}
