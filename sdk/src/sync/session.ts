import type { Code } from '../errors.js';
import type { Cursor, DecidedItem } from '../ports/index.js';
import { Compared } from './compared.js';
import { Comparing } from './comparing.js';
import type { Coverage } from '../filter/index.js';
import { workOf, WORK } from './frame-work.js';
import {
  COVERAGE_FEATURE,
  decodeFrame,
  encodeFrame,
  EQUAL_FEATURE,
  EXCHANGE_FEATURE,
  FEED_FEATURE,
  frameLimits,
  knownCode,
  SKETCH_FEATURE,
  type Frame,
  type Gap,
  type Hello,
  type PeerLimits,
  type Relaying,
} from './frames.js';
import { Handshake, type Greeting, type HandshakeOptions } from './handshake.js';
import { Equality } from './equality.js';
import type { ItemSet } from './item-set.js';
import type { Sketch } from './sketch.js';
import { inFrames, type Line, type Wish } from './wishes.js';

export interface SessionOptions extends HandshakeOptions {
  /** The host keeps a sketch of the whole set and hands it to `items`. */
  readonly sketches?: boolean;
  /** The host gives all it keeps in bulk to whoever asks; so many blocks it has decided on. */
  readonly feeds?: { readonly blocks: number };
  /** The host tells addresses of others to whom it asks. */
  readonly exchanges?: boolean;
  /** The host heeds what others keep; and what it keeps itself. */
  readonly covers?: { readonly coverage: Coverage };
  readonly limits?: PeerLimits;
  readonly timing?: Partial<SessionTiming>;
}

export interface SessionTiming {
  /** The other side's hello must have come. */
  readonly helloMs: number;
  /** Quiet for so long: a ping is sent. */
  readonly idleMs: number;
  /** Quiet for so long: the other side is gone. */
  readonly silentMs: number;
  /** A reconciliation's message must have been answered. */
  readonly answerMs: number;
}

const TIMING: SessionTiming = { helloMs: 10_000, idleMs: 30_000, silentMs: 90_000, answerMs: 60_000 };

/** Of comparisons that found nothing, the first of a session and then each of so many is checked by hashes under a key. */
const CHECKED_EACH = 12;

/** Frames before both sides are known. */
const HANDSHAKE_BYTES = 8192;
/** Characters of a closing detail: any text of them fits the frame's limit in bytes. */
const DETAIL_CHARS = frameLimits.detailBytes / 4;

/**
 * The peer protocol of one connection as a state machine: frames and the time in, wishes out. It never throws for what
 * the other side sends; a broken protocol ends it with a `close` wish. After that it answers nothing.
 */
export class Session {
  private state: 'hello' | 'proving' | 'ready' | 'closed' = 'hello';
  private readonly handshake: Handshake;
  private isProven = false;
  private wishes: Wish[] = [];
  private openedMs = 0;
  private heardMs = 0;
  private pingedMs = 0;
  private readonly comparing: Comparing;
  private readonly compared: Compared;
  private readonly equality: Equality;
  private sameSofar = 0;
  /** A feed that this side asked for, or gives, is not over. */
  private takesFeed = false;
  private givesFeed = false;
  /** Addresses were asked for and have not come. */
  private asksPeers = false;
  private readonly timing: SessionTiming;
  private readonly limits: PeerLimits;
  private work = 0;
  private pingSentMs: number | undefined;
  private latency: number | undefined;

  constructor(private readonly options: SessionOptions) {
    this.timing = { ...TIMING, ...options.timing };
    this.limits = options.limits ?? { frameBytes: frameLimits.frameBytes, wants: frameLimits.wants };
    this.handshake = new Handshake(options);
    const line: Line = {
      send: (frame) => this.send(frame),
      wish: (wish) => this.wish(wish),
      fail: (code, detail) => this.fail(code, detail),
      charge: (bytes) => void (this.work += bytes),
    };
    this.equality = new Equality(line, () => this.handshake.sessionKey());
    this.comparing = new Comparing(line, (set, nowMs) => {
      if (!this.provesEqual) return;
      if (this.sameSofar++ % CHECKED_EACH === 0) this.equality.begin(set, nowMs);
    });
    this.compared = new Compared(
      line,
      () => options.sketches === true && !this.comparesParts,
      () => this.comparesParts,
    );
  }

  get isReady(): boolean {
    return this.state === 'ready';
  }

  /** Is a reconciliation that this side began under way? */
  get isReconciling(): boolean {
    return this.comparing.isUnderWay;
  }

