import { codes, parseCid, type Accepted, type Code, type Cursor } from '@cosmicembeddings/sdk';
import { digestKey, FEED_FEATURE, RecentSet, type Gap } from '@cosmicembeddings/sdk/sync';
import { mayCompare, overdueOf, wantedOf, type Offer } from './asking.js';
import { consequenceOf } from './consequence.js';
import { ReconcileSchedule } from './reconcile-schedule.js';
import type { Connection, Shared } from './shared.js';
import { digestOf, headerTimeOf, isHeaderOnly } from './wire.js';

/** What a block that was needed pays for, of the work that its bearer causes. */
const CREDIT = 1024;

/** A block that came, and how it stood when it came. */
interface Given {
  readonly block: Uint8Array;
  readonly guess: Uint8Array | undefined;
  readonly wasAsked: boolean;
  /** It had been owed longest. */
  readonly wasOldest: boolean;
}

/** What comes in over one connection: what is asked for, what is brought, and what the door says of it. */
export class Taking {
  /** Blocks that were stored thanks to this peer. */
  received = 0;
  /** When both sets were last compared. */
  reconciledMs: number | undefined;
  private readonly shared: Shared;
  private readonly schedule: ReconcileSchedule;
  /** What it will not give. */
  private readonly gone: RecentSet;
  /** Ids asked for at a time: who has not given anything yet holds up few. */
  private window: number;
  /** Blocks that wait for their judgement, and those that are at the door. */
  private readonly waiting: (Given & { readonly done: () => void })[] = [];
  private judging = 0;
  /** Of both. */
  private judgingBytes = 0;
  /** Blocks of it that were found bad, and sound. */
  private faults = 0;
  private sound = 0;
  private strikes = 0;
  /** When the block came that it had owed longest: who answers everything else holds nothing up. */
  private paidMs = 0;
  /** When a feed went on. */
  private fedMs = 0;
  private pausedUntilMs = 0;
  /** Blocks that are being judged. */
  private readonly judgements = new Set<Promise<void>>();
  /** Marks of a feed that wait for them, one behind the other. */
  private marking: Promise<void> = Promise.resolve();
  private mayProceed = false;
  /** A second connection to the same node: it answers, but asks nothing. */
  private standby = false;

  constructor(
    private readonly connection: Connection,
    /** There is room again for what was read. */
    private readonly onRoom: () => void,
  ) {
    this.shared = connection.shared;
    const { limits, random, wants } = this.shared;
    this.schedule = new ReconcileSchedule(limits, random);
    this.gone = new RecentSet(limits.knownMax);
    this.window = connection.isDialled ? limits.wants : limits.wantsFirst;
    wants.setShare(connection.id, connection.isDialled ? limits.shares.known : limits.shares.claimed);
  }

  /** Nothing more is read until what was read is judged. */
  get isFull(): boolean {
    const { judgingMax, judgingBytesMax } = this.shared.limits;
    return this.unjudged >= judgingMax || this.judgingBytes >= judgingBytesMax;
  }

  private get unjudged(): number {
    return this.waiting.length + this.judging;
  }

  /** Another block may be judged: were all of them bad, none would be judged beyond the one that bans. */
  private get mayJudge(): boolean {
    const { limits, reputation, atTheDoor } = this.shared;
    const { isKnown, name } = this.connection;
    if (isKnown) return this.judging < limits.judgingMax;
    const untilBan = Math.min(limits.faultsMax - this.faults, reputation.untilBan(name));
    return atTheDoor.judged(this.judgedAs) < Math.max(1, untilBan + this.sound);
  }

  /** Connections of one proven identity are judged as one; claims of an address do not hold each other up. */
  private get judgedAs(): string {
    const { session, name, id } = this.connection;
    return session.proven ? name : id;
  }

  get isStandby(): boolean {
    return this.standby;
  }

  isGone(key: string): boolean {
    return this.gone.has(key);
  }

  /** The other side has said who it is, and may stay. */
  ready(): void {
    const { isDialled, isKnown, session, id } = this.connection;
    const { shares, wants } = this.shared.limits;
    if (!isDialled) {
      this.shared.wants.setShare(id, isKnown ? shares.known : session.proven ? shares.proven : shares.claimed);
      if (isKnown) this.window = wants;
    }
  }

  /** Whoever dialled begins; the other side checks later that nothing was missed. */
  begin(): void {
    if (this.connection.isDialled) {
      this.schedule.by(this.now());
      this.askForAll();
    } else this.schedule.finished(this.now(), this.received);
    this.seek(this.shared.bodyless.digests());
  }

