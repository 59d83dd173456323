import {
  checkBlock,
  corePlugins,
  createRegistry,
  didOf,
  publicKeyOf,
  sha256,
  sign,
  toHex,
  type Accept,
  type Accepted,
  type BlockStore,
  type CheckedBlock,
  type Checks,
  type Network,
  type Transport,
} from '@cosmicembeddings/sdk';
import {
  createLoopback,
  createManualClock,
  createMemoryStore,
  type LoopbackOptions,
  type ManualClock,
  type MemoryStore,
} from '@cosmicembeddings/sdk/memory';
import { signBlock } from '@cosmicembeddings/sdk/testing';
import { createItemSet, Session, type Prover, type Wish } from '@cosmicembeddings/sdk/sync';
import { createDoor as createRealDoor } from '../../src/door/accept.js';
import { verifierOf } from '../../src/door/crypto/index.js';
import {
  createPeers,
  type FeedFile,
  type Identity,
  type MeetingRules,
  type PeerRules,
  type Peers,
  type SyncLimits,
} from '../../src/sync/index.js';

export const NETWORK = 'dev';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function numbersOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const seedOf = (n: number): Uint8Array => sha256(Uint8Array.of(n >> 8, n & 255, 77));
export const nodeDid = (n: number): string => didOf(publicKeyOf(seedOf(n)));

/** A signed block of a kind that nobody knows; sync does not look inside. */
export function makeBlock(
  n: number,
  options: { timeMs?: number; bodyBytes?: number; headerOnly?: boolean; network?: string; author?: number } = {},
): Uint8Array {
  const salt = sha256(Uint8Array.of(n >> 16, n >> 8, n & 255)).slice(0, 16);
  const body = { salt, tags: [`n${n}`], linked_blocks: [], filler: new Uint8Array(options.bodyBytes ?? 100) };
  const wire = signBlock({
    header: {
      version: 2,
      kind: 'note.test/1',
      timestamp: options.timeMs ?? 1_690_000_000_000 + n * 1000,
      cosmic_signature: {},
    },
    body,
    seed: seedOf(1000 + (options.author ?? 0)),
    network: options.network ?? NETWORK,
  });
  return wire;
}

const native = verifierOf('auto');
const verified = new Map<string, boolean>();
const checks: Checks = {
  network: NETWORK,
  registry: createRegistry(corePlugins),
  sha256,
  // Every node of a world checks every block: the verdict on the same bytes is worked out once.
  verify: (signature, message, key) => {
    const name = toHex(sha256(message)) + toHex(signature);
    let verdict = verified.get(name);
    if (verdict === undefined) verified.set(name, (verdict = native.verify(signature, message, key)));
    return verdict;
  },
  sky: { check: () => ({ ok: true }) },
};

export interface TestNode {
  readonly address: string;
  readonly did: string;
  readonly store: MemoryStore;
  accept: Accept;
  /** Verdicts of blocks from peers, by status or code. */
  readonly verdicts: Map<string, number>;
  /** Crashes so far. */
  lives: number;
  peers: Peers;
  publish(wire: Uint8Array): Promise<Accepted>;
  ids(): string[];
}

export interface NodeOptions {
  readonly networkId?: string;
  readonly limits?: Partial<SyncLimits>;
  readonly refuse?: (id: string) => boolean;
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
}

export const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
} as never;

/** The node's own door over a memory store, blocks judged in this thread. */
export function createDoor(
  store: BlockStore,
  now: () => number,
  onStored: () => void,
  refuse?: (id: string) => boolean,
  verdicts = new Map<string, number>(),
): { accept: Accept; verdicts: Map<string, number> } {
  const door = createRealDoor({
    store,
    pool: { check: async (wire) => checkBlock(wire, checks), verifier: 'memo', close: async () => undefined },
    admission: ({ block }) =>
      refuse?.((block as CheckedBlock).id) === true ? { rule: 'test', detail: 'test' } : undefined,
    clock: { now, sleep: () => Promise.reject(new Error('a door does not sleep')) },
    inFlightMax: 4096,
    inFlightMaxBytes: 2 ** 27,
    onStored,
  });
  const accept: Accept = async (bytes, source) => {
    const verdict = await door.accept(bytes, source);
    if (source.type === 'peer') {
      const name = verdict.status === 'rejected' ? verdict.code : verdict.status;
      verdicts.set(name, (verdicts.get(name) ?? 0) + 1);
    }
    return verdict;
  };
  return { accept, verdicts };
}

/** What a stranger says it has, where it is asked to compare. */
const NOTHING = createItemSet();

/** One connection whose other side the test plays. */
export class Stranger {
  /** What the session made of what came, sends apart. */
  readonly heard: Wish[] = [];
  ended = false;
  /** Asks and does not listen. */
  isDeaf = false;