  /** Is a feed that this side asked for under way? */
  get isFed(): boolean {
    return this.takesFeed;
  }

  /** The other side's hello, once it has come. */
  get hello(): Hello | undefined {
    return this.handshake.hello;
  }

  /** Is the other side's identity proven? Else its hello's `node` is what it says. */
  get proven(): boolean {
    return this.isProven;
  }

  /** Last round trip, ms; undefined before the first. */
  get latencyMs(): number | undefined {
    return this.latency;
  }

  /** Do both sides heed what either keeps? Else blocks go as between nodes that keep everything. */
  get heedsCoverage(): boolean {
    // Who proves nothing says nothing of features either.
    return this.options.covers !== undefined && this.options.prover !== undefined && this.offers(COVERAGE_FEATURE);
  }

  /** Is only that compared which both sides keep? */
  get comparesParts(): boolean {
    if (!this.heedsCoverage) return false;
    return this.options.covers!.coverage !== undefined || this.hello?.coverage !== undefined;
  }

  /** What the other side has made this one do since the last call, blocks apart: bytes' worth, see frame-work.ts. */
  takeWork(): number {
    const { work } = this;
    this.work = 0;
    return work;
  }

  open(nowMs: number): Wish[] {
    this.openedMs = this.heardMs = this.pingedMs = nowMs;
    const { sketches, feeds, exchanges, covers } = this.options;
    const named = [
      ...(sketches === true ? [SKETCH_FEATURE, EQUAL_FEATURE] : []),
      ...(feeds === undefined ? [] : [FEED_FEATURE]),
      ...(exchanges === true ? [EXCHANGE_FEATURE] : []),
      ...(covers === undefined ? [] : [COVERAGE_FEATURE]),
    ];
    const features = {
      ...(named.length === 0 ? {} : { features: named }),
      ...(feeds === undefined ? {} : { blocks: feeds.blocks }),
      ...(covers?.coverage === undefined ? {} : { coverage: covers.coverage }),
    };
    this.wish({ type: 'send', frame: this.handshake.open(this.limits, features, nowMs) });
    return this.take();
  }

  receive(wire: Uint8Array, nowMs: number): Wish[] {
    if (this.state === 'closed') return [];
    this.heardMs = this.pingedMs = nowMs;
    if (wire.length > (this.state === 'ready' ? this.limits.frameBytes : HANDSHAKE_BYTES))
      return this.end('peer.protocol', `frame of ${wire.length} bytes`);
    const decoded = decodeFrame(wire);
    if (decoded.status === 'rejected') return this.end(decoded.code, decoded.detail);
    if (decoded.status === 'unknown')
      return this.state === 'hello' ? this.end('peer.protocol', 'hello must come first') : this.ignore();
    this.accept(decoded.frame, wire, nowMs);
    return this.take();
  }

  /** Deadlines. `reading` is false while the host itself does not take frames: then silence is not held against anybody. */
  tick(nowMs: number, reading = true): Wish[] {
    if (this.state === 'closed') return [];
    if (!reading) {
      this.heardMs = nowMs;
      this.comparing.excuse(nowMs);
      this.equality.excuse(nowMs);
      return [];
    }
    if ((this.state === 'hello' || this.state === 'proving') && nowMs - this.openedMs > this.timing.helloMs)
      return this.end('peer.protocol', this.state === 'hello' ? 'no hello came' : 'no proof came');
    if (nowMs - this.heardMs > this.timing.silentMs)
      return this.end('peer.protocol', `silent for ${nowMs - this.heardMs} ms`);
    const askedMs = this.comparing.askedMs ?? this.equality.askedMs;
    if (askedMs !== undefined && nowMs - askedMs > this.timing.answerMs)
      return this.end('peer.protocol', 'no answer to reconcile');
    if (this.state === 'ready' && nowMs - this.pingedMs > this.timing.idleMs) {
      this.pingedMs = nowMs;
      this.pingSentMs = nowMs;
      this.send({ type: 'ping', nonce: nowMs >= 0 ? Math.floor(nowMs) : 0 });
    }
    return this.take();
  }

  /** Begins a reconciliation, by sketch where both sides keep one; nothing happens when one is under way. */
  reconcile(): Wish[] {
    if (this.state !== 'ready' || this.comparing.isUnderWay) return [];
    const part = this.comparesParts;
    this.comparing.begin(!part && this.options.sketches === true && this.offers(SKETCH_FEATURE), part);
    return this.take();
  }