  setStandby(standby: boolean): void {
    if (standby === this.standby) return;
    this.standby = standby;
    if (standby) this.shared.wants.leave(this.connection.id);
    else this.schedule.by(this.now());
  }

  /** Compares both sets as soon as may be. */
  compareNow(): void {
    this.schedule.by(this.now());
    this.pump();
  }

  /** Something was dropped: reconciliation will find it again. */
  missed(): void {
    this.schedule.missed(this.now(), this.received);
  }

  compared(): void {
    this.schedule.finished(this.now(), this.received);
    this.reconciledMs = this.now();
    this.pump();
  }

  /** Asks for bodies that others could not give. */
  seek(digests: readonly Uint8Array[]): void {
    if (!this.asks) return;
    const { wants } = this.shared;
    const open = digests.filter((digest) => !this.gone.has(digestKey(digest)));
    wants.offered(
      this.connection.id,
      open.map((digest) => ({ digest })),
    );
    this.pump();
  }

  /** The other side has these; with `more` it has others besides, once there is room for them. */
  offered(items: readonly Offer[], more = false, relay = false): void {
    this.mayProceed ||= more;
    for (const { digest } of items) this.connection.known.add(digestKey(digest));
    if (this.standby) return;
    const { wants, decided, later, passing, parts } = this.shared;
    // What is for others alone is left where there is no room for it: comparing finds it where it is kept.
    if (relay && !passing.hasRoom(this.now())) return;
    const { wanted, retryAtMs } = wantedOf(items, this.now(), {
      isDecided: (digest, timeMs) => {
        if (decided.has(digest, timeMs)) return true;
        const key = digestKey(digest);
        return passing.wasSeen(key) || (timeMs === undefined && parts.isUnclear(key));
      },
      isGone: (key) => this.gone.has(key),
      retryAt: (key) => later.retryAt(key),
    });
    this.schedule.by(retryAtMs);
    if (wants.offered(this.connection.id, wanted) > 0) this.missed();
    this.pump();
  }

  /** The other side will not give these. */
  refused(digests: readonly Uint8Array[], code: Code): void {
    const passing = codes[code].fault === 'node';
    for (const digest of digests) {
      if (!passing) this.gone.add(digestKey(digest));
      this.shared.wants.refused(this.connection.id, digest);
    }
    if (passing) this.missed();
    this.shared.stir();
  }

  /** Deadlines; `resting`: it is not read from now. */
  tick(nowMs: number, resting: boolean): void {
    if (!this.asks) return;
    const { connection, shared, received } = this;
    const overdue = (): ReturnType<typeof overdueOf> =>
      overdueOf(
        {
          isDialled: connection.isDialled,
          received,
          inFlight: shared.wants.inFlight(connection.id),
          judging: this.unjudged,
          resting,
          isFed: connection.session.isFed,
          quietMs: nowMs - Math.max(this.paidMs, shared.wants.oldestMs(connection.id) ?? 0),
          feedQuietMs: nowMs - this.fedMs,
        },
        shared.limits,
      );
    if (overdue() === 'wants') this.stall(nowMs);
    if (overdue() === 'feed') return connection.close('peer.protocol', 'a feed that stands still');
    this.pump();
  }

  /** Asks for what is queued, as far as both sides allow. */
  pump(): void {
    if (!this.asks) return;
    const nowMs = this.now();
    const { connection, shared } = this;
    const { id, session } = connection;
    const { wants, limits, bootstrap } = shared;
    if (nowMs >= this.pausedUntilMs) {
      const ids = wants.next(id, Math.min(limits.wants, this.window, session.hello!.limits.wants), nowMs);
      if (ids.length > 0) connection.fulfil(session.want(ids));
    }
    const state = {
      isReconciling: session.isReconciling,
      queued: wants.queued(id),
      isFed: session.isFed || bootstrap.isFeeding(id),
      holdsBack: bootstrap.holdsBack(id, nowMs),
    };
    if (this.schedule.isDue(nowMs) && mayCompare(state)) {
      this.schedule.begun(this.received);
      connection.fulfil(session.reconcile());
    }
    if (this.mayProceed && wants.queued(id) < limits.wants) {
      this.mayProceed = false;
      connection.fulfil(session.proceed(nowMs));
    }
  }

