import { compareBytes, concatBytes } from '../bytes.js';
import type { Code } from '../errors.js';
import type { Cursor, DecidedItem } from '../ports/index.js';
import {
  CLAIMING_VERSION,
  decodeFrame,
  encodeFrame,
  EXCHANGE_FEATURE,
  FEED_FEATURE,
  frameLimits,
  knownCode,
  PROTOCOL_VERSION,
  SKETCH_FEATURE,
  type Frame,
  type Gap,
  type Hello,
  type PeerLimits,
} from './frames.js';
import type { ItemSet } from './item-set.js';
import { createReconciler, type Reconciler } from './negentropy.js';
import { NegentropyError } from './negentropy-message.js';
import { CELL_BYTES, SKETCH_CELLS, type Sketch } from './sketch.js';
import { faultOf, prove, statementOf, TLS_EXPORTER, type Proof, type Prover, type Role } from './proof.js';

export interface SessionOptions {
  readonly network: string;
  /** This node's own did:key. */
  readonly node: string;
  /** Proves this node's identity; without it version 1 is spoken, and `node` is a claim. */
  readonly prover?: Prover;
  /** The host keeps a sketch of the whole set and hands it to `items`. */
  readonly sketches?: boolean;
  /** The host gives all it keeps in bulk to whoever asks; so many blocks it has decided on. */
  readonly feeds?: { readonly blocks: number };
  /** The host tells addresses of others to whom it asks. */
  readonly exchanges?: boolean;
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

/** What a session asks of its host, in this order. */
export type Wish =
  | { readonly type: 'send'; readonly frame: Uint8Array }
  /** Both hellos are exchanged, and the other side is who it says, as far as `proven`. */
  | { readonly type: 'ready'; readonly hello: Hello; readonly proven: boolean }
  /** A reconciliation needs the decided items: call `items`. */
  | { readonly type: 'items' }
  /** The other side has these blocks. */
  | { readonly type: 'offered'; readonly items: readonly DecidedItem[] }
  /** Reconciliation found these on the other side. With `more`, call `proceed` when there is room for the next ones. */
  | { readonly type: 'needed'; readonly ids: readonly Uint8Array[]; readonly more: boolean }
  /** A reconciliation that this side began is over. */
  | { readonly type: 'reconciled'; readonly have: number; readonly need: number; readonly rounds: number }
  /** The other side wants all that came after this cursor of our store: answer with `give` and `fed`, or with `gap`. */
  | { readonly type: 'feed'; readonly after: Cursor | undefined }
  /** What the feed has given reaches to here. With `over` it has given all. */
  | { readonly type: 'fed'; readonly upTo: Cursor; readonly over: boolean }
  /** The feed that was asked for cannot be given. */
  | { readonly type: 'gap'; readonly gap: Gap }
  /** The other side asks for addresses of others: answer with `addresses`. */
  | { readonly type: 'peers' }
  /** Where others may be, as the other side says. */
  | { readonly type: 'addresses'; readonly peers: readonly string[] }
  | { readonly type: 'wanted'; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'given'; readonly blocks: readonly Uint8Array[] }
  | { readonly type: 'gone'; readonly code: Code; readonly ids: readonly Uint8Array[] }
  /** The session is over: send what is queued, then close. `remote`: the other side said so. */
  | { readonly type: 'close'; readonly code: Code; readonly detail: string; readonly remote: boolean };

/** Rounds of a reconciliation that may pass without a find; an honest one needs fewer than ten. */
const BARREN_ROUNDS_MAX = 64;
/** Frames before both sides are known. */
const HANDSHAKE_BYTES = 8192;
/** Characters of a closing detail: any text of them fits the frame's limit in bytes. */
const DETAIL_CHARS = frameLimits.detailBytes / 4;

interface Ask {
  readonly from: number;
  readonly cells: number;
  readonly counts: number;
}

/** First cells: enough for some twelve items; the counts behind them tell how many more it takes, to 10 %. */
const FIRST: Ask = { from: 0, cells: 28, counts: 160 };
/** Cells for each item that two sets are thought to differ in. */
const CELLS_PER_ITEM = 1.6;

/**
 * What frames cost whoever takes them, in bytes of a reconciliation's message: a host slows down who causes much of it.
 * Blocks cost nothing here, the door weighs them.
 */
const WORK = {
  /** Small talk: a ping each 30 s is all that is needed. */
  frame: 16 * 1024,
  /** A view of the whole set. */
  begin: 64 * 1024,
  /** A message of a reconciliation, beside its bytes. */
  message: 4 * 1024,
  ids: 64,
  id: 16,
} as const;

function workOf(frame: Frame): number {
  switch (frame.type) {
    case 'reconcile':
    case 'reconciled':
      return WORK.message + frame.message.length;
    case 'sketch':
    case 'fed':
      return WORK.message;
    case 'feed':
      return WORK.begin;
    case 'symbols':
      return WORK.message + frame.cells.length;
    case 'have':
      return WORK.ids + WORK.id * frame.items.length;
    case 'want':
    case 'gone':
      return WORK.ids + WORK.id * frame.ids.length;
    case 'give':
      return frame.blocks.length === 0 ? WORK.frame : 0;
    default:
      return WORK.frame;
  }
}

/**
 * The peer protocol of one connection as a state machine: frames and the time in, wishes out. It never throws for what
 * the other side sends; a broken protocol ends it with a `close` wish. After that it answers nothing.
 */
export class Session {
  private state: 'hello' | 'proving' | 'ready' | 'closed' = 'hello';
  private remote: Hello | undefined;
  private isProven = false;
  /** Both hellos as they travelled: what is signed. */
  private ownHello = new Uint8Array(0);
  private theirHello = new Uint8Array(0);
  /** Whom this side's signature may be for; false where the address dialled is none of its own. */
  private bound = true;
  private wishes: Wish[] = [];
  private openedMs = 0;
  private heardMs = 0;
  private pingedMs = 0;
  private begun:
    | {
        reconciler?: Reconciler;
        reply?: Uint8Array;
        /** Compares by sketch: our own as it was at the beginning, and the cells that have come. */
        sketch?: { readonly own: Sketch; theirs: Uint8Array; readonly set: ItemSet };
        bySketch: boolean;
        have: number;
        need: number;
        rounds: number;
        barren: number;
        sentMs: number;
      }
    | undefined;
  private answering: { reconciler?: Reconciler; message?: Uint8Array } | undefined;
  /** The table that the other side asks for, as it was when it began, and what it asks of it. */
  private showing: { sketch?: Sketch; asked?: Ask } | undefined;
  /** The last comparison that this side led by sketch found nothing: the next one trusts other sums. */
  private sketchWasBarren = false;
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
  }

