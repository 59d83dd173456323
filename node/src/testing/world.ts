import {
  sign,
  type Accept,
  type Accepted,
  type BlockStore,
  type Network,
  type Registry,
  type Source,
} from '@cosmicembeddings/sdk';
import {
  createLoopback,
  createManualClock,
  createMemoryStore,
  type LoopbackOptions,
  type ManualClock,
  type MemoryStore,
} from '@cosmicembeddings/sdk/memory';
import { coverageTest, type Coverage } from '@cosmicembeddings/sdk/filter';
import { Session, type Prover, type SessionOptions } from '@cosmicembeddings/sdk/sync';
import type { Policy } from '../door/admission.js';
import {
  coveredOf,
  createPeers,
  type FeedFile,
  type Identity,
  type MeetingRules,
  type PeerRules,
  type Peers,
  type SyncLimits,
} from '../sync/index.js';
import { NETWORK, nodeDid, numbersOf, seedOf } from './blocks.js';
import { checksOf, createDoor } from './door.js';
import { Stranger } from './stranger.js';

const { verify } = checksOf();

export interface TestNode {
  readonly address: string;
  readonly did: string;
  readonly store: MemoryStore;
  accept: Accept;
  /** Verdicts of blocks from peers, by status or code. */
  readonly verdicts: Map<string, number>;
  /** Blocks that were published at it. */
  readonly own: Set<string>;
  /** Valid blocks that its policy refused. */
  readonly refused: Set<string>;
  /** Crashes so far. */
  lives: number;
  peers: Peers;
  /** While it is off. */
  closing?: Promise<void> | undefined;
  publish(wire: Uint8Array): Promise<Accepted>;
  ids(): string[];
}

/**
 * Defences that no limit switches off. Without `proofs` an identity is believed, without `clock` blocks of any time are taken, without
 * `signatures` blocks of anybody, and without `operators` a reader trusts whoever has signed a receipt.
 */
export type Defence = 'proofs' | 'clock' | 'signatures' | 'operators';

export interface NodeOptions {
  readonly networkId?: string;
  readonly limits?: Partial<SyncLimits>;
  readonly refuse?: (id: string) => boolean;
  readonly policy?: Policy;
  /** What it keeps of what peers bring. */
  readonly coverage?: Coverage;
  /** The kinds that it knows; the core's by default. */
  readonly registry?: Registry;
  readonly links?: readonly string[];
  readonly rules?: PeerRules;
  /** Speaks version 1: says who it is and proves nothing. */
  readonly claims?: boolean;
  /** Uses the key of another node. */
  readonly keyOf?: number;
  /** Its clock minus the world's. */
  readonly clockOffsetMs?: number;
  readonly feedFile?: FeedFile;
  readonly meeting?: MeetingRules;
  readonly address?: string;
  /** How long a block takes to be durable; what is under way when the node crashes is lost. */
  readonly fsyncMs?: number;
  /** It stands there without these, to show what they are for. */
  readonly without?: readonly Defence[];
}

export const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
} as never;

const YEAR_MS = 365 * 86_400_000;

/** How long the end of a node takes at most, in which its connections are given up. */
export const DOWN_MIN_MS = 2_000;

/** Nodes over one loopback network and one manual clock, all from a seed. */
export class World {
  readonly clock: ManualClock = createManualClock();
  readonly random: () => number;
  readonly nodes: TestNode[] = [];
  readonly loopback: ReturnType<typeof createLoopback>;
  bytes = 0;
  isOpen = true;
  frameCount = 0;
  /** A block has become durable at a node. */
  onStored: ((node: TestNode, id: string) => void) | undefined;
  private readonly frames = new Map<string, number>();
  /** Addresses of strangers that have not left. */
  private readonly strangers = new Set<string>();

  constructor(seed: number, loopback: Omit<LoopbackOptions, 'clock'> = {}) {
    this.random = numbersOf(seed);
    this.loopback = createLoopback({
      ...loopback,
      clock: this.clock,
      passage: (from, to, bytes) => {
        this.bytes += bytes;
        this.frameCount += 1;
        // All visits of one together: `bad0.1`, `bad0.2`.
        const name = to.split('.', 1)[0]!;
        this.frames.set(name, (this.frames.get(name) ?? 0) + 1);
        return loopback.passage?.(from, to, bytes) ?? { copies: 1, delayMs: 0 };
      },
    });
  }