  private constructor(
    readonly session: Session,
    private readonly line: Transport,
    private readonly network: Network,
    private readonly now: () => number,
  ) {}

  static async dial(network: Network, address: string, session: Session, now: () => number): Promise<Stranger> {
    const stranger = new Stranger(session, await network.dial(address), network, now);
    void stranger.listen();
    await stranger.say(session.open(now()));
    return stranger;
  }

  /** Sends what a call of the session wants sent. */
  async say(wishes: readonly Wish[]): Promise<void> {
    for (const wish of wishes)
      if (wish.type === 'send') await this.line.send(wish.frame).catch(() => undefined);
      else if (wish.type === 'items') await this.say(this.session.items(NOTHING, this.now()));
      else this.heard.push(wish);
  }

  async sayRaw(frame: Uint8Array): Promise<void> {
    await this.line.send(frame).catch(() => undefined);
  }

  /** Why the other side ended it. */
  get farewell(): string | undefined {
    const wish = this.heard.find((one) => one.type === 'close');
    return wish === undefined ? undefined : `${wish.code}: ${wish.detail}`;
  }

  count(type: Wish['type']): number {
    return this.heard.filter((wish) => wish.type === type).length;
  }

  async close(): Promise<void> {
    await this.line.close();
    await this.network.close();
  }

  private async listen(): Promise<void> {
    for await (const frame of this.line) {
      if (!this.isDeaf) await this.say(this.session.receive(frame, this.now()));
      this.onHeard?.();
    }
    this.ended = true;
  }

  onHeard: (() => void) | undefined;
}

/** Nodes over one loopback network and one manual clock, all from a seed. */
export class World {
  readonly clock: ManualClock = createManualClock();
  readonly random: () => number;
  readonly nodes: TestNode[] = [];
  readonly loopback: ReturnType<typeof createLoopback>;
  bytes = 0;
  isOpen = true;
  private readonly frames = new Map<string, number>();
  readonly strangers: { readonly address: string }[] = [];

  constructor(seed: number, loopback: Omit<LoopbackOptions, 'clock'> = {}) {
    this.random = numbersOf(seed);
    this.loopback = createLoopback({
      ...loopback,
      clock: this.clock,
      passage: (from, to, bytes) => {
        this.bytes += bytes;
        this.frames.set(to, (this.frames.get(to) ?? 0) + 1);
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
    const put = async (arrivals: Parameters<BlockStore['put']>[0]) => {
      if (options.fsyncMs !== undefined) await this.clock.sleep(options.fsyncMs);
      // What was not on disk when the power went is answered to nobody.
      return node.lives === lives ? store.put(arrivals) : new Promise<never>(() => undefined);
    };
    node.accept = createDoor(
      { ...store, put },
      () => this.clock.now() + (options.clockOffsetMs ?? 0),
      () => void store.head().then((head) => node.peers.announcements.notify(head)),
      options.refuse,
      node.verdicts,
    ).accept;
  }

  identityOf(n: number): Identity {
    return {
      sign: (message) => sign(message, seedOf(n)),
      nonce: () => Uint8Array.from({ length: 32 }, () => Math.floor(this.random() * 256)),
      verify: checks.verify,
    };
  }

  /** Somebody who speaks the protocol by hand; with `key`, an identity that is proven. */
  async stranger(name: string, target: TestNode, key?: number | { claims: number }): Promise<Stranger> {
    const network = this.loopback.network(`ws://${name}`);
    this.strangers.push({ address: `ws://${name}` });
    const prover: Prover | undefined =
      typeof key === 'number'
        ? { ...this.identityOf(key), nonce: this.identityOf(key).nonce(), role: 'dialler', url: target.address }
        : undefined;
    const node = nodeDid(typeof key === 'number' ? key : (key?.claims ?? 999));
    const session = new Session({ network: NETWORK, node, ...(prover === undefined ? {} : { prover }) });
    return Stranger.dial(network, target.address, session, () => this.clock.now());
  }

  peersOf(n: number, links: readonly number[], options: NodeOptions = {}, network?: Network): Peers {
    const node = this.nodes[n]!;
    return createPeers({
      ...(options.claims === true ? {} : { identity: this.identityOf(options.keyOf ?? n) }),
      ...(options.rules === undefined ? {} : { rules: options.rules }),
      ...(options.meeting === undefined ? {} : { meeting: options.meeting }),
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
    const node = this.nodes[n]!;
    const others = [...this.nodes, ...this.strangers].filter((other) => other !== node);
    for (const other of others) this.loopback.cut(node.address, other.address);
    node.lives += 1;
    const closing = node.peers.close();
    await this.clock.advance(2_000);
    await closing;
    await this.clock.advance(downMs);
    for (const other of others) this.loopback.heal(node.address, other.address);
    this.openDoor(node, options);
    node.peers = this.peersOf(n, links, options);
    await node.peers.start();
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
