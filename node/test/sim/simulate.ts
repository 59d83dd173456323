import { createHash } from 'node:crypto';
import type { Passage } from '@cosmicembeddings/sdk/memory';
import { syncLimits, type SyncLimits } from '../../src/sync/index.js';
import { makeBlock, numbersOf, World } from '../sync/world.ts';
import { hostiles } from './hostile.ts';

export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly blocks: number;
  /** Of `hostiles`, by name; each attaches to a node that the seed chooses. */
  readonly hostile: readonly string[];
  /** Frames lost, repeated and overtaken; cuts, crashes, restarts. False for a calm network with latency alone. */
  readonly faults: boolean;
  readonly limits?: Partial<SyncLimits>;
  /** Publishing goes on for so long, then the network heals; everything has to be everywhere within `healMs`. */
  readonly stormMs?: number;
  readonly healMs?: number;
}

export interface Outcome {
  /** Invariants that did not hold, in words. */
  readonly violations: readonly string[];
  /** From healing until all had all. */
  readonly tookMs: number;
  /** The same for the same plan, on every machine. */
  readonly trace: string;
  readonly published: number;
  readonly crashes: number;
  readonly bytes: number;
}

const LIMITS: Partial<SyncLimits> = {
  reconcileMs: 20_000,
  feedMin: 8,
  wantMs: 6_000,
  backoffMaxMs: 8_000,
  timing: { answerMs: 10_000, silentMs: 30_000, idleMs: 10_000 },
};
const FSYNC_MS = 5;

/** What one stranger may make a node send, beside blocks: as much as the work that it may cause (specs/peer.md, Limits). */
const STRANGER_BYTES_PER_S = 1.2 * 1024 * 1024;
const BURST_BYTES = 36 * 1024 * 1024;
/** Small talk counts 16 KiB: the same in frames. */
const STRANGER_FRAMES_PER_S = 80;
const BURST_FRAMES = 2_300;

/** One world from a seed: honest nodes of the node's own peers and door over memory stores, a bad network, bad peers. */
export async function simulate(plan: Plan): Promise<Outcome> {
  const random = numbersOf(plan.seed * 7919 + plan.nodes);
  let calm = !plan.faults;
  let toStrangersBytes = 0;
  const isStranger = (address: string): boolean => !address.startsWith('ws://node');
  const passage = (from: string, to: string, bytes: number): Passage => {
    if (isStranger(to)) toStrangersBytes += bytes;
    return {
      copies: calm ? 1 : random() < 0.01 ? 0 : random() < 0.01 ? 2 : 1,
      delayMs: 5 + Math.floor(random() * (calm ? 20 : 80)),
    };
  };
  const world = new World(plan.seed, { passage });
  const limits = { ...LIMITS, ...plan.limits };
  const options = { limits, fsyncMs: FSYNC_MS };
  const links = Array.from({ length: plan.nodes }, (_, n) =>
    n === 0 ? [] : [...new Set([Math.floor(random() * n), Math.floor(random() * n)])],
  );
  for (const mine of links) await world.add(mine, options);
  const startMs = world.clock.now();
  for (const [i, name] of plan.hostile.entries())
    await hostiles[name]!.join(world, world.nodes[Math.floor(random() * plan.nodes)]!, `bad${i}`, 400 + i);

  const wires = Array.from({ length: plan.blocks }, (_, n) => makeBlock(n, { bodyBytes: n % 7 === 0 ? 9_000 : 200 }));
  const violations: string[] = [];
  const bounded = (): void => {
    for (const [n, node] of world.nodes.entries()) {
      const status = node.peers.status();
      const inbound = status.filter(({ direction }) => direction === 'in').length;
      if (inbound > syncLimits.inboundMax) violations.push(`node ${n}: ${inbound} connections came in`);
      const behind = Math.max(0, ...status.map((one) => one.behind ?? 0));
      if (behind > syncLimits.shares.known) violations.push(`node ${n}: ${behind} ids of one peer are remembered`);
    }
  };
  const acknowledged = new Set<string>();
  let crashes = 0;
  let restarts = 0;
  const stormMs = plan.stormMs ?? 20_000;
  for (let n = 0; n < plan.blocks; n++) {
    const author = world.nodes[Math.floor(random() * plan.nodes)]!;
    void author.accept(wires[n]!, { type: 'own' }).then((answer) => {
      if (answer.status === 'stored') acknowledged.add(answer.id);
    });
    await world.clock.advance((stormMs / plan.blocks) * 2 * random());
    bounded();
    if (!plan.faults || random() > 0.15) continue;
    const one = Math.floor(random() * plan.nodes);
    const other = (one + 1 + Math.floor(random() * (plan.nodes - 1))) % plan.nodes;
    const fate = random();
    if (fate < 0.5) world.loopback.cut(world.nodes[one]!.address, world.nodes[other]!.address);
    else if (fate < 0.75) {
      crashes++;
      await world.crash(one, links[one]!, options, random() * 4_000);
    } else {
      restarts++;
      await world.restart(one, links[one]!, options, random() * 4_000);
    }
  }
  for (const a of world.nodes) for (const b of world.nodes) world.loopback.heal(a.address, b.address);
  calm = true;
  const healedMs = world.clock.now();
  const healMs = plan.healMs ?? 90_000;
  const missing = (): number =>
    Math.max(...world.nodes.map(({ store }) => [...acknowledged].filter((id) => !idsOf(store).has(id)).length));
  while (missing() > 0 && world.clock.now() - healedMs < healMs) {
    await world.clock.advance(500);
    bounded();
  }
  const tookMs = world.clock.now() - healedMs;
  if (missing() > 0)
    violations.push(`${missing()} of ${acknowledged.size} blocks are missing ${healMs} ms after healing`);

  const known = new Set<string>();
  for (const node of world.nodes) for (const id of node.ids()) known.add(id);
  if (known.size > plan.blocks) violations.push(`${known.size} blocks are kept, ${plan.blocks} were published`);
  const bad = Math.max(...world.nodes.map(({ verdicts }) => verdicts.get('block.bad_signature') ?? 0));
  // These nodes have no disk to remember a ban on.
  const lives = 1 + crashes + restarts;
  const visits = plan.hostile.length * lives;
  if (bad > 8 * visits) violations.push(`${bad} bad signatures were judged at one node`);
  const seconds = (world.clock.now() - startMs) / 1000;
  if (toStrangersBytes > visits * (BURST_BYTES + STRANGER_BYTES_PER_S * seconds))
    violations.push(`${toStrangersBytes} bytes were sent to strangers in ${seconds} s`);
  const work = world.answersTo('bad');
  if (work > visits * (BURST_FRAMES + STRANGER_FRAMES_PER_S * seconds))
    violations.push(`${work} frames answer strangers’ small talk`);

  const trace = createHash('sha256');
  for (const node of world.nodes) trace.update(JSON.stringify([node.ids(), [...node.verdicts]]));
  trace.update(String([world.bytes, tookMs]));
  const outcome = { violations: [...new Set(violations)], tookMs, trace: trace.digest('hex').slice(0, 16) };
  const result = { ...outcome, published: acknowledged.size, crashes, bytes: world.bytes };
  await world.close();
  return result;
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
