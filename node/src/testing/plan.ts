import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CosmicError, splitBlocks, type Plugin } from '@cosmicembeddings/sdk';
import type { Coverage } from '@cosmicembeddings/sdk/filter';
import { policySchema, type Policy } from '../door/admission.js';
import { readSettings, type SettingSchema } from '../json-schema.js';
import { loadPlugins } from '../plugins.js';
import { subscriptionsOf, subscriptionsSchema, syncLimits, type SyncLimits } from '../sync/index.js';
import { hostiles, type Hostile } from './hostiles.js';
import type { Defence } from './world.js';

/** Who dials whom: a shape, or pairs [who, whom] of nodes' numbers. */
export type Topology = 'random' | 'line' | 'ring' | 'star' | 'mesh' | readonly (readonly [number, number])[];
export const topologies = ['random', 'line', 'ring', 'star', 'mesh'] as const;

/** A world to be simulated; the same plan gives the same world, event by event, on every machine. */
export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  /** Blocks that are made and published, at nodes that the seed chooses. */
  readonly blocks: number;
  /** Bodies of so many bytes. Default 200, every seventh 9,000. */
  readonly bodyBytes?: number;
  /** Signed blocks of one's own, published besides. */
  readonly wires?: readonly Uint8Array[];
  /** Of `hostiles` or `behaviours`, by name; each attaches to a node that the seed chooses. */
  readonly hostile: readonly string[];
  readonly behaviours?: Readonly<Record<string, Hostile>>;
  /** Frames lost, repeated and late; cuts, crashes, restarts, unless said below. False: a calm network. */
  readonly faults: boolean;
  /** Default `random`: each dials `dials` (2) that were there before it. */
  readonly topology?: Topology;
  readonly dials?: number;
  /** Of a frame, evenly between the two. Default 5 to 25 ms, with faults to 85. */
  readonly latencyMs?: readonly [number, number];
  /** Chance of a frame to be lost, to come twice. Default 0, with faults 0.01. */
  readonly loss?: number;
  readonly repeat?: number;
  /** Frames overtake each other. */
  readonly reorder?: boolean;
  /** Chance, after each block, that two nodes are cut from each other, that one crashes, that one restarts. */
  readonly cuts?: number;
  readonly crashes?: number;
  readonly restarts?: number;
  /** The network falls into two halves for a time. */
  readonly partition?: { readonly fromMs: number; readonly toMs: number };
  /** Every node but the first goes and comes, after times drawn around these. */
  readonly churn?: { readonly upMs: number; readonly downMs: number };
  /** Beside the core's: their kinds are checked, and their views' rows have to be the same at all nodes. */
  readonly plugins?: readonly Plugin[];
  /** What nodes admit: all of them, or one by its number. */
  readonly policy?: Policy;
  readonly policies?: Readonly<Record<number, Policy>>;
  /** What one node keeps of what others bring, by its number; node 0 keeps everything. */
  readonly subscriptions?: Readonly<Record<number, NonNullable<Coverage>>>;
  /** Each made block has one of these tags, too, in turn. */
  readonly topics?: readonly string[];
  readonly limits?: Partial<SyncLimits>;
  /** Honest nodes stand there without these defences, to show what they are for; those with a limit are switched off by it. */
  readonly without?: readonly Defence[];
  /** Publishing goes on for so long, then the network heals; everything has to be everywhere within `healMs`. */
  readonly stormMs?: number;
  readonly healMs?: number;
  /** Publishing ends earlier than the storm. */
  readonly publishMs?: number;
}

const whole = (minimum: number, maximum: number, description: string): SettingSchema => ({
  type: 'integer',
  minimum,
  maximum,
  description,
});
const time = (description: string): SettingSchema => ({ ...whole(0, 7 * 86_400_000, description), unit: 'ms' });
const chance = (description: string): SettingSchema => ({ type: 'number', minimum: 0, maximum: 1, description });
const object = (properties: Readonly<Record<string, SettingSchema>>, description: string): SettingSchema => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
  description,
});

const limitsSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'bounds and times of nodes (defaults: those of a node, times shortened)',
  properties: Object.fromEntries(
    Object.entries(syncLimits)
      .filter(([, value]) => typeof value === 'number')
      .map(([name]) => [name, { type: 'number', description: name }]),
  ),
};

