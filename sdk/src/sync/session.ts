import type { Code } from '../errors.js';
import type { DecidedItem } from '../ports/index.js';
import {
  decodeFrame,
  encodeFrame,
  frameLimits,
  knownCode,
  PROTOCOL_VERSION,
  type Frame,
  type Hello,
  type PeerLimits,
} from './frames.js';
import type { ItemSet } from './item-set.js';
import { createReconciler, type Reconciler } from './negentropy.js';
import { NegentropyError } from './negentropy-message.js';

export interface SessionOptions {
  readonly network: string;
  /** This node's own did:key. */
  readonly node: string;
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
  /** Both hellos are exchanged. */
  | { readonly type: 'ready'; readonly hello: Hello }
  /** A reconciliation needs the decided items: call `items`. */
  | { readonly type: 'items' }
  /** The other side has these blocks. */
  | { readonly type: 'offered'; readonly items: readonly DecidedItem[] }
  /** Reconciliation found these on the other side. With `more`, call `proceed` when there is room for the next ones. */
  | { readonly type: 'needed'; readonly ids: readonly Uint8Array[]; readonly more: boolean }
  /** A reconciliation that this side began is over. */
  | { readonly type: 'reconciled'; readonly have: number; readonly need: number; readonly rounds: number }
  | { readonly type: 'wanted'; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'given'; readonly blocks: readonly Uint8Array[] }
  | { readonly type: 'gone'; readonly code: Code; readonly ids: readonly Uint8Array[] }
  /** The session is over: send what is queued, then close. `remote`: the other side said so. */
  | { readonly type: 'close'; readonly code: Code; readonly detail: string; readonly remote: boolean };

/** Rounds of a reconciliation that may pass without a find; an honest one needs fewer than ten. */
const BARREN_ROUNDS_MAX = 64;
/** Characters of a closing detail: any text of them fits the frame's limit in bytes. */
const DETAIL_CHARS = frameLimits.detailBytes / 4;

/**
 * The peer protocol of one connection as a state machine: frames and the time in, wishes out. It never throws for what
 * the other side sends; a broken protocol ends it with a `close` wish. After that it answers nothing.
 */
export class Session {
  private state: 'hello' | 'ready' | 'closed' = 'hello';
  private remote: Hello | undefined;
  private wishes: Wish[] = [];
  private openedMs = 0;
  private heardMs = 0;
  private pingedMs = 0;
  private begun:
    | {
        reconciler?: Reconciler;
        reply?: Uint8Array;
        have: number;
        need: number;
        rounds: number;
        barren: number;
        sentMs: number;
      }
    | undefined;
  private answering: { reconciler?: Reconciler; message?: Uint8Array } | undefined;
  private readonly timing: SessionTiming;
  private readonly limits: PeerLimits;

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

  /** The other side's hello, once it has come. */
  get hello(): Hello | undefined {
    return this.remote;
  }

  open(nowMs: number): Wish[] {
    this.openedMs = this.heardMs = this.pingedMs = nowMs;
    const { network, node } = this.options;
    this.send({ type: 'hello', version: PROTOCOL_VERSION, network, node, limits: this.limits });
    return this.take();
  }

  receive(wire: Uint8Array, nowMs: number): Wish[] {
    if (this.state === 'closed') return [];
    this.heardMs = this.pingedMs = nowMs;
    if (wire.length > this.limits.frameBytes) return this.end('peer.protocol', `frame of ${wire.length} bytes`);
    const decoded = decodeFrame(wire);
    if (decoded.status === 'rejected') return this.end(decoded.code, decoded.detail);
    if (decoded.status === 'unknown')
      return this.state === 'hello' ? this.end('peer.protocol', 'hello must come first') : [];
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
    if (this.state === 'hello' && nowMs - this.openedMs > this.timing.helloMs)
      return this.end('peer.protocol', 'no hello came');
    if (nowMs - this.heardMs > this.timing.silentMs)
      return this.end('peer.protocol', `silent for ${nowMs - this.heardMs} ms`);
    const waiting = this.begun !== undefined && this.begun.reconciler !== undefined && this.begun.reply === undefined;
    if (waiting && nowMs - this.begun!.sentMs > this.timing.answerMs)
      return this.end('peer.protocol', 'no answer to reconcile');
    if (this.state === 'ready' && nowMs - this.pingedMs > this.timing.idleMs) {
      this.pingedMs = nowMs;
      this.send({ type: 'ping', nonce: nowMs >= 0 ? Math.floor(nowMs) : 0 });
    }
    return this.take();
  }

  /** Begins a reconciliation; nothing happens when one is under way. */
  reconcile(): Wish[] {
    if (this.state !== 'ready' || this.begun !== undefined) return [];
    this.begun = { have: 0, need: 0, rounds: 0, barren: 0, sentMs: 0 };
    this.wish({ type: 'items' });
    return this.take();
  }

  /** The decided items, after an `items` wish. */
  items(items: ItemSet, nowMs: number): Wish[] {
    if (this.state !== 'ready') return [];
    const reconciler = (): Reconciler => createReconciler(items, { frameLimit: frameLimits.reconcileBytes });
    if (this.begun !== undefined && this.begun.reconciler === undefined) {
      this.begun.reconciler = reconciler();
      this.ask(this.begun.reconciler.initiate(), nowMs);
    }
    if (this.answering !== undefined && this.answering.reconciler === undefined) {
      this.answering.reconciler = reconciler();
      this.answer();
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

  /** Says why and ends. */
  close(code: Code, detail: string): Wish[] {
    return this.state === 'closed' ? [] : this.end(code, detail);
  }

  private accept(frame: Frame, nowMs: number): void {
    if (frame.type === 'bye') {
      this.state = 'closed';
      this.wish({ type: 'close', code: knownCode(frame.code), detail: frame.detail, remote: true });
    } else if (this.state === 'hello') this.greet(frame);
    else this.handle(frame, nowMs);
  }

  private greet(frame: Frame): void {
    if (frame.type !== 'hello') return this.fail('peer.protocol', 'hello must come first');
    if (frame.network !== this.options.network)
      return this.fail('peer.wrong_network', `"${frame.network}" there, "${this.options.network}" here`);
    if (frame.node === this.options.node) return this.fail('peer.protocol', 'this is the node itself');
    this.state = 'ready';
    this.remote = frame;
    this.wish({ type: 'ready', hello: frame });
  }

  private handle(frame: Exclude<Frame, { type: 'bye' }>, nowMs: number): void {
    switch (frame.type) {
      case 'hello':
        return this.fail('peer.protocol', 'a second hello');
      case 'reconcile':
        return this.asked(frame.message);
      case 'reconciled':
        return this.answered(frame.message, nowMs);
      case 'settled':
        this.answering = undefined;
        return;
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
        return;
    }
  }

  /** The other side's message, in the reconciliation that it leads. One at a time. */
  private asked(message: Uint8Array): void {
    if (this.answering?.message !== undefined)
      return this.fail('peer.protocol', 'reconcile before the last one was answered');
    if (this.answering === undefined) {
      this.answering = {};
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
    if (step !== undefined) this.send({ type: 'reconciled', message: step.reply! });
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
    this.begun = this.answering = undefined;
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