  get isReady(): boolean {
    return this.state === 'ready';
  }

  /** Is a reconciliation that this side began under way? */
  get isReconciling(): boolean {
    return this.begun !== undefined;
  }

  /** Is a feed that this side asked for under way? */
  get isFed(): boolean {
    return this.takesFeed;
  }

  /** The other side's hello, once it has come. */
  get hello(): Hello | undefined {
    return this.remote;
  }

  /** Is the other side's identity proven? Else its hello's `node` is what it says. */
  get proven(): boolean {
    return this.isProven;
  }

  /** Last round trip, ms; undefined before the first. */
  get latencyMs(): number | undefined {
    return this.latency;
  }

  /** What the other side has made this one do since the last call, blocks apart: bytes' worth, see WORK. */
  takeWork(): number {
    const { work } = this;
    this.work = 0;
    return work;
  }

  open(nowMs: number): Wish[] {
    this.openedMs = this.heardMs = this.pingedMs = nowMs;
    const { network, node, prover } = this.options;
    const hello: Hello = { type: 'hello', version: CLAIMING_VERSION, network, node, limits: this.limits };
    const { sketches, feeds, exchanges } = this.options;
    const named = [
      ...(sketches === true ? [SKETCH_FEATURE] : []),
      ...(feeds === undefined ? [] : [FEED_FEATURE]),
      ...(exchanges === true ? [EXCHANGE_FEATURE] : []),
    ];
    const features = {
      ...(named.length === 0 ? {} : { features: named }),
      ...(feeds === undefined ? {} : { blocks: feeds.blocks }),
    };
    const proving: Hello | undefined = prover && {
      ...hello,
      ...features,
      version: PROTOCOL_VERSION,
      nonce: prover.nonce,
      time: Math.max(0, Math.floor(nowMs)),
      ...(prover.url === undefined ? {} : { url: prover.url }),
      ...(prover.expects === undefined ? {} : { expects: prover.expects }),
      ...(prover.role === 'dialler' && prover.channel !== undefined ? { channel: TLS_EXPORTER } : {}),
    };
    const frame = encodeFrame(proving ?? hello);
    this.ownHello = frame.slice();
    this.wish({ type: 'send', frame });
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
    if (this.state === 'hello') this.theirHello = wire.slice();
    this.accept(decoded.frame, nowMs);
    return this.take();
  }