/** What stands in a `world.json`. */
export const worldSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    seed: { ...whole(0, 2 ** 31, 'the same seed, the same world'), default: 1 },
    nodes: { ...whole(1, 2_000, 'honest nodes'), default: 10 },
    blocks: { ...whole(0, 100_000, 'blocks to make and publish'), default: 50 },
    bodyBytes: whole(0, 1_000_000, 'bytes of a body; default 200, every seventh 9,000'),
    files: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'blocks to publish besides: CBOR sequences (cosmic export), paths beside this file',
    },
    topology: {
      type: ['string', 'array'],
      default: 'random',
      description: `who dials whom: ${topologies.join(', ')}, or pairs [who, whom]`,
    },
    dials: { ...whole(1, 64, 'nodes that each dials in a random world'), default: 2 },
    latencyMs: {
      type: 'array',
      items: { type: 'number', minimum: 0, maximum: 60_000 },
      default: [5, 25],
      description: 'least and most of a frame',
    },
    loss: { ...chance('chance of a frame to be lost'), default: 0 },
    repeat: { ...chance('chance of a frame to come twice'), default: 0 },
    reorder: { type: 'boolean', default: false, description: 'frames overtake each other' },
    cuts: { ...chance('after each block: two nodes are cut from each other until the network heals'), default: 0 },
    crashes: { ...chance('after each block: a node loses power, and what was not durable'), default: 0 },
    restarts: { ...chance('after each block: a node stops and starts'), default: 0 },
    partition: object({ from: time('begin'), to: time('end') }, 'the network falls into halves'),
    churn: object({ up: time('around so long'), down: time('around so long') }, 'nodes go and come'),
    hostile: {
      type: 'object',
      additionalProperties: whole(0, 100, 'how many'),
      default: {},
      description: `bad peers by name: ${Object.keys(hostiles).join(', ')}`,
    },
    plugins: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'packages, or paths beside this file',
    },
    policy: { ...policySchema, default: {}, description: 'what all nodes admit' },
    policies: {
      type: 'object',
      additionalProperties: policySchema,
      default: {},
      description: 'what one node admits, by its number',
    },
    subscriptions: {
      type: 'object',
      additionalProperties: subscriptionsSchema,
      default: {},
      description:
        'what one node keeps of what others bring, by its number (the setting of the same name); others keep everything',
    },
    topics: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description: 'tags of the blocks that are made, in turn',
    },
    limits: { ...limitsSchema, default: {} },
    storm: { ...time('how long is published, with all faults'), default: 20_000 },
    heal: {
      ...time('how long all may take, once the network is whole, until each has what it wants'),
      default: 90_000,
    },
  },
};

interface Written {
  readonly seed: number;
  readonly nodes: number;
  readonly blocks: number;
  readonly bodyBytes?: number;
  readonly files: readonly string[];
  readonly topology: unknown;
  readonly dials: number;
  readonly latencyMs: readonly number[];
  readonly loss: number;
  readonly repeat: number;
  readonly reorder: boolean;
  readonly cuts: number;
  readonly crashes: number;
  readonly restarts: number;
  readonly partition?: { readonly from: number; readonly to: number };
  readonly churn?: { readonly up: number; readonly down: number };
  readonly hostile: Readonly<Record<string, number>>;
  readonly plugins: readonly string[];
  readonly policy: Policy;
  readonly policies: Readonly<Record<string, Policy>>;
  readonly subscriptions: Readonly<Record<string, readonly unknown[]>>;
  readonly topics: readonly string[];
  readonly limits: Partial<SyncLimits>;
  readonly storm: number;
  readonly heal: number;
}

/** The plan that a file describes. @throws CosmicError config.malformed with the field's name, input.not_found */
export async function readPlan(path: string, seed?: number): Promise<Plan> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CosmicError('input.not_found', path, { cause });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CosmicError('config.malformed', `${path}: ${(cause as Error).message}`, { cause });
  }
  return planOf(value, dirname(resolve(path)), seed);
}

