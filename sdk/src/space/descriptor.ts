import { cidOf, DAG_CBOR } from '../codec/cid.js';
import { encode } from '../codec/encode.js';
import type { Value, ValueMap } from '../codec/value.js';
import { sha256 } from '../crypto/hash.js';
import { rejected, type Rejected } from '../errors.js';
import { limits } from '../limits.js';
import { bool, integer, oneOf, orNull, struct, text } from '../schema/index.js';

/**
 * What decides whether two vectors are comparable (specs/space.md). How numbers are stored is not part of it, except
 * that one-bit vectors (metric `hamming`) are a space of their own. Unknown facts are null, never left out.
 */
export interface SpaceDescriptor {
  /** The published name, e.g. `sentence-transformers/all-MiniLM-L6-v2`. */
  readonly model: string;
  /** Commit, tag or release of the model. */
  readonly revision: string | null;
  /** sha256 of the weights file that computes the vectors, hexadecimal. */
  readonly weights: string | null;
  /** Of the computation, not of the storage: `fp32`, `fp16`, `q8`, `q4`, `int4`, … */
  readonly precision: string | null;
  readonly dims: number;
  readonly metric: 'cosine' | 'dot' | 'hamming';
  /** `mean`, `cls`, `last`, `sum`, … */
  readonly pooling: string | null;
  /** Do rows have unit length? */
  readonly normalized: boolean;
  readonly query_prefix: string | null;
  readonly passage_prefix: string | null;
  /** Tokens read at most; the rest of a text is ignored. */
  readonly max_tokens: number | null;
  /** For services whose weights nobody knows: the endpoint that computes them. */
  readonly endpoint: string | null;
}

/** The space of a model by what is `known` of it; what is not is null, its rows cosine and of any length. */
export function spaceNamed(model: string, dims: number, known: Partial<SpaceDescriptor> = {}): SpaceDescriptor {
  return {
    model,
    revision: null,
    weights: null,
    precision: null,
    dims,
    metric: 'cosine',
    pooling: null,
    normalized: false,
    query_prefix: null,
    passage_prefix: null,
    max_tokens: null,
    endpoint: null,
    ...known,
  };
}

const sha256Hex = text(64, { pattern: /^[0-9a-f]{64}$/ });

export const descriptorSchema = struct({
  model: text(256, { minBytes: 1 }),
  revision: orNull(text(128, { minBytes: 1 })),
  weights: orNull(sha256Hex),
  precision: orNull(text(32, { minBytes: 1 })),
  dims: integer(1, limits.dimsMax),
  metric: oneOf('cosine', 'dot', 'hamming'),
  pooling: orNull(text(32, { minBytes: 1 })),
  normalized: bool,
  query_prefix: orNull(text(256)),
  passage_prefix: orNull(text(256)),
  max_tokens: orNull(integer(1, 1 << 24)),
  endpoint: orNull(text(512, { minBytes: 1 })),
});

/** Why `value` is no descriptor, or undefined when it is one. */
export function descriptorFault(value: Value | undefined, path = 'space'): string | undefined {
  return descriptorSchema(value, path);
}

/** CIDv1 text (`bafyrei…`) of the descriptor: equal ids, comparable vectors. */
export type SpaceId = string;

/** Ids by the descriptor's values: every block brings its own copy of the same few descriptors. */
const ids = new Map<string, SpaceId>();
const IDS_MAX = 4096;

export function spaceIdOf(space: SpaceDescriptor): SpaceId {
  const key = JSON.stringify([
    space.model,
    space.revision,
    space.weights,
    space.precision,
    space.dims,
    space.metric,
    space.pooling,
    space.normalized,
    space.query_prefix,
    space.passage_prefix,
    space.max_tokens,
    space.endpoint,
  ]);
  let id = ids.get(key);
  if (id === undefined) {
    id = cidOf(DAG_CBOR, sha256(encode(space as unknown as ValueMap))).text;
    if (ids.size >= IDS_MAX) ids.clear();
    ids.set(key, id);
  }
  return id;
}

/** The first field in which two descriptors differ, or undefined when they are the same space. */
export function differingField(a: SpaceDescriptor, b: SpaceDescriptor): keyof SpaceDescriptor | undefined {
  for (const key of Object.keys(a) as (keyof SpaceDescriptor)[]) if (a[key] !== b[key]) return key;
  return undefined;
}

/** Why vectors of two spaces cannot be compared, naming both and the field; undefined when they can. */
export function spaceMismatch(a: SpaceDescriptor, b: SpaceDescriptor): Rejected | undefined {
  const field = differingField(a, b);
  if (field === undefined) return undefined;
  return rejected(
    'space.mismatch',
    `${field} is ${JSON.stringify(a[field])} in ${spaceLabel(a)}, ${JSON.stringify(b[field])} in ${spaceLabel(b)}`,
  );
}

/** One line for people: model, precision and the first characters of the id. */
export function spaceLabel(space: SpaceDescriptor): string {
  return `${space.model}${space.precision === null ? '' : ` (${space.precision})`}, ${space.dims} dims, ${spaceIdOf(space).slice(-8)}`;
}