  /** Deadlines. `reading` is false while the host itself does not take frames: then silence is not held against anybody. */
  tick(nowMs: number, reading = true): Wish[] {
    if (this.state === 'closed') return [];
    if (!reading) {
      this.heardMs = nowMs;
      if (this.begun !== undefined) this.begun.sentMs = nowMs;
      return [];
    }
    if ((this.state === 'hello' || this.state === 'proving') && nowMs - this.openedMs > this.timing.helloMs)
      return this.end('peer.protocol', this.state === 'hello' ? 'no hello came' : 'no proof came');
    if (nowMs - this.heardMs > this.timing.silentMs)
      return this.end('peer.protocol', `silent for ${nowMs - this.heardMs} ms`);
    const { begun } = this;
    const waiting =
      begun !== undefined && (begun.reconciler ?? begun.sketch) !== undefined && begun.reply === undefined;
    if (waiting && nowMs - this.begun!.sentMs > this.timing.answerMs)
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
    if (this.state !== 'ready' || this.begun !== undefined) return [];
    const bySketch =
      this.options.sketches === true &&
      this.remote!.features?.includes(SKETCH_FEATURE) === true &&
      !this.sketchWasBarren;
    this.sketchWasBarren = false;
    this.begun = { bySketch, have: 0, need: 0, rounds: 0, barren: 0, sentMs: 0 };
    this.wish({ type: 'items' });
    return this.take();
  }

  /** The decided items, and the sketch of them where one is kept, after an `items` wish. */
  items(items: ItemSet, nowMs: number, sketch?: Sketch): Wish[] {
    if (this.state !== 'ready') return [];
    const { begun, answering, showing } = this;
    const reconciler = (): Reconciler => createReconciler(items, { frameLimit: frameLimits.reconcileBytes });
    if (begun !== undefined && begun.reconciler === undefined && begun.sketch === undefined) {
      if (begun.bySketch && sketch !== undefined) {
        begun.sketch = { own: sketch.snapshot(), theirs: new Uint8Array(0), set: items };
        this.askCells(FIRST, nowMs);
      } else {
        begun.reconciler = reconciler();
        this.ask(begun.reconciler.initiate(), nowMs);
      }
    }
    if (answering !== undefined && answering.reconciler === undefined) {
      answering.reconciler = reconciler();
      this.answer();
    }
    if (showing !== undefined && showing.sketch === undefined) {
      if (sketch === undefined) return this.end('peer.protocol', 'no sketch is kept here');
      showing.sketch = sketch.snapshot();
      this.show();
    }
    return this.take();
  }

  /** Goes on with a reconciliation whose last finds were `more`. */
  proceed(nowMs: number): Wish[] {
    const reply = this.begun?.reply;
    if (this.state !== 'ready' || this.begun === undefined || reply === undefined) return [];
    delete this.begun.reply;
    this.ask(reply, nowMs);
    return this.take();
  }

  have(items: readonly DecidedItem[]): Wish[] {
    if (this.state !== 'ready') return [];
    for (let i = 0; i < items.length; i += frameLimits.idsMax)
      this.send({ type: 'have', items: items.slice(i, i + frameLimits.idsMax) });
    return this.take();
  }

