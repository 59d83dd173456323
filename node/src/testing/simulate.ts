import { createRegistry, sha256, toHex, utf8 } from '@cosmicembeddings/sdk';
import { coverageTest, type Covered } from '@cosmicembeddings/sdk/filter';
import type { Passage } from '@cosmicembeddings/sdk/memory';
import { coveredOf, syncLimits, type SyncLimits } from '../sync/index.js';
import { makeBlock, numbersOf } from './blocks.js';
import { foldedRows } from './fold.js';
import { hostiles } from './hostiles.js';
import { linksOf, type Plan } from './plan.js';
import { receiptFaults } from './witness.js';
import { DOWN_MIN_MS, World, type NodeOptions, type TestNode } from './world.js';

export interface Outcome {
  /** Every honest node has every acknowledged block that it wants. */
  readonly converged: boolean;
  /** Invariants that did not hold, in words. */
  readonly violations: readonly string[];
  /** From healing until all had all. */
  readonly tookMs: number;
  /** From acknowledged at one node to durable at all that want it, of the blocks that got there. */
  readonly spreadMs: { readonly p50: number; readonly p99: number; readonly most: number };
  /** The same for the same plan, on every machine. */
  readonly trace: string;
  /** Blocks acknowledged. */
  readonly published: number;
  readonly crashes: number;
  readonly restarts: number;
  /** All that was sent, every frame counted; `neededBytes`: the blocks, once for each node that lacked and wants them. */
  readonly bytes: number;
  readonly frames: number;
  readonly neededBytes: number;
  readonly simulatedMs: number;
}

/** What looks on. */
export interface Watching {
  /** After each step of the world. */
  onStep?(world: World): void;
}

/** Bounds and times of simulated nodes: `short` by default, so that small worlds are soon over; `real` are a node's own. */
export const simulatedLimits: Readonly<Record<'short' | 'real', Partial<SyncLimits>>> = {
  real: { ...syncLimits, timing: {} },
  short: {
    reconcileMs: 20_000,
    feedMin: 8,
    wantMs: 6_000,
    backoffMaxMs: 8_000,
    timing: { answerMs: 10_000, silentMs: 30_000, idleMs: 10_000 },
  },
};
const FSYNC_MS = 5;
/** Longer stretches are gone through in such steps, between which invariants are looked at. */
const STEP_MS = 5_000;
const FIRST_BAD_KEY = 400;

/** What one stranger may make a node send, beside blocks: as much as the work that it may cause (specs/peer.md, Limits). */
const STRANGER_BYTES_PER_S = 1.2 * 1024 * 1024;
const BURST_BYTES = 36 * 1024 * 1024;
/** What strangers may make honest nodes say to each other, beside twenty times the blocks that they needed: at once, and each node a second. */
const AMONG_BYTES = 1024 * 1024;
const AMONG_BYTES_PER_S = 2 * 1024;
/** Small talk counts 16 KiB: the same in frames. */
const STRANGER_FRAMES_PER_S = 80;
const BURST_FRAMES = 2_300;

