import type { CheckedBlock, ObserverLocation } from '@cosmicembeddings/sdk';
import { readSettings, type SettingSchema } from '../json-schema.js';
import { createBuckets, type Buckets } from './buckets.js';

/** Allowed or denied values of one property; without `allow` everything is allowed that is not denied. */
export interface Rule {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** A rectangle in degrees; a west above its east crosses the date line. */
export interface Region {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

/** This operator's admission rules. They decide what is kept here, never what is valid. */
export interface Policy {
  readonly authors?: Rule;
  readonly kinds?: Rule;
  readonly spaces?: Rule;
  readonly tags?: Rule;
  /** Blocks must be stamped inside one of these places. */
  readonly regions?: readonly Region[];
  readonly maxAgeMs?: number;
  readonly maxBytes?: number;
  /** Per author, counted over the last `perMs` (default a day) of this node's own clock. */
  readonly quota?: { readonly blocks?: number; readonly bytes?: number; readonly perMs?: number };
  /** Blocks must carry these relations among their refs or links. */
  readonly requiredProofs?: readonly string[];
}

export interface Refusal {
  /** The rule that refused, e.g. `authors.deny`. */
  readonly rule: string;
  readonly detail: string;
  /** When the same block passes, where time alone is in the way. */
  readonly retryAtMs?: number;
}

const DAY_MS = 86_400_000;

/** What a policy judges: enough of a block to apply every rule, whether it is arriving or already stored. */
export interface Candidate {
  readonly block: Pick<CheckedBlock, 'entry' | 'timeMs'>;
  readonly bytes: number;
  /** Asked for only where a rule needs it. */
  place(): ObserverLocation | undefined;
}

/** Judges one block after another; keeps the quotas' counts. */
export function createAdmission(policy: Policy): (candidate: Candidate, nowMs: number) => Refusal | undefined {
  const buckets = createBuckets();
  return (candidate, nowMs) => refusalOf(policy, candidate, nowMs) ?? charge(policy, buckets, candidate, nowMs);
}

function refusalOf(policy: Policy, { block, bytes, place }: Candidate, nowMs: number): Refusal | undefined {
  const { entry } = block;
  return (
    listed('authors', policy.authors, [entry.author]) ??
    listed('kinds', policy.kinds, [entry.kind]) ??
    listed('spaces', policy.spaces, entry.space === undefined ? [] : [entry.space]) ??
    listed('tags', policy.tags, entry.tags) ??
    (policy.maxBytes !== undefined && bytes > policy.maxBytes
      ? { rule: 'maxBytes', detail: `${bytes} bytes, at most ${policy.maxBytes}` }
      : undefined) ??
    (policy.maxAgeMs !== undefined && nowMs - block.timeMs > policy.maxAgeMs
      ? { rule: 'maxAgeMs', detail: `${nowMs - block.timeMs} ms old, at most ${policy.maxAgeMs}` }
      : undefined) ??
    outside(policy.regions, place) ??
    unproven(policy.requiredProofs, entry)
  );
}

function listed(name: string, rule: Rule | undefined, values: readonly string[]): Refusal | undefined {
  if (rule === undefined) return undefined;
  const denied = values.find((value) => rule.deny?.includes(value));
  if (denied !== undefined) return { rule: `${name}.deny`, detail: denied };
  if (rule.allow !== undefined && values.length > 0 && !values.some((value) => rule.allow!.includes(value)))
    return { rule: `${name}.allow`, detail: values.join(', ') };
  return undefined;
}

function outside(regions: readonly Region[] | undefined, placeOf: Candidate['place']): Refusal | undefined {
  if (regions === undefined) return undefined;
  const place = placeOf();
  if (place === undefined) return { rule: 'regions', detail: 'the block names no place' };
  const lat = place.lat / 1e6;
  const lon = place.lon / 1e6;
  const inside = regions.some(
    (r) =>
      lat >= r.south &&
      lat <= r.north &&
      (r.west <= r.east ? lon >= r.west && lon <= r.east : lon >= r.west || lon <= r.east),
  );
  return inside ? undefined : { rule: 'regions', detail: `${lat}, ${lon} lies in no allowed region` };
}

function unproven(required: readonly string[] | undefined, entry: CheckedBlock['entry']): Refusal | undefined {
  const missing = required?.find((rel) => ![...entry.refs, ...entry.links].some((link) => link.rel === rel));
  return missing === undefined ? undefined : { rule: 'requiredProofs', detail: `no link with the relation ${missing}` };
}

function charge(policy: Policy, buckets: Buckets, { block, bytes }: Candidate, nowMs: number): Refusal | undefined {
  if (policy.quota === undefined) return undefined;
  const allowance = { perMs: DAY_MS, ...policy.quota };
  const cost = { blocks: 1, bytes };
  const lack = buckets.lacks(block.entry.author, allowance, cost, nowMs);
  if (lack === undefined) {
    buckets.take(block.entry.author, allowance, cost, nowMs);
    return undefined;
  }
  const { of, limit, perMs, retryAtMs } = lack;
  const detail = `${limit} ${of} in ${perMs} ms`;
  return { rule: `quota.${of}`, detail, ...(retryAtMs === undefined ? {} : { retryAtMs }) };
}

const texts = { type: 'array', items: { type: 'string' } } as const;
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

function rule(description: string): SettingSchema {
  return { type: 'object', additionalProperties: false, description, properties: { allow: texts, deny: texts } };
}

export const policySchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'what is kept here at all; without `allow` everything is allowed that is not denied',
  properties: {
    authors: rule('did:keys'),
    kinds: rule('kinds, such as embedding/1'),
    spaces: rule('ids of spaces'),
    tags: rule('tags'),
    regions: {
      type: 'array',
      description: 'blocks must be stamped inside one of these rectangles; a west above its east crosses the date line',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['south', 'north', 'west', 'east'],
        properties: {
          south: { type: 'number', minimum: -90, maximum: 90, description: 'degrees' },
          north: { type: 'number', minimum: -90, maximum: 90, description: 'degrees' },
          west: { type: 'number', minimum: -180, maximum: 180, description: 'degrees' },
          east: { type: 'number', minimum: -180, maximum: 180, description: 'degrees' },
        },
      },
    },
    maxAgeMs: { ...count, unit: 'ms', description: 'of a block’s own time' },
    maxBytes: { ...count, unit: 'bytes', description: 'of a block' },
    quota: {
      type: 'object',
      additionalProperties: false,
      description: 'of an author, counted over the last `perMs`',
      properties: {
        blocks: count,
        bytes: { ...count, unit: 'bytes' },
        perMs: { ...count, minimum: 1, unit: 'ms', default: DAY_MS },
      },
    },
    requiredProofs: { ...texts, description: 'relations that a block must have among its refs or links' },
  },
};

/** Reads a policy as it stands in a configuration. @throws CosmicError config.malformed */
export function parsePolicy(value: unknown): Policy {
  return readSettings(policySchema, value, 'policy');
}
