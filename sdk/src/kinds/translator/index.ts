import type { Value, ValueMap } from '../../codec/value.js';
import { limits } from '../../limits.js';
import { bytes, integer, list, oneOf, orNull, struct, text } from '../../schema/index.js';
import {
  descriptorFault,
  descriptorSchema,
  rowBytes,
  spaceIdOf,
  unpackRow,
  type SpaceDescriptor,
  type StoredRows,
} from '../../space/index.js';
import { ownFields } from '../embedding.js';
import type { Kind, Parsed } from '../kind.js';

/** Of measured shares; signed, since a correlation can be below 0. */
const share = integer(-1_000_000, 1_000_000);
const quality = { n: integer(0, 1_000_000), recall_e6: share, cosine_e6: share, agreement_e6: share };

/** What a translator does on texts that it was not fitted on, in millionths (specs/kinds/translator.md). */
export interface QualityFields {
  readonly n: number;
  readonly recall_e6: number;
  readonly cosine_e6: number;
  readonly agreement_e6: number;
}

export interface NearnessFields {
  readonly near_e6: number;
  readonly agreement_e6: number;
  readonly slope_e6: number;
  readonly hits_e6: number;
}

/** Body of `translator/1` (specs/kinds/translator.md). */
export interface TranslatorBody {
  readonly from: SpaceDescriptor;
  readonly to: SpaceDescriptor;
  readonly method: 'procrustes' | 'ridge' | 'rbf' | 'residual' | 'relative';
  /** f32, little-endian. */
  readonly center_from: Uint8Array;
  readonly center_to: Uint8Array;
  readonly linear: StoredRows | null;
  readonly kernel: {
    readonly form: 'exp' | 'power';
    readonly width_e6: number;
    readonly coefficients: StoredRows;
  } | null;
  readonly anchors: {
    readonly n: number;
    /** 32 bytes for each, sorted. */
    readonly references: Uint8Array;
    readonly root: Uint8Array;
    readonly from: StoredRows;
    readonly to: StoredRows;
  };
  readonly held_out: { readonly references: Uint8Array; readonly from: StoredRows; readonly to: StoredRows };
  readonly quality: QualityFields;
  readonly domains: readonly (QualityFields & { readonly name: string })[];
  readonly nearness: NearnessFields;
}

const stored = struct({
  dtype: oneOf('f32', 'f16', 'i8'),
  rows: integer(1, 65_536),
  bytes: bytes(1, limits.bodyMaxBytes),
});
const references = bytes(32, limits.bodyMaxBytes);

const schema = struct({
  from: descriptorSchema,
  to: descriptorSchema,
  method: oneOf('procrustes', 'ridge', 'rbf', 'residual', 'relative'),
  center_from: bytes(4, 4 * limits.dimsMax),
  center_to: bytes(4, 4 * limits.dimsMax),
  linear: orNull(stored),
  kernel: orNull(struct({ form: oneOf('exp', 'power'), width_e6: integer(1, 64_000_000), coefficients: stored })),
  anchors: struct({ n: integer(1, 65_536), references, root: bytes(32, 32), from: stored, to: stored }),
  held_out: struct({ references, from: stored, to: stored }),
  quality: struct(quality),
  domains: list(struct({ name: text(128, { minBytes: 1 }), ...quality }), 64),
  nearness: struct({ near_e6: share, agreement_e6: share, slope_e6: integer(0, 1_000_000_000), hits_e6: share }),
});

/** Numbers of a parameter beyond this come from no fit, and could drown all others. */
const LARGEST = 1e4;

export function parseTranslator(body: ValueMap): Parsed<TranslatorBody> {
  const own = ownFields(body);
  for (const side of ['from', 'to']) {
    const fault = own[side] === undefined ? undefined : descriptorFault(own[side] as Value, side);
    if (fault !== undefined) return { ok: false, code: 'space.malformed', detail: fault };
  }
  const fault = schema(own, 'body') ?? misfit(own as unknown as TranslatorBody);
  return fault === undefined
    ? { ok: true, body: own as unknown as TranslatorBody }
    : { ok: false, code: 'kind.malformed', detail: fault };
}

function misfit({
  from,
  to,
  method,
  center_from,
  center_to,
  linear,
  kernel,
  anchors,
  held_out,
}: TranslatorBody): string | undefined {
  if (spaceIdOf(from) === spaceIdOf(to)) return 'body.to: the same space as from';
  if (from.metric === 'hamming' || to.metric === 'hamming') return 'body: spaces of single bits have no translators';
  if (method !== 'rbf' && method !== 'relative' && linear === null) return `body.linear: ${method} needs it`;
  if ((method === 'procrustes' || method === 'ridge') !== (kernel === null))
    return `body.kernel: ${method} ${kernel === null ? 'needs one' : 'has none'}`;
  if ((method === 'rbf' || method === 'relative') && linear !== null) return `body.linear: ${method} has none`;
  if (anchors.references.length !== 32 * anchors.n) return 'body.anchors.references: 32 bytes for each anchor';
  if (anchors.from.rows > anchors.n || anchors.from.rows !== anchors.to.rows)
    return 'body.anchors: as many rows in both spaces, no more than anchors';
  if (held_out.from.rows !== held_out.to.rows || held_out.references.length !== 32 * held_out.from.rows)
    return 'body.held_out: a reference for each row, as many rows in both spaces';
  if (kernel !== null && kernel.coefficients.rows !== anchors.from.rows)
    return 'body.kernel.coefficients: a row for each anchor that came along';
  if (linear !== null && linear.rows !== from.dims) return `body.linear: ${from.dims} rows`;
  return (
    centerFault(center_from, from.dims, 'center_from') ??
    centerFault(center_to, to.dims, 'center_to') ??
    (linear === null ? undefined : numbersFault(linear, to.dims, 'linear')) ??
    (kernel === null ? undefined : numbersFault(kernel.coefficients, to.dims, 'kernel.coefficients')) ??
    directionFault(anchors.from, from.dims, 'anchors.from') ??
    directionFault(anchors.to, to.dims, 'anchors.to') ??
    directionFault(held_out.from, from.dims, 'held_out.from') ??
    directionFault(held_out.to, to.dims, 'held_out.to')
  );
}

function centerFault(center: Uint8Array, dims: number, where: string): string | undefined {
  return numbersFault({ dtype: 'f32', rows: 1, bytes: center }, dims, where);
}

function numbersFault(rows: StoredRows, dims: number, where: string): string | undefined {
  if (rows.bytes.length !== rowBytes(rows.dtype, dims) * rows.rows)
    return `body.${where}: ${rows.rows} rows of ${dims} ${rows.dtype}, got ${rows.bytes.length} bytes`;
  for (let row = 0; row < rows.rows; row++)
    for (const x of unpackRow(rows, dims, row))
      if (!(Math.abs(x) <= LARGEST)) return `body.${where}: row ${row} holds what is no number up to ${LARGEST}`;
  return undefined;
}

function directionFault(rows: StoredRows, dims: number, where: string): string | undefined {
  const fault = numbersFault(rows, dims, where);
  if (fault !== undefined) return fault;
  for (let row = 0; row < rows.rows; row++)
    if (unpackRow(rows, dims, row).every((x) => x === 0)) return `body.${where}: row ${row} is all zeros`;
  return undefined;
}

export const translatorKind: Kind<TranslatorBody> = {
  name: 'translator/1',
  describe: 'A map from one space to another, with what it was fitted on and how well it does.',
  maxBytes: limits.bodyMaxBytes,
  schema: schema.json,
  parse: (_header, body) => parseTranslator(body),
};
