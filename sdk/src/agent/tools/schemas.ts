import type { JsonSchema } from '../../schema/index.js';

export const text = (description: string, maxLength = 4096): JsonSchema => ({ type: 'string', description, maxLength });
export const object = (
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
export const metadata: JsonSchema = {
  type: 'object',
  description: 'Flat keys to text, numbers, true, false, null or lists of them',
};
export const where: JsonSchema = {
  type: 'object',
  description:
    'Filter over metadata, such as {"topic": "pottery"} or {"year": {"$gte": 2020}}; operators $eq $ne $gt $gte $lt $lte $in $nin $contains $exists $and $or $not',
};
const dids: JsonSchema = { type: 'array', items: { type: 'string', maxLength: 128 }, minItems: 1, maxItems: 100 };
/** Whose memories may be asked for, where the asker has some of their own. */
export const ownAuthors: JsonSchema = {
  description: 'Whose memories; default trusted: yours and those you trust. all: strangers too. Or a list of did:key',
  anyOf: [{ type: 'string', enum: ['mine', 'trusted', 'all'] }, dids],
};
export const namedAuthors: JsonSchema = { ...dids, description: 'did:key of the authors; default everybody' };
export const tags: JsonSchema = { type: 'array', items: { type: 'string', maxLength: 128 }, maxItems: 64 };
export const collection = text('The set of documents meant; default: the one that was set up', 128);
export const id = text('The id that was given when it was remembered', 512);

export const itemSchema = object(
  {
    id: { type: 'string' },
    block: { type: 'string' },
    row: { type: 'integer' },
    untrusted_text: { type: 'string' },
    altered: { type: 'boolean' },
    metadata: { type: 'object' },
    tags: { type: 'array', items: { type: 'string' } },
    origin: { type: 'string' },
    claimed_time: { type: 'string' },
    time_tier: { type: 'string', enum: ['claimed', 'witnessed', 'anchored'] },
    versions: { type: 'integer' },
    author: object(
      {
        did: { type: 'string' },
        name: { type: 'string' },
        mine: { type: 'boolean' },
        trusted: { type: 'boolean' },
      },
      ['did', 'mine', 'trusted'],
    ),
    strength: { type: 'string', enum: ['strong', 'fair', 'weak', 'unknown'] },
    verified: { type: 'boolean' },
    why: { type: 'array', items: { type: 'string' } },
    standing: {
      type: 'array',
      description: 'what views say of the block; nothing: it stands',
      items: { type: 'string' },
    },
  },
  ['id', 'block', 'row', 'metadata', 'tags', 'claimed_time', 'time_tier', 'versions', 'author'],
);
