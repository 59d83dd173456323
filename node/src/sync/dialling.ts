import { CosmicError, type Clock, type Network, type PeerStatus, type Transport } from '@cosmicembeddings/sdk';
import { joinSignals } from '../signals.js';
import { partsOf } from './address.js';
import { afterAttempt, type Attempt } from './backoff.js';
import { dialWithin, type Dialled } from './dialled.js';
import type { SyncLimits } from './limits.js';
import type { Hints } from './meeting/hints.js';
import { isLoopback } from './own-address.js';
import type { Peer } from './peer/peer.js';

/** How often `inStep` looks whether it is done. */
const LOOK_MS = 50;
/** An address that was dialled for one comparison is kept for so long for the next. */
const KEPT_MS = 10_000;

export interface DiallingOptions {
  readonly network: Network;
  /** Over which hearsay is dialled. */
  readonly hearsay: Network;
  readonly clock: Clock;
  readonly limits: SyncLimits;
  /** `ws:` to other machines too. */
  readonly plainLines: boolean;
  readonly random: () => number;
  readonly hints: Hints | undefined;
  /** Serves a connection to its end. */
  run(transport: Transport, dial: Dialled): Promise<Peer>;
  /** Looks after a task that runs until it is stopped. */
  spawn(task: Promise<void>): void;
  readonly stopping: AbortSignal;
  /** Resolves when sessions may begin. */
  begin(): Promise<void>;
}

/** The addresses that a node keeps dialling, each by a loop of its own. */
export class Dialling {
  private readonly entries = new Map<string, Dialled>();

  constructor(private readonly options: DiallingOptions) {}

  get all(): Iterable<Dialled> {
    return this.entries.values();
  }

  get size(): number {
    return this.entries.size;
  }

  has(address: string): boolean {
    return this.entries.has(address);
  }

  addresses(): string[] {
    return [...this.entries.keys()];
  }

  /** Dials from now on; `hint`: as long as it answers. */
  dial(address: string, hint = false): Dialled {
    const known = this.entries.get(address);
    if (known !== undefined) return known;
    const entry: Dialled = { address, stop: new AbortController(), state: 'connecting', received: 0, sent: 0, hint };
    this.entries.set(address, entry);
    this.options.spawn(this.keep(entry));
    return entry;
  }

  undial(address: string): void {
    const entry = this.entries.get(address);
    this.entries.delete(address);
    entry?.peer?.close('node.stopping', 'removed by the operator');
    entry?.stop.abort(new CosmicError('node.stopping', 'removed'));
  }

  /** Lets go of what was dialled for one comparison. */
  tick(nowMs: number): void {
    for (const { address, untilMs } of this.entries.values())
      if (untilMs !== undefined && untilMs < nowMs) this.undial(address);
  }

  /**
   * Compares with the peer at this address, dialling it for this once if need be, until this node has all that the other has, or
   * `waitMs` is over. @throws CosmicError node.unreachable
   */
  async inStep(
    address: string,
    waitMs: number,
    statusOf: (entry: Dialled) => PeerStatus,
    signal: AbortSignal,
  ): Promise<{ readonly inStep: boolean; readonly peer: PeerStatus }> {
    const { clock, limits } = this.options;
    const isNew = !this.has(address);
    const entry = this.dial(address);
    if (isNew || entry.untilMs !== undefined) entry.untilMs = clock.now() + waitMs + KEPT_MS;
    const startedMs = clock.now();
    for (let asked: Peer | undefined; ;) {
      signal.throwIfAborted();
      const { peer } = entry;
      const waitedMs = clock.now() - startedMs;
      if (peer?.isReady === true) {
        const comparedMs = peer.reconciledMs ?? -Infinity;
        if (peer !== asked && comparedMs < startedMs) peer.reconcileNow();
        asked = peer;
        const inStep = (peer.reconciledMs ?? -Infinity) >= startedMs && peer.behind === 0;
        if (inStep || waitedMs >= waitMs) return { inStep, peer: statusOf(entry) };
      } else if (entry.state === 'waiting' && entry.lastError !== undefined && entry.triedMs! >= startedMs)
        throw new CosmicError('node.unreachable', whyUnreachable(address, entry.lastError));
      else if (waitedMs >= Math.max(waitMs, limits.dialMs))
        throw new CosmicError('node.unreachable', whyUnreachable(address, entry.lastError ?? 'not connected'));
      await clock.sleep(LOOK_MS, signal);
    }
  }

  private async keep(entry: Dialled): Promise<void> {
    const { stopping } = this.options;
    const ending = joinSignals(entry.stop.signal, stopping);
    try {
      await this.dialAgain(entry, ending.signal);
    } finally {
      ending.end();
    }
  }

  private async dialAgain(entry: Dialled, signal: AbortSignal): Promise<void> {
    const { clock, limits, random, hints } = this.options;
    let backoffMs = limits.backoffMinMs;
    await this.options.begin();
    while (!signal.aborted) {
      entry.state = 'connecting';
      const startedMs = (entry.triedMs = clock.now());
      const attempt = await this.attempt(entry, startedMs, signal);
      if (attempt === undefined) break;
      const next = afterAttempt(attempt, backoffMs, limits);
      if (next === 'forget') return this.forget(entry);
      if (attempt.code !== undefined) hints?.worked(entry.address);
      delete entry.peer;
      entry.state = 'waiting';
      await clock.sleep(next.waitMs * (0.5 + random() / 2), signal).catch(() => undefined);
      backoffMs = next.nextMs;
    }
  }

  /** One connection from its beginning to its end; undefined where it was not wanted any more. */
  private async attempt(entry: Dialled, startedMs: number, signal: AbortSignal): Promise<Attempt | undefined> {
    const { network, hearsay, clock, limits } = this.options;
    // Who was told of may become a peer that the operator has named, meanwhile.
    const isHearsay = (): boolean => entry.hint === true;
    try {
      const { url } = partsOf(entry.address);
      this.refusePlain(url);
      // Who must answer matters where only its key vouches for a certificate.
      const target = url.startsWith('wss:') ? entry.address : url;
      const transport = await dialWithin(isHearsay() ? hearsay : network, target, clock, limits.dialMs, signal);
      const peer = await this.options.run(transport, entry);
      entry.received += peer.received;
      entry.sent += peer.sent;
      const { code, detail } = peer.ending!;
      entry.lastError = `${code}: ${detail}`;
      const wasReady = peer.readySinceMs !== undefined;
      return { code, wasReady, lastedMs: clock.now() - startedMs, isHearsay: isHearsay() };
    } catch (error) {
      if (signal.aborted) return undefined;
      entry.lastError = error instanceof CosmicError ? error.message : String(error);
      return { wasReady: false, lastedMs: clock.now() - startedMs, isHearsay: isHearsay() };
    }
  }

  /** What was hearsay and did not hold. */
  private forget(entry: Dialled): void {
    const { address } = entry;
    this.options.hints?.failed(address, this.options.clock.now());
    // Another one may stand there by now.
    if (this.entries.get(address) === entry) this.entries.delete(address);
  }

  private refusePlain(url: string): void {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'wss:' || this.options.plainLines || isLoopback(hostname)) return;
    throw new CosmicError(
      'config.malformed',
      `${url}: ws: to another machine can be read and changed on the way; use wss:, or insist with --plain-peers`,
    );
  }
}

/** Names the code and the address once. */
function whyUnreachable(address: string, lastError: string): string {
  const why = lastError.replace(/^node\.unreachable: /, '');
  return why.startsWith(address) ? why : `${address}: ${why}`;
}