/** One world from a seed: honest nodes of the node's own peers and door over memory stores, a bad network, bad peers. */
export async function simulate(plan: Plan, watching: Watching = {}): Promise<Outcome> {
  const random = numbersOf(plan.seed * 7919 + plan.nodes);
  const usual = plan.faults ? 1 : 0;
  const { loss = 0.01 * usual, repeat = 0.01 * usual, cuts = 0.075 * usual } = plan;
  const { crashes: crashing = 0.0375 * usual, restarts: restarting = 0.0375 * usual } = plan;
  let calm = loss === 0 && repeat === 0;
  let toStrangersBytes = 0;
  let amongBytes = 0;
  const isStranger = (address: string): boolean => !address.startsWith('ws://node');
  const [least, most] = plan.latencyMs ?? [5, plan.faults ? 85 : 25];
  const passage = (from: string, to: string, bytes: number): Passage => {
    if (isStranger(to)) toStrangersBytes += bytes;
    else if (!isStranger(from)) amongBytes += bytes;
    const copies = calm ? 1 : random() < loss ? 0 : random() < repeat ? 2 : 1;
    const span = calm && plan.latencyMs === undefined ? 20 : most - least;
    return { copies, delayMs: least + Math.floor(random() * span) };
  };
  const world = new World(plan.seed, { passage, ordered: plan.reorder !== true });
  const limits = { ...simulatedLimits.short, ...plan.limits };
  const registry = plan.plugins === undefined ? undefined : createRegistry(plan.plugins);
  const optionsOf = (n: number): NodeOptions => {
    const policy = plan.policies?.[n] ?? plan.policy;
    return {
      limits,
      fsyncMs: FSYNC_MS,
      ...(plan.without === undefined ? {} : { without: plan.without }),
      ...(policy === undefined ? {} : { policy }),
      ...(registry === undefined ? {} : { registry }),
      ...(plan.subscriptions?.[n] === undefined ? {} : { coverage: plan.subscriptions[n] }),
    };
  };
  const links = linksOf(plan, random);
  for (const [n, mine] of links.entries()) await world.add(mine, optionsOf(n));
  const startMs = world.clock.now();
  const behaviours = { ...hostiles, ...plan.behaviours };
  for (const [i, name] of plan.hostile.entries()) {
    const victim = world.nodes[Math.floor(random() * plan.nodes)]!;
    await behaviours[name]!.join(world, victim, `bad${i}`, FIRST_BAD_KEY + i);
  }

  const violations: string[] = [];
  const look = (): void => {
    watching.onStep?.(world);
    for (const [n, node] of world.nodes.entries()) {
      const status = node.peers.status();
      const inbound = status.filter(({ direction }) => direction === 'in').length;
      if (inbound > syncLimits.inboundMax) violations.push(`node ${n}: ${inbound} connections came in`);
      const coverages = node.peers.coverages();
      if (coverages > syncLimits.partsMax + plan.nodes)
        violations.push(`node ${n}: ${coverages} coverages are compared`);
      const behind = Math.max(0, ...status.map((one) => one.behind ?? 0));
      if (behind > syncLimits.shares.known) violations.push(`node ${n}: ${behind} ids of one peer are remembered`);
    }
  };
  const spread = new Spread(world, plan);
  const halves = halvesOf(world, plan);
  const churn = new Churn(world, plan, (n) => links[n]!, optionsOf, random);
  const go = async (ms: number): Promise<void> => {
    const endMs = world.clock.now() + ms;
    do {
      await world.clock.advance(Math.min(STEP_MS, Math.max(0, endMs - world.clock.now())));
      halves(world.clock.now() - startMs);
      await churn.step();
      look();
    } while (world.clock.now() < endMs);
  };

  const { topics = [] } = plan;
  const made = Array.from({ length: plan.blocks }, (_, n) =>
    makeBlock(n, {
      bodyBytes: plan.bodyBytes ?? (n % 7 === 0 ? 9_000 : 200),
      ...(topics.length === 0 ? {} : { tags: [`n${n}`, topics[n % topics.length]!] }),
    }),
  );
  const wires = [...made, ...(plan.wires ?? [])];
  const acknowledged = new Map<string, Uint8Array>();
  let crashes = 0;
  let restarts = 0;
  const stormMs = plan.stormMs ?? 20_000;
  const publishMs = plan.publishMs ?? stormMs;
  for (const wire of wires) {
    const author = world.nodes[Math.floor(random() * plan.nodes)]!;
    if (author.closing === undefined)
      void author.accept(wire, { type: 'own' }).then((answer) => {
        if (answer.status !== 'stored') return;
        acknowledged.set(answer.id, wire);
        spread.begin(answer.id);
      });
    await go((publishMs / wires.length) * 2 * random());
    const fates = cuts + crashing + restarting;
    if (fates === 0 || random() > fates || plan.nodes < 2) continue;
    const one = Math.floor(random() * plan.nodes);
    const other = (one + 1 + Math.floor(random() * (plan.nodes - 1))) % plan.nodes;
    const fate = random() * fates;
    if (fate < cuts) world.loopback.cut(world.nodes[one]!.address, world.nodes[other]!.address);
    else if (!world.isUp(one)) continue;
    else if (fate < cuts + crashing) {
      crashes++;
      await world.crash(one, links[one]!, optionsOf(one), random() * 4_000);
    } else {
      restarts++;
      await world.restart(one, links[one]!, optionsOf(one), random() * 4_000);
    }
  }
  const lastsMs = stormMs - (world.clock.now() - startMs);
  if (plan.churn !== undefined && lastsMs > 0) await go(lastsMs);
  await churn.end();
  halves(Infinity);
  for (const a of world.nodes) for (const b of world.nodes) world.loopback.heal(a.address, b.address);
  calm = true;
  const healedMs = world.clock.now();
  const healMs = plan.healMs ?? 90_000;
  const wants = wantsOf(world, plan);
  const lacking = (node: TestNode): number => {
    const ids = idsOf(node.store);
    let count = 0;
    for (const id of acknowledged.keys()) if (!ids.has(id) && wants(node, id)) count += 1;
    return count;
  };
  const missing = (): number => Math.max(...world.nodes.map(lacking));
  while (missing() > 0 && world.clock.now() - healedMs < healMs) {
    await world.clock.advance(500);
    look();
  }
  const tookMs = world.clock.now() - healedMs;
  const converged = missing() === 0;
  if (!converged) violations.push(`${missing()} of ${acknowledged.size} blocks are missing ${healMs} ms after healing`);

  /** The blocks, once for each node that lacked and has them. */
  const neededOf = (): number => {
    let bytes = 0;
    for (const { store, refused } of world.nodes)
      for (const [id, wire] of acknowledged) if (idsOf(store).has(id) && !refused.has(id)) bytes += wire.length;
    for (const wire of acknowledged.values()) bytes -= wire.length;
    return bytes;
  };
  const neededBytes = neededOf();
  // What peers brought to a node that does not keep it.
  for (const [n, node] of world.nodes.entries()) {
    const more = [...idsOf(node.store)].filter((id) => !wants(node, id) && !node.own.has(id));
    if (more.length > 0) violations.push(`node ${n} keeps ${more.length} blocks that it does not subscribe to`);
  }
  const known = new Set<string>();
  // Anybody may say that he saw a block; what becomes of that is looked at below.
  for (const { store } of world.nodes)
    for (const { id, entry } of store.blocks()) if (entry.kind !== 'receipt/1' || acknowledged.has(id)) known.add(id);
  if (known.size > wires.length) violations.push(`${known.size} blocks are kept, ${wires.length} were published`);
  violations.push(
    ...receiptFaults(world.nodes, new Set(acknowledged.keys()), plan.without?.includes('operators') === true),
  );
  const bad = Math.max(...world.nodes.map(({ verdicts }) => verdicts.get('block.bad_signature') ?? 0));
  // These nodes have no disk to remember a ban on.
  const lives = 1 + crashes + restarts + churn.changes;
  const visits = plan.hostile.length * lives;
  if (bad > 8 * visits) violations.push(`${bad} bad signatures were judged at one node`);
  const seconds = (world.clock.now() - startMs) / 1000;
  if (toStrangersBytes > visits * (BURST_BYTES + STRANGER_BYTES_PER_S * seconds))
    violations.push(`${toStrangersBytes} bytes were sent to strangers in ${seconds} s`);
  if (plan.hostile.length > 0 && amongBytes > AMONG_BYTES + AMONG_BYTES_PER_S * plan.nodes * seconds + 20 * neededBytes)
    violations.push(`${amongBytes} bytes went between honest nodes`);
  const work = world.answersTo('bad');
  if (work > visits * (BURST_FRAMES + STRANGER_FRAMES_PER_S * seconds))
    violations.push(`${work} frames answer strangers’ small talk`);
  if (plan.plugins !== undefined && converged) {
    const rows = new Map<string, number>();
    for (const { store } of world.nodes) {
      const blocks = store.blocks();
      const name = toHex(sha256(utf8(foldedRows(plan.plugins, blocks)))) + [...idsOf(store)].sort().join();
      rows.set(name, blocks.length);
    }
    const sets = new Set(world.nodes.map(({ store }) => [...idsOf(store)].sort().join()));
    if (rows.size > sets.size)
      violations.push(`views have ${rows.size} different states over ${sets.size} sets of blocks`);
  }

  const trace = toHex(
    sha256(
      utf8(
        JSON.stringify([world.nodes.map((node) => [node.ids(), [...node.verdicts]]), world.bytes, tookMs, violations]),
      ),
    ),
  ).slice(0, 16);
  const outcome: Outcome = {
    converged,
    violations: [...new Set(violations)],
    tookMs,
    spreadMs: spread.times(),
    trace,
    published: acknowledged.size,
    crashes: crashes + churn.changes,
    restarts,
    bytes: world.bytes,
    frames: world.frameCount,
    neededBytes,
    simulatedMs: world.clock.now() - startMs,
  };
  await world.close();
  return outcome;
}

