import type { Code, DecidedItem, Transport } from '@cosmicembeddings/sdk';
import type { Covered } from '@cosmicembeddings/sdk/filter';
import { digestKey, RecentSet, Session, type Prover, type Relaying, type Wish } from '@cosmicembeddings/sdk/sync';
import { Budget } from '../budget.js';
import type { Part } from '../coverage/parts.js';
import { Routes } from '../coverage/routes.js';
import { prefixOf } from '../own-address.js';
import type { Deed } from '../reputation.js';
import { Sending } from './sending.js';
import type { Connection, Shared } from './shared.js';
import { Taking } from './taking.js';

/** From this score on an identity is known: it has brought some blocks, lately and without harm. */
const KNOWN_SCORE = 5;
/** Work that reading an entry of the store for a part to be compared causes, and telling an id that is kept beyond it. */
const ENTRY_WORK = 256;
const TOLD_WORK = 64;
/** Ids told at a comparison of what is kept beyond the own coverage, the newest. */
const BEYOND_MAX = 65_536;
/** A debt is looked at again after this long: others may have left. */
const REST_MAX_MS = 5_000;

/** One connection: moves frames between a transport and its session, and the session's wishes to store and door. */
export class Peer implements Connection {
  readonly session: Session;
  readonly known: RecentSet;
  bytesIn = 0;
  /** When it last brought or took a block; when it came, before that. */
  usefulMs: number;
  /** Its clock minus ours, as its hello came. */
  clockOffsetMs: number | undefined;
  /** Why it ended, for the operator. */
  ending: { code: Code; detail: string } | undefined;
  /** Ready since; undefined before. */
  readySinceMs: number | undefined;

  /** Where blocks go over this connection; everything goes until the other side has said what it keeps. */
  private routes = new Routes(undefined);
  private joined: Promise<Part> | undefined;
  private readonly taking: Taking;
  private readonly sending: Sending;
  private readonly work: Budget;
  private resting = false;
  private stopResting: (() => void) | undefined;
  private ended = false;
  private markEnded!: () => void;
  private readonly whenEnded = new Promise<void>((resolve) => (this.markEnded = resolve));
  private wakeReader: (() => void) | undefined;