  want(ids: readonly Uint8Array[]): Wish[] {
    if (this.state !== 'ready') return [];
    for (let i = 0; i < ids.length; i += frameLimits.idsMax)
      this.send({ type: 'want', ids: ids.slice(i, i + frameLimits.idsMax) });
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
    for (let i = 0; i < ids.length; i += frameLimits.idsMax)
      this.send({ type: 'gone', code, ids: ids.slice(i, i + frameLimits.idsMax) });
    return this.take();
  }

  /** Asks for all that came after this cursor of the other side's store. Nothing where it gives no feeds, or one is under way. */
  feed(after?: Cursor): Wish[] {
    if (this.state !== 'ready' || this.takesFeed || this.remote!.features?.includes(FEED_FEATURE) !== true) return [];
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
    if (this.state !== 'ready' || this.asksPeers || this.remote!.features?.includes(EXCHANGE_FEATURE) !== true)
      return [];
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

  private accept(frame: Frame, nowMs: number): void {
    if (frame.type === 'bye') {
      this.state = 'closed';
      this.wish({ type: 'close', code: knownCode(frame.code), detail: frame.detail, remote: true });
    } else if (this.state === 'hello') this.greet(frame);
    else if (this.state === 'proving') this.believe(frame, nowMs);
    else this.handle(frame, nowMs);
  }

  private greet(frame: Frame): void {
    if (frame.type !== 'hello') return this.fail('peer.protocol', 'hello must come first');
    const { network, node, prover } = this.options;
    if (frame.version !== PROTOCOL_VERSION && frame.version !== CLAIMING_VERSION)
      return this.fail(
        'peer.wrong_version',
        `${frame.version} there, ${CLAIMING_VERSION} and ${PROTOCOL_VERSION} here`,
      );
    if (frame.network !== network)
      return this.fail('peer.wrong_network', `"${frame.network}" there, "${network}" here`);
    this.remote = frame;
    if (prover === undefined || frame.version === CLAIMING_VERSION)
      return prover?.networkKey === undefined
        ? this.settleFor('it speaks version 1')
        : this.fail('peer.unproven', 'the shared key of this network is not held there');
    if (frame.nonce === undefined) return this.fail('peer.protocol', 'a hello of version 2 without a nonce');
    if (compareBytes(frame.nonce, prover.nonce) === 0 || prover.isOwnNonce?.(frame.nonce) === true)
      return this.fail('peer.protocol', 'this is the node itself');
    if (prover.expects !== undefined && frame.node !== prover.expects)
      return this.fail('peer.unproven', `${prover.expects} was expected, ${frame.node} answers`);
    if (prover.role === 'listener') {
      if (frame.channel !== undefined && (frame.channel !== TLS_EXPORTER || prover.channel === undefined))
        return this.fail('peer.unproven', `nothing here is known by ${frame.channel}`);
      if (frame.expects !== undefined && frame.expects !== node)
        return this.fail('peer.unproven', `${frame.expects} was expected, this is ${node}`);
      // What was signed for an address of somebody else may have been passed on by them.
      this.bound = frame.expects === node || (frame.url !== undefined && prover.isOwnAddress?.(frame.url) === true);
    }
    this.state = 'proving';
    this.send({ type: 'prove', ...prove(this.statement(prover.role), prover, this.bound) });
  }

  private believe(frame: Frame, nowMs: number): void {
    if (frame.type !== 'prove') return this.fail('peer.protocol', 'a proof must follow the hello');
    const { prover, node } = this.options;
    // Each side proves itself when the other's hello has come: one way there and one back.
    this.latency = nowMs - this.openedMs;
    const proof: Proof = frame;
    const fault = faultOf(
      proof,
      this.statement(prover!.role === 'dialler' ? 'listener' : 'dialler'),
      this.remote!.node,
      prover!,
    );
    if (fault !== undefined) return this.fail('peer.unproven', fault);
    if (!this.bound || proof.signature.length === 0)
      return this.settleFor(
        prover!.role === 'listener' ? `dialled as ${this.remote!.url ?? 'nobody'}` : 'that address is none of its own',
      );
    if (this.remote!.node === node) return this.fail('peer.same_identity', node);
    this.isProven = true;
    this.welcome();
  }

  /** Goes on without a proof, where that may be. */
  private settleFor(why: string): void {
    const { prover, node } = this.options;
    if (prover?.required === true || prover?.expects !== undefined) return this.fail('peer.unproven', why);
    if (this.remote!.node === node) return this.fail('peer.protocol', 'this is the node itself, or says so');
    this.welcome();
  }

  private welcome(): void {
    this.state = 'ready';
    this.wish({ type: 'ready', hello: this.remote!, proven: this.isProven });
  }

  private statement(signer: Role): Uint8Array {
    const [dialler, listener] =
      this.options.prover!.role === 'dialler' ? [this.ownHello, this.theirHello] : [this.theirHello, this.ownHello];
    const { role, channel } = this.options.prover!;
    const isBound = role === 'dialler' || this.remote?.channel !== undefined;
    return statementOf(signer, dialler, listener, isBound ? channel : undefined);
  }

  private handle(frame: Exclude<Frame, { type: 'bye' }>, nowMs: number): void {
    this.work += workOf(frame);
    switch (frame.type) {
      case 'hello':
      case 'prove':
        return this.fail('peer.protocol', `a second ${frame.type}`);
      case 'reconcile':
        return this.asked(frame.message);
      case 'reconciled':
        return this.answered(frame.message, nowMs);
      case 'sketch':
        return this.askedForCells(frame);
      case 'symbols':
        return this.symbols(frame.size, frame.cells, frame.counts, nowMs);
      case 'settled':
        this.answering = this.showing = undefined;
        return;
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
        return this.wish({ type: 'offered', items: frame.items });
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

  /** The other side's message, in the reconciliation that it leads. One at a time. */
  private asked(message: Uint8Array): void {
    if (this.answering?.message !== undefined)
      return this.fail('peer.protocol', 'reconcile before the last one was answered');
    if (this.answering === undefined) {
      this.answering = {};
      this.work += WORK.begin;
      this.wish({ type: 'items' });
    }
    // The frame's memory belongs to the transport once this call is over.
    this.answering.message = message.slice();
    if (this.answering.reconciler !== undefined) this.answer();
  }

  private answer(): void {
    const { reconciler, message } = this.answering!;
    delete this.answering!.message;
    const step = this.guard(() => reconciler!.step(message!));
    if (step === undefined) return;
    this.work += step.reply!.length;
    this.send({ type: 'reconciled', message: step.reply! });
  }

  private ask(message: Uint8Array, nowMs: number): void {
    this.begun!.sentMs = nowMs;
    this.begun!.rounds += 1;
    this.send({ type: 'reconcile', message });
  }

  private answered(message: Uint8Array, nowMs: number): void {
    const begun = this.begun;
    if (begun?.reconciler === undefined || begun.reply !== undefined)
      return this.fail('peer.protocol', 'reconciled, but nothing was asked');
    const step = this.guard(() => begun.reconciler!.step(message));
    if (step === undefined) return;
    begun.have += step.have.length;
    begun.need += step.need.length;
    begun.barren = step.have.length + step.need.length === 0 ? begun.barren + 1 : 0;
    if (begun.barren > BARREN_ROUNDS_MAX) return this.fail('peer.protocol', 'a reconciliation that does not advance');
    for (let i = 0; i < step.have.length; i += frameLimits.idsMax)
      this.send({ type: 'have', items: step.have.slice(i, i + frameLimits.idsMax) });
    const more = step.reply !== undefined;
    if (more && step.need.length === 0) this.ask(step.reply, nowMs);
    else {
      if (more) begun.reply = step.reply;
      if (step.need.length > 0) this.wish({ type: 'needed', ids: step.need, more });
    }
    if (more) return;
    this.begun = undefined;
    this.send({ type: 'settled' });
    this.wish({ type: 'reconciled', have: begun.have, need: begun.need, rounds: begun.rounds });
  }

  // ------------------------------------------------------------------------------------------------ by sketch

  private askCells(ask: Ask, nowMs: number): void {
    this.begun!.sentMs = nowMs;
    this.begun!.rounds += 1;
    this.send({ type: 'sketch', ...ask });
  }

  private askedForCells(asked: Ask): void {
    if (this.options.sketches !== true) return this.fail('peer.protocol', 'no sketch is kept here');
    if (asked.from + asked.cells + asked.counts > SKETCH_CELLS)
      return this.fail('peer.protocol', 'cells beyond the sketch');
    // A new comparison begins with the first cell.
    if (asked.from === 0 || this.showing === undefined) {
      this.showing = { asked };
      this.work += WORK.begin;
      return this.wish({ type: 'items' });
    }
    this.showing.asked = asked;
    if (this.showing.sketch !== undefined) this.show();
  }

  private show(): void {
    const { sketch, asked } = this.showing!;
    const { from, cells, counts } = asked!;
    delete this.showing!.asked;
    const sent = sketch!.bytes(from, from + cells);
    this.work += sent.length;
    this.send({
      type: 'symbols',
      size: sketch!.size,
      cells: sent,
      counts: sketch!.countBytes(from + cells, from + cells + counts),
    });
  }

  private symbols(size: number, cells: Uint8Array, counts: Uint8Array, nowMs: number): void {
    const { begun } = this;
    if (begun?.sketch === undefined || cells.length === 0 || cells.length % CELL_BYTES !== 0)
      return this.fail('peer.protocol', 'symbols that were not asked for');
    const { own, set } = begun.sketch;
    const theirs = (begun.sketch.theirs = concatBytes(begun.sketch.theirs, cells));
    const known = theirs.length / CELL_BYTES;
    if (known > SKETCH_CELLS) return this.fail('peer.protocol', 'symbols that were not asked for');
    const found = own.minus(theirs).decode();
    // A table that was ground to deceive yields items that are not what they seem.
    const sound = found?.ours.every(({ timeMs, digest }) => set.has(timeMs, digest)) === true;
    if (found !== undefined && sound) return this.foundBySketch(found.ours, found.theirs);
    const differ = found === undefined ? this.expected(own, theirs, counts, size) : Infinity;
    const wanted = Math.ceil(Math.max(differ * CELLS_PER_ITEM, known * 1.5)) + 16;
    if (wanted <= SKETCH_CELLS) return this.askCells({ from: known, cells: wanted - known, counts: 0 }, nowMs);
    // Too far apart for a sketch: range by range.
    begun.reconciler = createReconciler(set, { frameLimit: frameLimits.reconcileBytes });
    delete begun.sketch;
    this.ask(begun.reconciler.initiate(), nowMs);
  }

  private expected(own: Sketch, theirs: Uint8Array, counts: Uint8Array, size: number): number {
    const known = theirs.length / CELL_BYTES;
    const all = new Uint8Array(2 * known + counts.length);
    for (let i = 0; i < known; i++) all.set(theirs.subarray((i + 1) * CELL_BYTES - 2, (i + 1) * CELL_BYTES), 2 * i);
    all.set(counts, 2 * known);
    return own.estimate(all.subarray(0, 2 * SKETCH_CELLS), own.size - size);
  }

  private foundBySketch(have: readonly DecidedItem[], need: readonly DecidedItem[]): void {
    const { rounds } = this.begun!;
    this.begun = undefined;
    this.sketchWasBarren = have.length + need.length === 0;
    for (let i = 0; i < have.length; i += frameLimits.idsMax)
      this.send({ type: 'have', items: have.slice(i, i + frameLimits.idsMax) });
    if (need.length > 0) this.wish({ type: 'needed', ids: need.map(({ digest }) => digest), more: false });
    this.send({ type: 'settled' });
    this.wish({ type: 'reconciled', have: have.length, need: need.length, rounds });
  }

  private guard<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof NegentropyError)) throw error;
      this.fail('peer.protocol', `reconciliation: ${error.message}`);
      return undefined;
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
    this.begun = this.answering = this.showing = undefined;
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
