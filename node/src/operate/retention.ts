import { CosmicError, type BlockId, type EraseReason } from '@cosmicembeddings/sdk';
import { coverageTest, type Coverage } from '@cosmicembeddings/sdk/filter';
import { readSettings, type SettingSchema } from '../json-schema.js';
import type { KeptBlock, Upkeep } from '../store/upkeep.js';
import { coveredOf } from '../sync/index.js';

/** Limits for some of the blocks; every one that is given holds. */
export interface Keeping {
  /** Counted from when this node first saw the block: the author's own time is only claimed. */
  readonly maxAgeMs?: number;
  /** Of envelopes and bodies together; the oldest seen go first. */
  readonly maxBytes?: number;
}

/** What this operator keeps for how long. `authors` and `tags` add limits of their own; `keepTags` are never erased. */
export interface RetentionRules extends Keeping {
  readonly authors?: Readonly<Record<string, Keeping>>;
  readonly tags?: Readonly<Record<string, Keeping>>;
  readonly keepTags?: readonly string[];
}

/** What has to go: ids by reason, in the order in which they were seen. Nothing is erased by planning. */
export interface RetentionPlan {
  readonly erase: readonly {
    readonly id: BlockId;
    readonly reason: EraseReason;
    readonly rule: string;
    readonly bytes: number;
  }[];
  readonly bytes: number;
}

/** Plans what the rules ask to erase now. Bodies go, headers stay. */
export function planRetention(
  { keptBlocks }: Pick<Upkeep, 'keptBlocks'>,
  rules: RetentionRules,
  nowMs: number,
): RetentionPlan {
  const spared = new Set((rules.keepTags ?? []).flatMap((tag) => [...keptBlocks({ tag })].map(({ seq }) => seq)));
  const planned = new Map<number, { readonly block: KeptBlock; readonly reason: EraseReason; readonly rule: string }>();
  const apply = (keeping: Keeping, blocks: Iterable<KeptBlock>, rule: string): void => {
    let total = 0;
    for (const block of blocks) {
      const { seq, firstSeenMs, bytes } = block;
      if (planned.has(seq) || spared.has(seq)) continue;
      const tooOld = keeping.maxAgeMs !== undefined && nowMs - firstSeenMs > keeping.maxAgeMs;
      const tooMuch = keeping.maxBytes !== undefined && total + bytes > keeping.maxBytes;
      if (tooOld) planned.set(seq, { block, reason: 'retention', rule: `${rule}maxAgeMs` });
      else if (tooMuch) planned.set(seq, { block, reason: 'quota', rule: `${rule}maxBytes` });
      else total += bytes;
    }
  };
  for (const [author, keeping] of Object.entries(rules.authors ?? {}))
    apply(keeping, keptBlocks({ author }), `authors.${author}.`);
  for (const [tag, keeping] of Object.entries(rules.tags ?? {})) apply(keeping, keptBlocks({ tag }), `tags.${tag}.`);
  if (rules.maxAgeMs !== undefined || rules.maxBytes !== undefined) apply(rules, keptBlocks(), '');
  const erase = [...planned.values()]
    .sort((a, b) => a.block.firstSeenMs - b.block.firstSeenMs || a.block.seq - b.block.seq)
    .map(({ block, reason, rule }) => ({ id: block.id(), reason, rule, bytes: block.bytes }));
  return { erase, bytes: erase.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Plans to let go of what subscriptions do not cover, what was published here included. @throws CosmicError config.malformed where there are none */
export function planUnsubscribed(
  { keptBlocks, get }: Pick<Upkeep, 'keptBlocks' | 'get'>,
  kept: Coverage,
): RetentionPlan {
  if (kept === undefined)
    throw new CosmicError('config.malformed', 'unsubscribed: this node has no subscriptions, and keeps everything');
  const covers = coverageTest(kept);
  const erase = [...keptBlocks()].flatMap(({ id, bytes }) => {
    const block = get(id());
    return block === undefined || covers(coveredOf(block))
      ? []
      : [{ id: block.id, reason: 'retention' as const, rule: 'unsubscribed', bytes }];
  });
  return { erase, bytes: erase.reduce((sum, { bytes }) => sum + bytes, 0) };
}

const keeping = {
  maxAgeMs: {
    type: 'integer',
    unit: 'ms',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'since this node first saw a block',
  },
  maxBytes: {
    type: 'integer',
    unit: 'bytes',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'of all together; the oldest seen go first',
  },
} as const;
const each: SettingSchema = { type: 'object', additionalProperties: false, properties: keeping };

export const retentionSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'what is erased after a time or beyond a size, while the node runs',
  properties: {
    ...keeping,
    authors: { type: 'object', additionalProperties: each, description: 'limits of an author’s blocks, by did:key' },
    tags: { type: 'object', additionalProperties: each, description: 'limits of blocks with a tag' },
    keepTags: { type: 'array', items: { type: 'string' }, description: 'blocks with one of these are never erased' },
  },
};

/** Reads rules as they stand in a configuration. @throws CosmicError config.malformed */
export function parseRetention(value: unknown): RetentionRules {
  if (value === null) throw new CosmicError('config.malformed', 'retention: expected an object');
  return readSettings(retentionSchema, value, 'retention');
}