  /** The decided items, and the sketch of them where one is kept, after an `items` wish. */
  items(items: ItemSet, nowMs: number, sketch?: Sketch): Wish[] {
    if (this.state !== 'ready') return [];
    this.comparing.items(items, nowMs, sketch);
    this.compared.items(items, sketch);
    this.equality.items(items);
    return this.take();
  }

  /** Goes on with a reconciliation whose last finds were `more`. */
  proceed(nowMs: number): Wish[] {
    if (this.state !== 'ready') return [];
    this.comparing.proceed(nowMs);
    return this.take();
  }

  /** `relay`: the other side passes them on and does not keep them. */
  have(items: readonly DecidedItem[], relay = false): Wish[] {
    if (this.state !== 'ready') return [];
    for (const part of inFrames(items)) this.send({ type: 'have', items: part, ...(relay ? { relay } : {}) });
    return this.take();
  }

  /** Says what this side passes on besides what it keeps. Nothing where the other side heeds no coverage. */
  relays(relays: readonly Relaying[]): Wish[] {
    if (this.state !== 'ready' || !this.heedsCoverage) return [];
    this.send({ type: 'relays', relays: relays.slice(0, frameLimits.relaysMax) });
    return this.take();
  }

  want(ids: readonly Uint8Array[]): Wish[] {
    if (this.state !== 'ready') return [];
    for (const part of inFrames(ids)) this.send({ type: 'want', ids: part });
    return this.take();
  }

  /** Blocks for one frame; the host keeps it under the other side's limit. */
  give(blocks: readonly Uint8Array[]): Wish[] {
    if (this.state !== 'ready' || blocks.length === 0) return [];
    this.send({ type: 'give', blocks });
    return this.take();
  }

  gone(code: Code, ids: readonly Uint8Array[]): Wish[] {
    if (this.state !== 'ready' || ids.length === 0) return [];
    for (const part of inFrames(ids)) this.send({ type: 'gone', code, ids: part });
    return this.take();
  }

  /** Asks for all that came after this cursor of the other side's store. Nothing where it gives no feeds, or one is under way. */
  feed(after?: Cursor): Wish[] {
    if (this.state !== 'ready' || this.takesFeed || !this.offers(FEED_FEATURE)) return [];
    this.takesFeed = true;
    this.send(after === undefined ? { type: 'feed' } : { type: 'feed', after: { epoch: after.epoch, seq: after.seq } });
    return this.take();
  }

  /** What was given of the feed reaches to here; with `head` equal to it the feed is over. */
  fed(upTo: Cursor, head: number): Wish[] {
    if (this.state !== 'ready' || !this.givesFeed) return [];
    this.givesFeed = upTo.seq < head;
    this.send({ type: 'fed', upTo: { epoch: upTo.epoch, seq: upTo.seq }, head });
    return this.take();
  }

  /** The feed cannot go on from where it was asked for. */
  gap(gap: Gap): Wish[] {
    if (this.state !== 'ready' || !this.givesFeed) return [];
    this.givesFeed = false;
    this.send({ type: 'gap', ...gap, head: { epoch: gap.head.epoch, seq: gap.head.seq } });
    return this.take();
  }

  /** Asks for addresses of others. Nothing where the other side tells none. */
  askForPeers(): Wish[] {
    if (this.state !== 'ready' || this.asksPeers || !this.offers(EXCHANGE_FEATURE)) return [];
    this.asksPeers = true;
    this.send({ type: 'peers' });
    return this.take();
  }

  addresses(peers: readonly string[]): Wish[] {
    if (this.state !== 'ready') return [];
    this.send({ type: 'addresses', peers: peers.slice(0, frameLimits.addressesMax) });
    return this.take();
  }

  /** Says why and ends. */
  close(code: Code, detail: string): Wish[] {
    return this.state === 'closed' ? [] : this.end(code, detail);
  }

  private ignore(): Wish[] {
    this.work += WORK.frame;
    return [];
  }

  /** Hashes under the session's key, which stands on both hellos' nonces. */
  private get provesEqual(): boolean {
    return this.options.sketches === true && this.options.prover !== undefined && this.offers(EQUAL_FEATURE);
  }

  private offers(feature: string): boolean {
    return this.hello?.features?.includes(feature) === true;
  }