/** As `readPlan`, of what such a file holds; `folder`: what its paths are beside. */
export async function planOf(value: unknown, folder: string, seed?: number): Promise<Plan> {
  const {
    files,
    partition,
    churn,
    hostile,
    plugins,
    policies,
    subscriptions,
    topics,
    storm,
    heal,
    topology,
    latencyMs,
    ...rest
  } = readSettings<Written>(worldSchema, value);
  const bad = (detail: string): CosmicError => new CosmicError('config.malformed', detail);
  const [least = 0, most = least] = latencyMs;
  if (latencyMs.length > 2 || most < least) throw bad('latencyMs: expected [least, most]');
  for (const name of Object.keys(hostile))
    if (!Object.hasOwn(hostiles, name)) throw bad(`hostile: ${name}: one of ${Object.keys(hostiles).join(', ')}`);
  const beside = (name: string): string => (name.startsWith('.') ? resolve(folder, name) : name);
  const wires: Uint8Array[] = [];
  for (const file of files) {
    const bytes = await readFile(resolve(folder, file)).catch((cause: unknown) => {
      throw new CosmicError('input.not_found', resolve(folder, file), { cause });
    });
    for (const one of splitBlocks(new Uint8Array(bytes))) {
      if (!(one instanceof Uint8Array)) throw new CosmicError(one.code, `${file}: ${one.detail}`);
      wires.push(one);
    }
  }
  return {
    ...rest,
    ...(seed === undefined ? {} : { seed }),
    faults: false,
    topology: topologyOf(topology, rest.nodes, bad),
    latencyMs: [least, most],
    ...(wires.length === 0 ? {} : { wires }),
    ...(partition === undefined ? {} : { partition: { fromMs: partition.from, toMs: partition.to } }),
    ...(churn === undefined ? {} : { churn: { upMs: churn.up, downMs: churn.down } }),
    hostile: Object.entries(hostile).flatMap(([name, count]) => Array.from({ length: count }, () => name)),
    ...(plugins.length === 0 ? {} : { plugins: await loadPlugins(plugins.map(beside)) }),
    ...(topics.length === 0 ? {} : { topics }),
    ...(Object.keys(subscriptions).length === 0
      ? {}
      : {
          subscriptions: Object.fromEntries(
            Object.entries(subscriptions).map(([n, written]) => {
              if (!(Number(n) < rest.nodes)) throw bad(`subscriptions: ${n} is no node of 0 to ${rest.nodes - 1}`);
              return [Number(n), subscriptionsOf(written) ?? [{}]];
            }),
          ),
        }),
    policies: Object.fromEntries(
      Object.entries(policies).map(([n, policy]) => {
        if (!(Number(n) < rest.nodes)) throw bad(`policies: ${n} is no node of 0 to ${rest.nodes - 1}`);
        return [Number(n), policy];
      }),
    ),
    stormMs: storm,
    healMs: heal,
  };
}

function topologyOf(value: unknown, nodes: number, bad: (detail: string) => CosmicError): Topology {
  if (typeof value === 'string') {
    const shape = topologies.find((one) => one === value);
    if (shape === undefined) throw bad(`topology: one of ${topologies.join(', ')}, or pairs`);
    return shape;
  }
  for (const pair of value as unknown[])
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every((n) => Number.isSafeInteger(n) && n >= 0 && n < nodes))
      throw bad(`topology: ${JSON.stringify(pair)}: expected [who, whom], numbers of 0 to ${nodes - 1}`);
  return value as [number, number][];
}

/** Whom each node dials. `random`: numbers in [0, 1). */
export function linksOf(plan: Plan, random: () => number): number[][] {
  const { nodes, topology = 'random', dials = 2, subscriptions = {} } = plan;
  const keepsAll = (n: number): boolean => subscriptions[n] === undefined;
  if (typeof topology !== 'string') {
    const links = Array.from({ length: nodes }, (): number[] => []);
    for (const [who, whom] of topology) if (who !== whom) links[who]!.push(whom);
    return links.map((mine) => [...new Set(mine)]);
  }
  return Array.from({ length: nodes }, (_, n) => {
    const before = Array.from({ length: n }, (_, i) => i);
    if (topology === 'mesh') return before;
    if (topology === 'star') return n === 0 ? [] : [0];
    if (topology === 'line') return n === 0 ? [] : [n - 1];
    if (topology === 'ring') return n === 0 ? (nodes > 2 ? [nodes - 1] : []) : [n - 1];
    if (n === 0) return [];
    const drawn = [...new Set(Array.from({ length: dials }, () => Math.floor(random() * n)))];
    // What a node wants it finds by comparing with one that keeps it.
    return drawn.some(keepsAll) ? drawn : [before.filter(keepsAll).at(-1) ?? 0, ...drawn.slice(1)];
  });
}
