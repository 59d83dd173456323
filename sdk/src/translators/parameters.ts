import type { SpaceDescriptor, StoredRows } from '../space/index.js';

export const translatorMethods = ['procrustes', 'ridge', 'rbf', 'residual', 'relative'] as const;
export type TranslatorMethod = (typeof translatorMethods)[number];

/** A text in both spaces. `reference`: sha-256 of the text, or of whatever else names the pair. */
export interface Pair {
  readonly reference: Uint8Array;
  readonly from: Float32Array;
  readonly to: Float32Array;
  /** What it is about, where that is known. */
  readonly domain?: string;
}

/**
 * c is the source vector less `centerFrom`, at unit length; p = c·linear + Σ kernel(c, anchorᵢ)·coefficientᵢ; the
 * translation is unit(centerTo + unit(p)). Anchors are centred and of unit length before the kernel sees them.
 */
export interface Parameters {
  readonly method: TranslatorMethod;
  readonly from: SpaceDescriptor;
  readonly to: SpaceDescriptor;
  readonly centerFrom: Float32Array;
  readonly centerTo: Float32Array;
  /** from.dims rows of to.dims numbers. */
  readonly linear?: StoredRows;
  readonly kernel?: Kernel;
  /** Anchors that came along, in both spaces: those that the kernel measures from, and by which nearness is judged. */
  readonly anchorsFrom: StoredRows;
  readonly anchorsTo: StoredRows;
}

export interface Kernel {
  /** exp(width·(cos − 1)), or max(0, cos)^width. */
  readonly form: 'exp' | 'power';
  readonly width: number;
  /** A row of to.dims numbers for each anchor that came along. */
  readonly coefficients: StoredRows;
}

/** What a translator was found to do, on texts that it was not fitted on. Shares from 0 (or −1) to 1. */
export interface Quality {
  readonly n: number;
  /** Of the ten nearest of the true vector, among all that came along, those found by the translated one. */
  readonly recall: number;
  /** Mean cosine of translated and true vectors. */
  readonly cosine: number;
  /** Mean correlation of the cosines that translated and true vectors have to the anchors that came along. */
  readonly agreement: number;
}

/** How quality depends on the way to the anchors; measured by cross-validation. */
export interface Nearness {
  /** Mean cosine to the three nearest anchors, of a text like the anchors; and the agreement there. */
  readonly near: number;
  readonly agreement: number;
  /** By how much agreement rises with nearness; at least 0. */
  readonly slope: number;
  /** Median cosine of anchors to their three nearest, in the target space: what is found should be as near. */
  readonly hits: number;
}