  private accept(frame: Frame, wire: Uint8Array, nowMs: number): void {
    if (frame.type === 'bye') {
      this.state = 'closed';
      this.wish({ type: 'close', code: knownCode(frame.code), detail: frame.detail, remote: true });
    } else if (this.state === 'hello') this.follow(this.handshake.greet(frame, wire));
    else if (this.state === 'proving') {
      // Each side proves itself when the other's hello has come: one way there and one back.
      if (frame.type === 'prove') this.latency = nowMs - this.openedMs;
      this.follow(this.handshake.believe(frame));
    } else this.handle(frame, nowMs);
  }

  private follow(greeting: Greeting): void {
    switch (greeting.type) {
      case 'fault':
        return this.fail(greeting.code, greeting.detail);
      case 'prove':
        this.state = 'proving';
        return this.send(greeting.frame);
      case 'welcome':
        this.state = 'ready';
        this.isProven = greeting.proven;
        return this.wish({ type: 'ready', hello: greeting.hello, proven: greeting.proven });
    }
  }

  private handle(frame: Exclude<Frame, { type: 'bye' }>, nowMs: number): void {
    this.work += workOf(frame);
    switch (frame.type) {
      case 'hello':
      case 'prove':
        return this.fail('peer.protocol', `a second ${frame.type}`);
      case 'reconcile':
        return this.compared.asked(frame.message);
      case 'reconciled':
        return this.comparing.answered(frame.message, nowMs);
      case 'sketch':
        return this.compared.askedForCells(frame);
      case 'symbols':
        return this.comparing.symbols(frame.size, frame.cells, frame.counts, nowMs);
      case 'equal':
        if (!this.provesEqual) return this.fail('peer.protocol', 'no hashes are told here');
        return this.equality.asked(frame.ranges, frame.items === true, this.comparesParts);
      case 'equals':
        return this.equality.answered(frame.hashes, nowMs);
      case 'settled':
        return this.compared.stop();
      case 'peers':
        if (this.options.exchanges !== true) return this.fail('peer.protocol', 'no addresses are told here');
        return this.wish({ type: 'peers' });
      case 'addresses':
        if (!this.asksPeers) return this.fail('peer.protocol', 'addresses that were not asked for');
        this.asksPeers = false;
        return this.wish({ type: 'addresses', peers: frame.peers });
      case 'feed':
        if (this.options.feeds === undefined) return this.fail('peer.protocol', 'no feeds are given here');
        if (this.givesFeed) return this.fail('peer.protocol', 'a feed before the last one was over');
        this.givesFeed = true;
        return this.wish({ type: 'feed', after: frame.after });
      case 'fed':
        if (!this.takesFeed) return this.fail('peer.protocol', 'fed, but nothing was asked');
        this.takesFeed = frame.upTo.seq < frame.head;
        return this.wish({ type: 'fed', upTo: frame.upTo, over: !this.takesFeed });
      case 'gap':
        if (!this.takesFeed) return this.fail('peer.protocol', 'a gap in nothing that was asked');
        this.takesFeed = false;
        return this.wish({ type: 'gap', gap: { why: frame.why, advice: frame.advice, head: frame.head } });
      case 'have':
        return this.wish({ type: 'offered', items: frame.items, relay: frame.relay === true });
      case 'relays':
        return this.wish({ type: 'relays', relays: frame.relays });
      case 'want':
        return this.wish({ type: 'wanted', ids: frame.ids });
      case 'give':
        return this.wish({ type: 'given', blocks: frame.blocks });
      case 'gone':
        return this.wish({ type: 'gone', code: knownCode(frame.code), ids: frame.ids });
      case 'ping':
        return this.send({ type: 'pong', nonce: frame.nonce });
      case 'pong':
        if (this.pingSentMs !== undefined) this.latency = nowMs - this.pingSentMs;
        this.pingSentMs = undefined;
        return;
    }
  }

  private end(code: Code, detail: string): Wish[] {
    this.fail(code, detail);
    return this.take();
  }

  private fail(code: Code, detail: string): void {
    const short = detail.slice(0, DETAIL_CHARS).replace(/[\ud800-\udfff]/g, '');
    this.send({ type: 'bye', code, detail: short });
    this.state = 'closed';
    this.comparing.stop();
    this.compared.stop();
    this.equality.stop();
    this.wish({ type: 'close', code, detail: short, remote: false });
  }

  private send(frame: Frame): void {
    this.wish({ type: 'send', frame: encodeFrame(frame) });
  }

  private wish(wish: Wish): void {
    this.wishes.push(wish);
  }

  private take(): Wish[] {
    const taken = this.wishes;
    this.wishes = [];
    return taken;
  }
}