/** From acknowledged to durable everywhere. */
class Spread {
  private readonly begunMs = new Map<string, number>();
  private readonly at = new Map<string, { count: number; lastMs: number }>();

  private readonly wants: (node: TestNode, id: string) => boolean;

  constructor(
    private readonly world: World,
    plan: Plan,
  ) {
    this.wants = wantsOf(world, plan);
    world.onStored = (_node, id) => {
      const seen = this.at.get(id);
      this.at.set(id, { count: (seen?.count ?? 0) + 1, lastMs: world.clock.now() });
    };
  }

  begin(id: string): void {
    this.begunMs.set(id, this.world.clock.now());
  }

  times(): Outcome['spreadMs'] {
    const all = [...this.begunMs]
      .filter(([id]) => this.world.nodes.every((node) => idsOf(node.store).has(id) || !this.wants(node, id)))
      .map(([id, fromMs]) => this.at.get(id)!.lastMs - fromMs)
      .sort((a, b) => a - b);
    const quantile = (q: number): number => all[Math.min(all.length - 1, Math.floor(q * all.length))] ?? 0;
    return { p50: quantile(0.5), p99: quantile(0.99), most: all.at(-1) ?? 0 };
  }
}

/** Nodes that go and come by themselves. */
class Churn {
  changes = 0;
  private readonly dueMs: number[];