  async add(links: readonly number[] = [], options: NodeOptions = {}): Promise<TestNode> {
    const n = this.nodes.length;
    const address = options.address ?? `ws://node${n}/v2/peer`;
    const store = createMemoryStore({ epoch: `epoch-${n}` });
    const node = { address, did: nodeDid(n), store, lives: 0 } as TestNode & Record<string, unknown>;
    Object.assign(node, {
      verdicts: new Map(),
      refused: new Set(),
      own: new Set(),
      publish: (wire: Uint8Array) => node.accept(wire, { type: 'own' }),
      ids: () =>
        store
          .blocks()
          .map(({ id }) => id)
          .sort(),
    });
    this.nodes.push(node);
    this.openDoor(node, options);
    node.peers = this.peersOf(n, links, options);
    await node.peers.start();
    return node;
  }

  private openDoor(node: TestNode, options: NodeOptions): void {
    const { lives, store } = node;
    const covers = coverageTest(options.coverage);
    const put = async (arrivals: Parameters<BlockStore['put']>[0]) => {
      if (options.fsyncMs !== undefined) await this.clock.sleep(options.fsyncMs);
      // What was not on disk when the power went is answered to nobody.
      return node.lives === lives ? store.put(arrivals) : new Promise<never>(() => undefined);
    };
    node.accept = createDoor(
      { ...store, put },
      () =>
        this.clock.now() + (options.clockOffsetMs ?? 0) + (options.without?.includes('clock') === true ? YEAR_MS : 0),
      () => void store.head().then((head) => node.peers.announcements.notify(head)),
      {
        refuse: options.refuse,
        policy: options.policy,
        registry: options.registry,
        trusting: options.without?.includes('signatures') === true,
        onAnswer: (one, source) => this.answered(node, one, source),
        covers: (block) => covers(coveredOf(block)),
        onUncovered: (block, bytes) => node.peers.pass({ ...coveredOf(block), digest: block.digest }, bytes),
      },
      node.verdicts,
    ).accept;
  }

  private answered(node: TestNode, answer: Accepted, source: Source): void {
    if (source.type === 'own' && answer.status !== 'rejected') node.own.add(answer.id);
    if (answer.status === 'stored') this.onStored?.(node, answer.id);
    else if (answer.status === 'rejected' && answer.code === 'policy.refused' && answer.id !== undefined)
      node.refused.add(answer.id);
  }

  identityOf(n: number): Identity {
    return {
      sign: (message) => sign(message, seedOf(n)),
      nonce: () => Uint8Array.from({ length: 32 }, () => Math.floor(this.random() * 256)),
      verify,
    };
  }

  private ownIdentity(n: number, without: NodeOptions['without']): Identity {
    const identity = this.identityOf(n);
    return without?.includes('proofs') === true ? { ...identity, verify: () => true } : identity;
  }

  /** Somebody who speaks the protocol by hand; with `key`, an identity that is proven; it may also be claimed, or forged by a signature of nobody. */
  async stranger(
    name: string,
    target: TestNode,
    key?: number | { readonly claims: number } | { readonly forges: number },
    more: Partial<Pick<SessionOptions, 'sketches' | 'covers'>> = {},
  ): Promise<Stranger> {
    const address = `ws://${name}`;
    const network = this.loopback.network(address);
    this.strangers.add(address);
    const leave = (): Promise<void> => {
      this.strangers.delete(address);
      for (const node of this.nodes) this.loopback.heal(node.address, address);
      return network.close();
    };
    const isForged = typeof key === 'object' && 'forges' in key;
    const who = typeof key !== 'object' ? (key ?? 999) : 'forges' in key ? key.forges : key.claims;
    const prover: Prover | undefined =
      typeof key === 'number' || isForged
        ? {
            ...this.identityOf(who),
            ...(isForged ? { sign: () => new Uint8Array(64).fill(1) } : {}),
            nonce: this.identityOf(who).nonce(),
            role: 'dialler',
            url: target.address,
          }
        : undefined;
    const node = nodeDid(who);
    const session = new Session({ network: NETWORK, node, ...(prover === undefined ? {} : { prover }), ...more });
    return Stranger.dial({ ...network, close: leave }, target.address, session, () => this.clock.now());
  }