  /** Blocks came. */
  given(blocks: readonly Uint8Array[]): void {
    const { relayed, wants } = this.shared;
    const { id, known } = this.connection;
    for (const block of blocks) {
      const guess = digestOf(block);
      if (guess !== undefined) {
        // Before the store knows it: what follows the store must not send it back.
        known.add(digestKey(guess));
        relayed.add(digestKey(guess));
      }
      const wasAsked = guess !== undefined && wants.isAsked(id, guess);
      const wasOldest = wasAsked && wants.isOldest(id, guess);
      this.judgingBytes += block.length;
      const judgement: Promise<void> = new Promise<void>((done) =>
        this.waiting.push({ block, guess, wasAsked, wasOldest, done }),
      ).finally(() => this.judgements.delete(judgement));
      this.judgements.add(judgement);
    }
    this.judgeNext();
  }

  /** What a feed has given so far counts once it is durable; then sets are compared for the rest. */
  mark(upTo: Cursor, over: boolean): void {
    const { bootstrap } = this.shared;
    this.fedMs = this.now();
    const before = [...this.judgements];
    this.marking = this.marking.then(async () => {
      await Promise.all(before);
      if (this.connection.isEnded) return;
      bootstrap.reached(this.connection.id, upTo);
      if (!over) return;
      await this.shared.caughtUp();
      this.endFeed();
    });
  }

  /** The place of a feed that was kept leads nowhere: nothing is taken from another one instead, the sets are compared. */
  leap({ why, head }: Gap): void {
    const peer = this.connection.remote.address;
    this.shared.log.info({ peer, why, head }, 'a feed cannot go on; comparing instead');
    this.endFeed();
  }

  /** The connection is over. */
  leave(): void {
    this.shared.bootstrap.end(this.connection.id, false);
    this.shared.wants.leave(this.connection.id);
    this.shared.stir();
  }

  private get asks(): boolean {
    return this.connection.session.isReady && !this.connection.isEnded && !this.standby;
  }

  /** A node that has next to nothing takes all in bulk first. */
  private askForAll(): void {
    const { bootstrap, decided } = this.shared;
    const { id, name, session } = this.connection;
    const { blocks, features } = session.hello!;
    // Most of what a feed brings would not be kept.
    if (this.shared.coverage !== undefined) return;
    if (blocks === undefined || features?.includes(FEED_FEATURE) !== true) return;
    const begun = bootstrap.begin(id, name, { theirs: blocks, ours: decided.size }, this.now());
    if (begun === undefined) return;
    this.fedMs = this.now();
    this.connection.fulfil(session.feed(begun.after));
  }

  private endFeed(): void {
    this.shared.bootstrap.end(this.connection.id, true);
    this.schedule.by(this.now());
    this.shared.stir();
  }

  private stall(nowMs: number): void {
    const { connection, shared } = this;
    const { limits, wants } = shared;
    this.strikes += 1;
    this.window = Math.min(this.window, limits.wantsFirst);
    connection.charge('broken', 'promised blocks and did not give them');
    if (connection.isEnded) return;
    if (this.strikes >= limits.strikesMax) return connection.close('peer.protocol', 'wants stay unanswered');
    this.pausedUntilMs = nowMs + limits.wantMs;
    if (wants.stalled(connection.id) > 0) this.missed();
    shared.stir();
  }

  /** Another connection of the same identity had a block judged. */
  private readonly goOn = (): void => {
    this.judgeNext();
    this.onRoom();
  };

  private judgeNext(): void {
    // Who is banned has none of the rest looked at.
    if (this.shared.reputation.isBanned(this.connection.name)) for (const { done } of this.waiting.splice(0)) done();
    while (this.waiting.length > 0 && this.mayJudge) {
      const { done, ...given } = this.waiting.shift()!;
      this.judging += 1;
      const leaveDoor = this.shared.atTheDoor.enter(this.judgedAs);
      void this.judge(given).then(() => {
        this.judging -= 1;
        this.judgingBytes -= given.block.length;
        done();
        leaveDoor();
        this.judgeNext();
        this.onRoom();
        this.pump();
      });
    }
    if (this.waiting.length > 0) this.shared.atTheDoor.wait(this.judgedAs, this.goOn);
  }