  constructor(
    private readonly world: World,
    private readonly plan: Plan,
    private readonly links: (n: number) => readonly number[],
    private readonly options: (n: number) => NodeOptions,
    private readonly random: () => number,
  ) {
    this.dueMs = world.nodes.map(
      () => world.clock.now() + (plan.churn === undefined ? Infinity : this.after(plan.churn.upMs)),
    );
  }

  async step(): Promise<void> {
    const { churn } = this.plan;
    if (churn === undefined) return;
    for (let n = 1; n < this.world.nodes.length; n++) {
      if (this.world.clock.now() < this.dueMs[n]!) continue;
      if (this.world.isUp(n)) {
        this.changes += 1;
        this.world.down(n);
        this.dueMs[n] = this.world.clock.now() + Math.max(DOWN_MIN_MS, this.after(churn.downMs));
      } else {
        await this.world.up(n, this.links(n), this.options(n));
        this.dueMs[n] = this.world.clock.now() + this.after(churn.upMs);
      }
    }
  }

  /** All are on. */
  async end(): Promise<void> {
    if (this.plan.churn === undefined) return;
    await this.world.clock.advance(DOWN_MIN_MS);
    for (let n = 1; n < this.world.nodes.length; n++)
      if (!this.world.isUp(n)) await this.world.up(n, this.links(n), this.options(n));
  }

  private after(ms: number): number {
    return ms * -Math.log(1 - this.random());
  }
}

/** Cuts the world into even and odd nodes while the plan says so. */
function halvesOf({ nodes, loopback }: World, { partition }: Plan): (atMs: number) => void {
  let apart = false;
  return (atMs) => {
    const should = partition !== undefined && atMs >= partition.fromMs && atMs < partition.toMs;
    if (should === apart) return;
    apart = should;
    for (const [a, one] of nodes.entries())
      for (const [b, other] of nodes.entries())
        if (a < b && a % 2 !== b % 2) loopback[should ? 'cut' : 'heal'](one.address, other.address);
  };
}

/** Does a node want a block? One that refused it does not, nor one that does not subscribe to it. */
function wantsOf({ nodes }: World, { subscriptions = {} }: Plan): (node: TestNode, id: string) => boolean {
  const tests = new Map(Object.entries(subscriptions).map(([n, one]) => [nodes[Number(n)], coverageTest(one)]));
  const blocks = new Map<string, Covered>();
  const blockOf = (id: string): Covered | undefined => {
    for (const { store } of blocks.has(id) ? [] : nodes)
      for (const block of store.blocks()) if (!blocks.has(block.id)) blocks.set(block.id, coveredOf(block));
    return blocks.get(id);
  };
  return (node, id) => {
    if (node.refused.has(id)) return false;
    const test = tests.get(node);
    const block = test === undefined ? undefined : blockOf(id);
    return test === undefined || block === undefined || test(block);
  };
}

const cache = new WeakMap<object, { count: number; ids: Set<string> }>();
function idsOf(store: { blocks(): readonly { id: string }[] }): Set<string> {
  const blocks = store.blocks();
  let kept = cache.get(store);
  if (kept?.count !== blocks.length) {
    kept = { count: blocks.length, ids: new Set(blocks.map(({ id }) => id)) };
    cache.set(store, kept);
  }
  return kept.ids;
}