  peersOf(n: number, links: readonly number[], options: NodeOptions = {}, network?: Network): Peers {
    const node = this.nodes[n]!;
    return createPeers({
      ...(options.claims === true ? {} : { identity: this.ownIdentity(options.keyOf ?? n, options.without) }),
      ...(options.rules === undefined ? {} : { rules: options.rules }),
      ...(options.meeting === undefined ? {} : { meeting: options.meeting }),
      coverage: options.coverage,
      ...(options.feedFile === undefined ? {} : { feedFile: options.feedFile }),
      network: network ?? this.loopback.network(node.address),
      store: node.store,
      accept: node.accept,
      clock: { ...this.clock, now: () => this.clock.now() + (options.clockOffsetMs ?? 0) },
      did: nodeDid(options.keyOf ?? n),
      networkId: options.networkId ?? NETWORK,
      peers: links.map((link) => this.nodes[link]?.address ?? `ws://node${link}/v2/peer`),
      log: quiet,
      random: this.random,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
  }

  async restart(n: number, links: readonly number[], options: NodeOptions = {}, downMs = 0): Promise<void> {
    const closing = this.nodes[n]!.peers.close();
    await this.clock.advance(3_000);
    await closing;
    if (downMs > 0) await this.clock.advance(downMs);
    this.nodes[n]!.peers = this.peersOf(n, links, options);
    await this.nodes[n]!.peers.start();
  }

  /** Off from one moment to the next: nobody is told, and what was not durable is lost. */
  async crash(n: number, links: readonly number[], options: NodeOptions, downMs: number): Promise<void> {
    this.down(n);
    await this.clock.advance(Math.max(DOWN_MIN_MS, 2_000 + downMs));
    await this.up(n, links, options);
  }

  /** As `crash`, and stays off until `up`. */
  down(n: number): void {
    const node = this.nodes[n]!;
    for (const other of this.others(node)) this.loopback.cut(node.address, other.address);
    node.lives += 1;
    node.closing = node.peers.close();
  }

  /** On again, at least `DOWN_MIN_MS` after `down`. */
  async up(n: number, links: readonly number[], options: NodeOptions = {}): Promise<void> {
    const node = this.nodes[n]!;
    await node.closing;
    node.closing = undefined;
    for (const other of this.others(node))
      if (!('closing' in other) || other.closing === undefined) this.loopback.heal(node.address, other.address);
    this.openDoor(node, options);
    node.peers = this.peersOf(n, links, options);
    await node.peers.start();
  }

  isUp(n: number): boolean {
    return this.nodes[n]!.closing === undefined;
  }

  private others(node: TestNode): readonly (TestNode | { readonly address: string })[] {
    const strangers = [...this.strangers].map((address) => ({ address }));
    return [...this.nodes.filter((other) => other !== node), ...strangers];
  }

  /** Moves time on until `done`; the milliseconds it took. Throws when it takes longer than `limitMs`. */
  async until(done: () => boolean, limitMs: number, stepMs = 250): Promise<number> {
    const startMs = this.clock.now();
    while (!done()) {
      if (this.clock.now() - startMs > limitMs) throw new Error(`not done after ${limitMs} ms of simulated time`);
      await this.clock.advance(stepMs);
    }
    return this.clock.now() - startMs;
  }

  converged(count: number): boolean {
    return this.nodes.every((node) => node.store.blocks().length === count);
  }

  /** Frames sent to all whose name begins so. */
  answersTo(name: string): number {
    return [...this.frames].reduce((sum, [to, count]) => sum + (to.startsWith(`ws://${name}`) ? count : 0), 0);
  }

  async close(): Promise<void> {
    this.isOpen = false;
    const closing = Promise.all(this.nodes.map((node) => node.peers.close()));
    await this.clock.advance(5_000);
    await closing;
  }
}