  constructor(
    readonly id: string,
    private readonly transport: Transport,
    readonly shared: Shared,
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
      covers: { coverage: shared.coverage },
      ...(limits.timing === undefined ? {} : { timing: limits.timing }),
    });
    this.known = new RecentSet(limits.knownMax);
    this.usefulMs = this.now();
    this.work = new Budget(limits.workPerSecond, limits.workBurst, this.now());
    this.taking = new Taking(this, () => this.wakeReader?.());
    this.sending = new Sending(this, transport, this.whenEnded);
  }

  get remote(): Transport['remote'] {
    return this.transport.remote;
  }

  get isDialled(): boolean {
    return this.remote.direction === 'out';
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

  get isReady(): boolean {
    return this.session.isReady && !this.ended;
  }

  get isEnded(): boolean {
    return this.ended;
  }

  /** Blocks that were stored thanks to this peer, and that were given to it. */
  get received(): number {
    return this.taking.received;
  }

  get sent(): number {
    return this.sending.sent;
  }

  get bytesOut(): number {
    return this.sending.bytesOut;
  }

  /** When both sets were last compared. */
  get reconciledMs(): number | undefined {
    return this.taking.reconciledMs;
  }

  /** Blocks that the other side has offered and that are not here yet. */
  get behind(): number {
    return this.shared.wants.held(this.id);
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
        while (this.taking.isFull && !this.ended) await new Promise<void>((resolve) => (this.wakeReader = resolve));
      }
    } catch (error) {
      this.shared.log.warn({ peer: this.remote.address, error: String(error) }, 'peer connection failed');
    }
    this.abandon('node.unreachable', 'connection lost');
    this.taking.leave();
    if (this.joined !== undefined) this.shared.parts.leave(this.routes.coverage);
    await writing;
  }

  close(code: Code, detail: string): void {
    this.fulfil(this.session.close(code, detail));
  }

  abandon(code: Code, detail: string): void {
    this.ending ??= { code, detail };
    this.finish();
  }

  /** Compares both sets as soon as may be. */
  reconcileNow(): void {
    this.taking.compareNow();
  }

  /** Asks for addresses of other nodes. */
  askForPeers(): void {
    this.fulfil(this.session.askForPeers());
  }

  /** A second connection to the same node: it answers, but asks and announces nothing. */
  setStandby(standby: boolean): void {
    this.taking.setStandby(standby);
  }

  /** A block arrived: tell the other side if it keeps such or passes them on, unless it brought or has it. False when there is nothing to tell. */
  announce(block: Covered, item: DecidedItem, push: boolean): boolean {
    if (!this.isReady || this.taking.isStandby || this.known.has(digestKey(item.digest))) return false;
    const way = this.routes.wayOf(block);
    if (way === undefined) return false;
    const done = this.sending.announce(item, push && way === 'keep', way === 'relay');
    if (done === 'full') this.taking.missed();
    return done === 'told';
  }

  /** How blocks go over this connection, where the other side heeds that; undefined while nothing is known of it. */
  get reaches(): Routes | undefined {
    return this.isReady ? this.routes : undefined;
  }

  /** Says what this node passes on, unless it was said before. */
  relays(relays: readonly Relaying[]): void {
    if (this.session.heedsCoverage && this.routes.isNews(relays)) this.fulfil(this.session.relays(relays));
  }

  /** Asks this peer too for bodies that others could not give. */
  seekBodies(digests: readonly Uint8Array[]): void {
    this.taking.seek(digests);
  }

  /** Deadlines and whatever can go on; called now and then, and whenever something changed. */
  tick(): void {
    if (this.ended) return;
    const nowMs = this.now();
    if (this.sending.waitedMs(nowMs) > this.shared.limits.takeMs)
      return this.abandon('peer.protocol', 'asks, but does not read');
    this.fulfil(this.session.tick(nowMs, !this.taking.isFull && !this.resting));
    this.taking.tick(nowMs, this.resting);
  }

  /** Asks for what is queued, as far as both sides allow. */
  pump(): void {
    this.taking.pump();
  }

  /** What this peer has said of a block, or been given; undefined where it was no matter between the two lately. */
  saysOf(digest: Uint8Array): 'has' | 'gone' | undefined {
    const key = digestKey(digest);
    return this.taking.isGone(key) ? 'gone' : this.known.has(key) ? 'has' : undefined;
  }

  fulfil(wishes: readonly Wish[]): void {
    for (const wish of wishes) this.fulfilOne(wish);
  }

  useful(): void {
    this.usefulMs = this.now();
  }

  credit(work: number): void {
    this.work.spend(-work, this.now());
  }

  charge(deed: Deed, why?: string): void {
    if (this.shared.reputation.note(this.name, deed, why)) this.refuse();
  }

  now(): number {
    return this.shared.clock.now();
  }

  /** What each wish of the session means here. */
  private fulfilOne(wish: Wish): void {
    const { session, shared, taking, sending } = this;
    switch (wish.type) {
      case 'send':
        return sending.post(wish.frame);
      case 'ready':
        return this.greet(wish.hello.time);
      case 'items':
        if (wish.part) return void this.comparePart();
        return this.fulfil(session.items(shared.decided.snapshot(), this.now(), shared.decided.sketch));
      case 'relays':
        return this.routes.relays(wish.relays);
      case 'offered':
        return taking.offered(wish.items, false, wish.relay);
      case 'needed':
        return taking.offered(
          wish.ids.map((digest) => ({ digest })),
          wish.more,
        );
      case 'reconciled':
        return taking.compared();
      case 'peers':
        return this.fulfil(session.addresses(shared.tellable?.() ?? []));
      case 'addresses':
        return shared.heardOf(this.name, wish.peers);
      case 'feed':
        return void sending.feed(wish.after);
      case 'fed':
        return taking.mark(wish.upTo, wish.over);
      case 'gap':
        return taking.leap(wish.gap);
      case 'wanted':
        return sending.serve(wish.ids);
      case 'given':
        return taking.given(wish.blocks);
      case 'gone':
        return taking.refused(wish.ids, wish.code);
      case 'close':
        return this.part(wish);
    }
  }

  /** What both sides keep is compared; what is kept here besides and the other side keeps cannot be found so, and is told. */
  private async comparePart(): Promise<void> {
    const { shared, session } = this;
    const { parts, limits } = shared;
    const { coverage } = this.routes;
    const isStranger = !this.isDialled && !this.isKnown;
    if (this.joined === undefined && isStranger && !parts.has(coverage)) {
      if (parts.size >= limits.partsMax)
        return this.close('node.busy', 'as many coverages as can be are compared here');
      // Who leaves and comes back with another coverage pays out of what all unknown ones share.
      if (shared.unknownWork.debtMs(this.now()) > 0)
        return this.close('node.busy', 'much has been read for coverages of unknown peers lately');
    }
    try {
      this.joined ??= parts.join(coverage, (entries) => {
        this.credit(-entries * ENTRY_WORK);
        if (isStranger) shared.unknownWork.spend(entries * ENTRY_WORK, this.now());
      });
      const part = await this.joined;
      const beyond = part.beyond();
      const from = Math.max(0, beyond.size - BEYOND_MAX);
      const told = Array.from({ length: beyond.size - from }, (_, i) => ({
        timeMs: beyond.timeAt(from + i),
        digest: beyond.digestAt(from + i),
      }));
      this.credit(-told.length * TOLD_WORK);
      this.fulfil(session.have(told));
      this.fulfil(session.items(part.both(), this.now()));
    } catch (error) {
      if (this.ended) return;
      shared.log.error({ peer: this.remote.address, error: String(error) }, 'what a peer keeps could not be read');
      this.close('node.internal', 'what both keep could not be read');
    }
  }

  /** The other side has said who it is. */
  private greet(time: number | undefined): void {
    if (time !== undefined) this.clockOffsetMs = time - this.now();
    if (this.session.heedsCoverage) this.routes = new Routes(this.session.hello!.coverage);
    this.taking.ready();
    this.refuse();
    if (this.ended) return;
    this.readySinceMs = this.now();
    this.taking.begin();
    this.shared.stir();
  }

  private refuse(): void {
    const reason = this.shared.refusalOf(this.name, this.session.proven);
    if (reason !== undefined) this.close('peer.refused', reason);
  }

  private part({ code, detail, remote }: Extract<Wish, { type: 'close' }>): void {
    this.ending = { code, detail: remote ? `said by the peer: ${detail}` : detail };
    if (!remote && code === 'peer.same_identity') this.shared.twin(this.remote.address);
    if (!remote && code === 'peer.protocol' && this.readySinceMs !== undefined)
      this.shared.reputation.note(this.name, 'protocol', detail);
    this.finish();
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
    // Not hung on `whenEnded`, which would keep every rest for as long as the connection lasts.
    this.stopResting = () => ended.abort(new Error('ended'));
    await this.shared.clock.sleep(Math.min(debtMs, REST_MAX_MS), ended.signal).catch(() => undefined);
    this.stopResting = undefined;
    this.resting = false;
  }

  private async write(): Promise<void> {
    await this.sending.run();
    await this.transport.close(1000, this.ending?.code).catch(() => undefined);
  }

  private finish(): void {
    this.ended = true;
    this.markEnded();
    this.stopResting?.();
    this.sending.wake();
    this.wakeReader?.();
  }
}