  private async judge({ block, guess, wasAsked, wasOldest }: Given): Promise<void> {
    const { accept, log, wants, bootstrap } = this.shared;
    const { id, remote } = this.connection;
    try {
      const peer = this.connection.name;
      const trusted = remote.direction === 'out';
      const verdict = await accept(block, { type: 'peer', peer, from: remote.address, trusted });
      if (bootstrap.isFeeding(id)) this.fedMs = this.now();
      if (wasOldest) {
        this.paidMs = this.now();
        this.strikes = 0;
      }
      if (verdict.status === 'known' && !wasAsked && !bootstrap.isFeeding(id))
        this.connection.charge('duplicate', 'sent what was here');
      const digest = verdict.id === undefined ? guess : parseCid(verdict.id).digest;
      this.trace(verdict, digest);
      this.conclude(verdict, digest, block);
    } catch (error) {
      log.error({ peer: remote.address, error: String(error) }, 'a block from a peer could not be judged');
      if (guess !== undefined) wants.deferred(id, guess);
      this.pause();
    }
  }

  private trace(verdict: Accepted, digest: Uint8Array | undefined): void {
    if (digest === undefined) return;
    const { session, remote } = this.connection;
    const node = session.hello?.node;
    this.shared.traces.note(digestKey(digest), {
      address: remote.address,
      ...(node === undefined ? {} : { node }),
      atMs: this.now(),
      outcome: verdict.status === 'rejected' ? verdict.code : verdict.status,
    });
  }

  private conclude(verdict: Accepted, digest: Uint8Array | undefined, block: Uint8Array): void {
    const { wants, decided, later } = this.shared;
    const consequence = consequenceOf(verdict);
    const settled = (): number | undefined => (digest === undefined ? undefined : wants.settle(digest));
    switch (consequence.type) {
      case 'kept':
        if (consequence.fresh) this.thank();
        if (digest !== undefined) this.keep(digest, consequence.fresh, isHeaderOnly(block));
        return;
      case 'later':
        settled();
        if (digest !== undefined) later.add(digestKey(digest), consequence.atMs);
        if (consequence.pause) this.pause();
        return this.schedule.by(consequence.atMs);
      case 'uncovered':
      case 'declined': {
        this.sound += 1;
        const timeMs = settled() ?? headerTimeOf(block);
        if (digest === undefined || timeMs === undefined) return;
        // Between nodes that heed what either keeps, what this one does not keep is compared by nobody.
        if (consequence.type === 'uncovered' && this.connection.session.heedsCoverage) return;
        this.shared.parts.decline(digest);
        return decided.note({ digest, timeMs });
      }
      case 'again':
        return this.takeAgain(verdict, digest);
      case 'bad':
        return this.blame(digest, consequence.code, consequence.charged);
    }
  }

  private thank(): void {
    this.received += 1;
    this.sound += 1;
    this.window += 1;
    this.connection.useful();
    this.connection.credit(CREDIT);
    this.connection.charge('useful');
  }

  /** A body that this peer no longer has is sought from the others. */
  private keep(digest: Uint8Array, fresh: boolean, headerOnly: boolean): void {
    const { wants, bodyless } = this.shared;
    const key = digestKey(digest);
    this.connection.known.add(key);
    if (!headerOnly) bodyless.delete(digest);
    if (headerOnly && fresh) {
      wants.settle(digest);
      this.gone.add(key);
      bodyless.add(digest);
    } else if (headerOnly && bodyless.has(digest)) {
      this.gone.add(key);
      wants.refused(this.connection.id, digest);
      this.shared.stir();
    } else wants.settle(digest);
  }

  private takeAgain(verdict: Accepted, digest: Uint8Array | undefined): void {
    const { id } = this.connection;
    // What a feed brought cannot be asked for again there: it goes on from its last mark, later.
    if (this.shared.bootstrap.isFeeding(id) && verdict.status === 'rejected')
      return this.connection.close(verdict.code, 'cannot take the feed now');
    if (digest !== undefined) this.shared.wants.deferred(id, digest);
    else this.missed();
    this.pause();
  }

  /** A bad block is charged to who brought it, never to its id: the true one may come from elsewhere. */
  private blame(digest: Uint8Array | undefined, code: Code, charged: boolean): void {
    const { wants, limits, reputation } = this.shared;
    const { id, name } = this.connection;
    if (digest !== undefined && !wants.refused(id, digest)) this.gone.add(digestKey(digest));
    this.shared.stir();
    if (!charged) return;
    this.faults += 1;
    if (this.faults < limits.faultsMax) return this.connection.charge('invalid', code);
    reputation.strike(name, code);
    this.connection.close('peer.protocol', `${this.faults} bad blocks, the last one ${code}`);
  }

  private pause(): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.now() + this.shared.limits.retryMs);
  }

  private now(): number {
    return this.connection.now();
  }
}
