import { concatBytes } from '../bytes.js';
import type { ValueMap } from '../codec/value.js';
import type { QualityFields, TranslatorBody } from '../kinds/index.js';
import { packRows, unpackRow } from '../space/index.js';
import type { Fitted } from './fit.js';
import type { Nearness, Pair, Parameters, Quality } from './parameters.js';

const e6 = (share: number): number => Math.round(share * 1e6);

/** Fields of a `translator/1` block. */
export function translatorFields({ parameters, anchors, heldOut, quality, domains, nearness }: Fitted): ValueMap {
  const { method, from, to, centerFrom, centerTo, linear, kernel, anchorsFrom, anchorsTo } = parameters;
  return {
    from,
    to,
    method,
    center_from: packRows([centerFrom], 'f32').bytes,
    center_to: packRows([centerTo], 'f32').bytes,
    linear: linear ?? null,
    kernel:
      kernel === undefined
        ? null
        : { form: kernel.form, width_e6: e6(kernel.width), coefficients: kernel.coefficients },
    anchors: {
      n: anchors.references.length,
      references: concatBytes(...anchors.references),
      root: anchors.root,
      from: anchorsFrom,
      to: anchorsTo,
    },
    held_out: {
      references: concatBytes(...heldOut.map(({ reference }) => reference)),
      from: packRows(
        heldOut.map((pair) => pair.from),
        'f16',
      ),
      to: packRows(
        heldOut.map((pair) => pair.to),
        'f16',
      ),
    },
    quality: qualityFields(quality),
    domains: domains.map(({ name, ...rest }) => ({ name, ...qualityFields(rest) })),
    nearness: {
      near_e6: e6(nearness.near),
      agreement_e6: e6(nearness.agreement),
      slope_e6: e6(nearness.slope),
      hits_e6: e6(nearness.hits),
    },
  } as unknown as ValueMap;
}

function qualityFields({ n, recall, cosine, agreement }: Quality): QualityFields {
  return { n, recall_e6: e6(recall), cosine_e6: e6(cosine), agreement_e6: e6(agreement) };
}

/** A body that the kind has parsed, as numbers. */
export function readTranslator(body: TranslatorBody): {
  readonly parameters: Parameters;
  readonly heldOut: readonly Pair[];
  readonly stated: Quality;
  readonly nearness: Nearness;
} {
  const { from, to, method, linear, kernel, anchors, held_out: held } = body;
  const center = (bytes: Uint8Array, dims: number): Float32Array =>
    unpackRow({ dtype: 'f32', rows: 1, bytes }, dims, 0);
  return {
    parameters: {
      method,
      from,
      to,
      centerFrom: center(body.center_from, from.dims),
      centerTo: center(body.center_to, to.dims),
      ...(linear === null ? {} : { linear }),
      ...(kernel === null
        ? {}
        : { kernel: { form: kernel.form, width: kernel.width_e6 / 1e6, coefficients: kernel.coefficients } }),
      anchorsFrom: anchors.from,
      anchorsTo: anchors.to,
    },
    heldOut: Array.from({ length: held.from.rows }, (_, row) => ({
      reference: held.references.slice(32 * row, 32 * row + 32),
      from: unpackRow(held.from, from.dims, row),
      to: unpackRow(held.to, to.dims, row),
    })),
    stated: {
      n: body.quality.n,
      recall: body.quality.recall_e6 / 1e6,
      cosine: body.quality.cosine_e6 / 1e6,
      agreement: body.quality.agreement_e6 / 1e6,
    },
    nearness: {
      near: body.nearness.near_e6 / 1e6,
      agreement: body.nearness.agreement_e6 / 1e6,
      slope: body.nearness.slope_e6 / 1e6,
      hits: body.nearness.hits_e6 / 1e6,
    },
  };
}
