import type { CheckedBlock, ObserverLocation } from '@cosmicembeddings/sdk';
import { CosmicError } from '@cosmicembeddings/sdk';
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

const RULES = new Set(['authors', 'kinds', 'spaces', 'tags']);
const KEYS = new Set([...RULES, 'regions', 'maxAgeMs', 'maxBytes', 'quota', 'requiredProofs']);

/** Checks the shape of a policy as it stands in a configuration. @throws CosmicError config.malformed */
export function parsePolicy(value: unknown): Policy {
  if (value === undefined) return {};
  const bad = (what: string): never => {
    throw new CosmicError('config.malformed', `policy${what}`);
  };
  const isList = (x: unknown): boolean => Array.isArray(x) && x.every((item) => typeof item === 'string');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) bad(': expected an object');
  for (const [key, rule] of Object.entries(value as Record<string, unknown>)) {
    if (!KEYS.has(key)) bad(`.${key}: unknown rule; known: ${[...KEYS].join(', ')}`);
    if (RULES.has(key)) {
      if (typeof rule !== 'object' || rule === null) bad(`.${key}: expected {"allow": […], "deny": […]}`);
      for (const [list, items] of Object.entries(rule as Record<string, unknown>))
        if ((list !== 'allow' && list !== 'deny') || !isList(items))
          bad(`.${key}.${list}: expected a list of texts under allow or deny`);
    } else if (key === 'maxAgeMs' || key === 'maxBytes') {
      if (!Number.isSafeInteger(rule) || (rule as number) < 0) bad(`.${key}: expected a whole number`);
    } else if (key === 'requiredProofs') {
      if (!isList(rule)) bad(`.${key}: expected a list of relations`);
    } else if (key === 'quota') checkQuota(rule, bad);
    else checkRegions(rule, bad);
  }
  return value as Policy;
}

function checkQuota(rule: unknown, bad: (what: string) => never): void {
  if (typeof rule !== 'object' || rule === null) bad('.quota: expected {"blocks", "bytes", "perMs"}');
  for (const [key, count] of Object.entries(rule as object))
    if (!['blocks', 'bytes', 'perMs'].includes(key) || !Number.isSafeInteger(count) || (count as number) < 0)
      bad(`.quota.${key}: expected blocks, bytes or perMs as whole numbers`);
}

function checkRegions(rule: unknown, bad: (what: string) => never): void {
  if (!Array.isArray(rule)) bad('.regions: expected a list');
  (rule as unknown[]).forEach((region, i) => {
    const r = region as Record<string, unknown>;
    const isRegion =
      typeof region === 'object' &&
      region !== null &&
      ['south', 'north', 'west', 'east'].every((side) => Number.isFinite(r[side]));
    if (!isRegion) bad(`.regions[${i}]: expected south, north, west, east in degrees`);
  });
}
