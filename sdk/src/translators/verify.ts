import type { TranslatorBody } from '../kinds/index.js';
import { judgePairs, qualityOf } from './evaluate.js';
import { readTranslator } from './fields.js';
import type { Pair, Quality } from './parameters.js';

/** Numbers that one evaluation compares, at most: a fit with 1,500 anchors and 100 held out has .16 million. */
const COMPARED_MAX = 4_000_000;
/** How much better than on the held-out texts cross-validation may have looked: beside this, three standard errors. */
const NEARNESS_SLACK = 0.05;

/** How far a figure may be from what was stated: machines add in other orders. */
export const statedTolerance = 0.005;

export interface TranslatorProof {
  /** Does what was measured here bear out what is stated? On own pairs it may be better. */
  readonly agrees: boolean;
  readonly stated: Quality;
  readonly measured: Quality;
  /** What is not as stated, in words. */
  readonly faults: readonly string[];
  /** Measured on pairs of one's own; absent: on those of the block, which its author has chosen. */
  readonly own?: true;
}

/**
 * Runs a translator's evaluation again, from the block alone. Its author chose the held-out texts: that the figures come out
 * the same shows that they were not invented, not that other texts fare as well. `pairs`: others, none of which it was
 * fitted on; the stated figures may then not be missed by more than chance explains (two standard errors).
 */
export function verifyTranslator(body: TranslatorBody, pairs?: readonly Pair[]): TranslatorProof {
  const { parameters, heldOut, stated, nearness } = readTranslator(body);
  const rows = (pairs ?? heldOut).length;
  if (pairs === undefined && rows * (rows + parameters.anchorsTo.rows) > COMPARED_MAX) {
    const faults = [`${rows} texts are held out beside ${parameters.anchorsTo.rows} anchors: too many to compare`];
    return { agrees: false, stated, measured: qualityOf([]), faults };
  }
  const judged = judgePairs(parameters, pairs ?? heldOut);
  const measured = qualityOf(judged);
  const faults: string[] = [];
  if (pairs === undefined && stated.n !== heldOut.length)
    faults.push(`n is ${stated.n}, held out are ${heldOut.length}`);
  for (const key of ['recall', 'cosine', 'agreement'] as const) {
    const spread = Math.sqrt(
      judged.reduce((sum, one) => sum + (one[key] - measured[key]) ** 2, 0) / Math.max(1, judged.length - 1),
    );
    const chance = spread / Math.sqrt(Math.max(1, judged.length));
    const slack = statedTolerance + (pairs === undefined ? 0 : 2 * chance);
    const off = pairs === undefined ? Math.abs(stated[key] - measured[key]) : stated[key] - measured[key];
    if (!(off <= slack))
      faults.push(`${key} is stated as ${stated[key].toFixed(3)}, measured ${measured[key].toFixed(3)}`);
    // By it questions are judged, and it comes from anchors that are not all here.
    if (key === 'agreement' && pairs === undefined)
      if (nearness.agreement > measured.agreement + NEARNESS_SLACK + 3 * chance)
        faults.push(
          `nearness.agreement is stated as ${nearness.agreement.toFixed(3)}, measured ${measured.agreement.toFixed(3)}`,
        );
  }
  return {
    agrees: faults.length === 0,
    stated,
    measured,
    faults,
    ...(pairs === undefined ? {} : { own: true as const }),
  };
}
