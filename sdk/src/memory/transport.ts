import { CosmicError } from '../errors.js';
import type { Clock, Network, Remote, Transport } from '../ports/index.js';

/** What happens to one frame on its way. */
export interface Passage {
  /** Times it arrives: 0 lost, 1 as it should, more repeated. */
  readonly copies: number;
  readonly delayMs: number;
}

export interface LoopbackOptions {
  /** Needed where frames are delayed. */
  readonly clock?: Clock;
  /** Decides over each frame; by default it arrives at once, whole and in order. */
  passage?(from: string, to: string, bytes: number): Passage;
  /** Frames with a delay keep their order, as on a stream. Default true. */
  readonly ordered?: boolean;
  /** Bytes under way in one direction beyond which `send` waits. Default 1 MiB. */
  readonly highWaterBytes?: number;
}

/** A little internet in memory: networks by address, which can be cut from each other. */
export interface Loopback {
  /** The network of one node; `address` is what others dial. */
  network(address: string): Network;
  /** Frames between the two are refused, and open connections are closed, until healed. */
  cut(a: string, b: string): void;
  heal(a: string, b: string): void;
}

const PENDING_MAX = 64;

export function createLoopback(options: LoopbackOptions = {}): Loopback {
  const listeners = new Map<string, Mailbox<Transport>>();
  const cuts = new Set<string>();
  const open = new Set<End>();
  const pair = (a: string, b: string): string => [a, b].sort().join(' ');

  const dial = (from: string, to: string): Transport => {
    const listener = listeners.get(to);
    if (listener === undefined || cuts.has(pair(from, to))) throw new CosmicError('node.unreachable', to);
    if (listener.size >= PENDING_MAX) throw new CosmicError('node.busy', to);
    const near = new End({ address: to, direction: 'out' }, from, options);
    const far = new End({ address: from, direction: 'in', local: to }, to, options);
    near.join(far);
    far.join(near);
    for (const end of [near, far]) {
      open.add(end);
      end.onClosed = () => open.delete(end);
    }
    listener.push(far);
    return near;
  };

  return {
    network: (address) => {
      if (listeners.has(address)) throw new TypeError(`${address} is taken`);
      const incoming = new Mailbox<Transport>();
      listeners.set(address, incoming);
      return {
        dial: async (to, signal) => {
          signal?.throwIfAborted();
          return dial(address, to);
        },
        accept: () => incoming,
        close: async () => {
          if (listeners.get(address) === incoming) listeners.delete(address);
          incoming.end();
          await Promise.all([...open].filter((end) => end.owner === address).map((end) => end.close()));
        },
      };
    },
    cut: (a, b) => {
      cuts.add(pair(a, b));
      for (const end of [...open]) if (pair(end.owner, end.remote.address) === pair(a, b)) void end.close();
    },
    heal: (a, b) => void cuts.delete(pair(a, b)),
  };
}

/** Two ends that are joined already. */
export function createTransportPair(options: LoopbackOptions = {}): [Transport, Transport] {
  const a = new End({ address: 'memory:b', direction: 'out' }, 'memory:a', options);
  const b = new End({ address: 'memory:a', direction: 'in' }, 'memory:b', options);
  a.join(b);
  b.join(a);
  return [a, b];
}

class End implements Transport {
  onClosed: (() => void) | undefined;
  private readonly inbox = new Mailbox<Uint8Array>((frame) => this.consumed(frame));
  private peer!: End;
  private closed = false;
  private underWayBytes = 0;
  private drained: (() => void)[] = [];
  private lastArrival: Promise<void> = Promise.resolve();

  constructor(
    readonly remote: Remote,
    readonly owner: string,
    private readonly options: LoopbackOptions,
  ) {}

  join(peer: End): void {
    this.peer = peer;
  }

  async send(frame: Uint8Array): Promise<void> {
    if (this.closed) throw new CosmicError('node.unreachable', `${this.remote.address}: connection is closed`);
    const copy = frame.slice();
    const { copies, delayMs } = this.options.passage?.(this.owner, this.remote.address, frame.length) ?? {
      copies: 1,
      delayMs: 0,
    };
    for (let i = 0; i < copies; i++) this.carry(copy, delayMs);
    if (this.underWayBytes <= (this.options.highWaterBytes ?? 1024 * 1024)) return;
    await new Promise<void>((resolve) => this.drained.push(resolve));
  }

  private carry(frame: Uint8Array, delayMs: number): void {
    this.underWayBytes += frame.length;
    if (delayMs <= 0 && this.options.clock === undefined) return this.peer.arrive(frame);
    if (this.options.clock === undefined) throw new TypeError('a delay needs a clock');
    const arrival = delayMs <= 0 ? Promise.resolve() : this.options.clock.sleep(delayMs);
    const before = this.options.ordered === false ? Promise.resolve() : this.lastArrival;
    this.lastArrival = Promise.all([arrival, before]).then(() => this.peer.arrive(frame));
  }

  private arrive(frame: Uint8Array): void {
    if (!this.closed) this.inbox.push(frame);
  }

  private consumed(frame: Uint8Array): void {
    const { peer } = this;
    peer.underWayBytes -= frame.length;
    if (peer.underWayBytes <= (this.options.highWaterBytes ?? 1024 * 1024)) peer.drain();
  }

  private drain(): void {
    for (const resolve of this.drained.splice(0)) resolve();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.inbox.end();
    this.drain();
    this.onClosed?.();
    // What was sent before arrives before the end does.
    void this.lastArrival.then(() => this.peer.close());
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.inbox[Symbol.asyncIterator]();
  }
}

/** A queue that one reader iterates; `end` lets it finish what is queued. */
class Mailbox<T> implements AsyncIterable<T> {
  private readonly items: T[] = [];
  private wake: (() => void) | undefined;
  private ended = false;

  constructor(private readonly taken?: (item: T) => void) {}

  get size(): number {
    return this.items.length;
  }

  push(item: T): void {
    if (this.ended) return;
    this.items.push(item);
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const item = this.items.shift();
      if (item !== undefined) {
        this.taken?.(item);
        yield item;
      } else if (this.ended) return;
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }
}
