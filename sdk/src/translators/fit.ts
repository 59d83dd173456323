import { compareBytes, toHex } from '../bytes.js';
import { CosmicError } from '../errors.js';
import { packRows, rowBytes, unpackRow, type SpaceDescriptor, type StoredRows } from '../space/index.js';
import { centred, joined, kernelValues, meanOf, openTranslator } from './apply.js';
import { nearestOrthogonal, powerOf } from './decompose.js';
import { judgeOf, judgePairs, qualityOf, type Judged } from './evaluate.js';
import { crossed, gram, product, solvePositive, timesItself, timesTransposed } from './linear.js';
import { anchorsRoot } from './merkle.js';
import type { Kernel, Nearness, Pair, Parameters, Quality, TranslatorMethod } from './parameters.js';

interface Spaces {
  readonly from: SpaceDescriptor;
  readonly to: SpaceDescriptor;
}

/** A method with the numbers that it needs. */
export interface Candidate {
  readonly method: TranslatorMethod;
  /** Of the kernel. */
  readonly width?: number;
  readonly lambda?: number;
  /** Are directions in which all target rows differ most told less of? They make hubs of a poor translation, and spoil a good one. */
  readonly damped?: boolean;
}

/**
 * Of those that do equally well the first is taken: the damped one, which finds more of what questions ask for than the anchors
 * among themselves show (bench/across), then from simple to less so. Widths and lambdas: bench/across.
 */
export const candidates: readonly Candidate[] = [
  { method: 'residual', width: 4, lambda: 0.5, damped: true },
  { method: 'procrustes' },
  { method: 'ridge', lambda: 0.1 },
  { method: 'relative', width: 4 },
  { method: 'rbf', width: 1, lambda: 0.1 },
  { method: 'residual', width: 2, lambda: 0.1 },
];

export interface FitOptions {
  /** Default: all. */
  readonly candidates?: readonly Candidate[];
  /** Anchors from which a kernel measures, at most; default 1,500, fewer where they would not fit into a block. */
  readonly anchorsMax?: number;
  /** Told what is tried next, and which of how many steps that is. */
  readonly onStep?: (what: string, step: number, of: number) => void;
}

export interface Fitted {
  readonly parameters: Parameters;
  /** What it was fitted on, in the order of their references. */
  readonly anchors: { readonly references: readonly Uint8Array[]; readonly root: Uint8Array };
  readonly heldOut: readonly Pair[];
  readonly quality: Quality;
  /** By domain, where pairs name theirs. */
  readonly domains: readonly (Quality & { readonly name: string })[];
  readonly nearness: Nearness;
  /** What cross-validation found, best first. */
  readonly tried: readonly (Candidate & { readonly recall: number; readonly agreement: number })[];
}

/** Pairs below which nothing is fitted, and above which more are not taken. */
export const pairsMin = 30;
export const pairsMax = 20_000;
const HELD_OUT_SHARE = 0.05;
const HELD_OUT_MAX = 100;
const HELD_OUT_MIN = 10;
const FOLDS = 3;
/** Cross-validation looks at so many anchors at most. */
const FOLDED_MAX = 1500;
const ANCHORS_MAX = 1500;
/**
 * An earlier method is taken for so much less recall, or for what is within chance: anchors among themselves prefer methods
 * that lean on them by more than this, and questions, which are shorter, the first one (bench/across).
 */
const SIMPLER = 0.02;
/**
 * How much of the target space's mean direction goes into a translation. A perfect one has all of it, as every row has; beside
 * a poor one it would drown what is told of the text. So much up to an agreement of .9, all from .98 on (bench/across).
 */
const MEAN_SHARE = 0.3;
const [MEAN_FROM, MEAN_WHOLE] = [0.9, 0.98];

function meanShareOf(agreement: number): number {
  const good = Math.max(0, Math.min(1, (agreement - MEAN_FROM) / (MEAN_WHOLE - MEAN_FROM)));
  return MEAN_SHARE + (1 - MEAN_SHARE) * good;
}

/** Bytes of parameters, anchors and held-out pairs; a body has room for 4 MiB. */
const BLOCK_BYTES = 3_900_000;
const REFERENCE_BYTES = 32;

/**
 * Fits a translator to texts that are known in both spaces. Which are held out, and the order of the rest, comes from the
 * references alone: the same pairs give the same translator. @throws CosmicError translator.too_few
 */
export function fitTranslator(pairs: readonly Pair[], spaces: Spaces, options: FitOptions = {}): Fitted {
  const unique = [...new Map(pairs.filter(isUsable).map((pair) => [toHex(pair.reference), pair])).values()]
    .sort((a, b) => compareBytes(a.reference, b.reference))
    .slice(0, pairsMax);
  if (unique.length < pairsMin)
    throw new CosmicError(
      'translator.too_few',
      `${unique.length} texts are known in both spaces, at least ${pairsMin} are needed`,
    );
  const held = Math.max(HELD_OUT_MIN, Math.min(HELD_OUT_MAX, Math.round(unique.length * HELD_OUT_SHARE)));
  const [heldOut, anchors] = [unique.slice(0, held), unique.slice(held)];
  const open = (options.candidates ?? candidates).filter((one) => roomFor(one, spaces, held, anchors.length) > 0);
  const folds = foldsOf(anchors.slice(0, FOLDED_MAX));
  const steps = open.length + 1;
  const scored = open.map((candidate, i) => {
    const { method, width, damped } = candidate;
    options.onStep?.(
      `${method}${width === undefined ? '' : ` (width ${width}${damped === true ? ', damped' : ''})`}`,
      i,
      steps,
    );
    const judged = validate(folds, spaces, candidate, options);
    return { candidate, judged, quality: qualityOf(judged) };
  });
  const chosen = chosenOf(scored);
  if (chosen === undefined) throw new CosmicError('translator.too_few', 'no method fits into a block');
  options.onStep?.(`${chosen.candidate.method} with all`, steps - 1, steps);
  const parameters = fitParameters(
    anchors,
    spaces,
    chosen.candidate,
    keptOf(chosen.candidate, spaces, held, anchors.length, options),
    meanShareOf(chosen.quality.agreement),
  );
  const stored = asStored(heldOut, spaces);
  const judged = judgePairs(parameters, stored);
  const names = [...new Set(stored.flatMap(({ domain }) => domain ?? []))].sort();
  return {
    parameters,
    anchors: { references: anchors.map(({ reference }) => reference), root: anchorsRoot(anchors) },
    heldOut: stored,
    quality: qualityOf(judged),
    domains: names.map((name) => ({ name, ...qualityOf(judged.filter((_, i) => stored[i]!.domain === name)) })),
    nearness: nearnessOf(chosen.judged, parameters),
    tried: scored
      .map(({ candidate, quality: { recall, agreement } }) => ({ ...candidate, recall, agreement }))
      .sort((a, b) => b.recall - a.recall),
  };
}

/**
 * The first that does as well as the best: it falls behind by no more than two standard errors of their differences, anchor by
 * anchor. Among a hundred anchors the best is often so by chance (a wider form of the rule of Breiman et al. 1984).
 */
export function chosenOf<T extends { readonly judged: readonly Pick<Judged, 'recall'>[] }>(
  scored: readonly T[],
): T | undefined {
  const meanOfOne = ({ judged }: T): number => meanOfList(judged.map(({ recall }) => recall));
  const most = Math.max(...scored.map(meanOfOne));
  const best = scored.find((one) => meanOfOne(one) === most);
  return scored.find(({ judged }) => {
    const behind = judged.map(({ recall }, i) => best!.judged[i]!.recall - recall);
    const mean = meanOfList(behind);
    const squares = behind.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    const error = Math.sqrt(squares / Math.max(1, behind.length - 1) / Math.max(1, behind.length));
    return mean <= Math.max(SIMPLER, 2 * error);
  });
}

function isUsable({ from, to }: Pair): boolean {
  return [from, to].every((one) => one.every(Number.isFinite) && one.some((x) => x !== 0));
}

/** As they come back from a block: what is stated of them is measured on exactly these. */
function asStored(pairs: readonly Pair[], { from, to }: Spaces): Pair[] {
  const [a, b] = [
    packRows(unit(pairs.map((one) => one.from)), 'f16'),
    packRows(unit(pairs.map((one) => one.to)), 'f16'),
  ];
  return pairs.map((pair, row) => ({ ...pair, from: unpackRow(a, from.dims, row), to: unpackRow(b, to.dims, row) }));
}

function unit(vectors: readonly Float32Array[]): Float32Array[] {
  const dims = vectors[0]?.length ?? 0;
  const rows = joined(vectors, dims);
  return vectors.map((_, row) => Float32Array.from(rows.subarray(row * dims, (row + 1) * dims)));
}

/** Rows of the linear part: half precision where that fits into a block, else a byte a number; undefined where nothing does. */
function linearForm({ from, to }: Spaces): 'f16' | 'i8' | undefined {
  if (rowBytes('f16', to.dims) * from.dims <= BLOCK_BYTES / 2) return 'f16';
  return rowBytes('i8', to.dims) * from.dims <= BLOCK_BYTES * 0.7 ? 'i8' : undefined;
}

/** Decomposing more dims takes minutes. */
const DAMPED_DIMS_MAX = 1024;

/** How many anchors a block of this method has room for; 0: it does not fit. */
function roomFor({ method, damped }: Candidate, spaces: Spaces, held: number, anchors: number): number {
  const { from, to } = spaces;
  if (damped === true && to.dims > DAMPED_DIMS_MAX) return 0;
  const form = method === 'rbf' || method === 'relative' ? 'none' : linearForm(spaces);
  if (form === undefined) return 0;
  const fixed =
    (form === 'none' ? 0 : rowBytes(form, to.dims) * from.dims) +
    held * (rowBytes('f16', from.dims) + rowBytes('f16', to.dims)) +
    (held + anchors) * REFERENCE_BYTES +
    4 * (from.dims + to.dims);
  const each =
    rowBytes('i8', from.dims) +
    rowBytes('i8', to.dims) +
    (method === 'procrustes' || method === 'ridge' ? 0 : rowBytes('f16', to.dims));
  const room = Math.floor((BLOCK_BYTES - fixed) / each);
  return room < Math.min(anchors, pairsMin) ? 0 : room;
}

function keptOf(
  candidate: Candidate,
  spaces: Spaces,
  held: number,
  anchors: number,
  { anchorsMax = ANCHORS_MAX }: FitOptions,
): number {
  return Math.min(anchors, anchorsMax, roomFor(candidate, spaces, held, anchors));
}

interface Fold {
  readonly out: readonly Pair[];
  readonly rest: readonly Pair[];
}

function foldsOf(anchors: readonly Pair[]): Fold[] {
  return Array.from({ length: FOLDS }, (_, fold) => ({
    out: anchors.filter((_one, i) => i % FOLDS === fold),
    rest: anchors.filter((_one, i) => i % FOLDS !== fold),
  }));
}

/** Each anchor judged by a translator that was fitted without it. */
function validate(folds: readonly Fold[], spaces: Spaces, candidate: Candidate, options: FitOptions): Judged[] {
  return folds.flatMap(({ out, rest }) => {
    const kept = keptOf(candidate, spaces, out.length, rest.length, options);
    const parameters = fitParameters(rest, spaces, candidate, kept);
    return groundOf(rest, spaces).kept(kept).judge(out)(parameters);
  });
}

/** `kept`: anchors that come along, the first of them; a kernel measures from these, whatever it was fitted on. */
export function fitParameters(
  anchors: readonly Pair[],
  spaces: Spaces,
  { method, width = 1, lambda = 0, damped = false }: Candidate,
  kept: number,
  meanShare = MEAN_SHARE,
): Parameters {
  const { from, to } = spaces;
  const n = anchors.length;
  const ground = groundOf(anchors, spaces);
  const { c, centerFrom, meanTo, spread } = ground;
  const d = ground.target(damped);
  const centerTo = Float32Array.from(meanTo, (x) => (spread === 0 ? 0 : (meanShare * x) / spread));
  const { anchorsFrom, anchorsTo, cosines } = ground.kept(kept);
  const shared = { method, from, to, centerFrom, centerTo, anchorsFrom, anchorsTo };
  const w =
    method === 'procrustes' || method === 'residual'
      ? ground.rotation(damped)
      : method === 'ridge'
        ? ridge(c, d, n, lambda)
        : undefined;
  const linear =
    w === undefined ? undefined : packRows(rowsOf(w, to.dims, from.dims), linearForm({ from, to }) ?? 'i8');
  if (method === 'procrustes' || method === 'ridge') return { ...shared, linear: linear! };
  const form: Kernel['form'] = method === 'relative' ? 'power' : 'exp';
  let rest = d;
  if (w !== undefined) {
    const moved = product(c, w, from.dims);
    rest = d.map((x, i) => x - moved[i]!);
  }
  const valuesOf = (which: Float64Array): Float64Array => kernelValues(which.slice(), { form, width });
  const coefficients =
    method === 'relative'
      ? d.subarray(0, kept * to.dims)
      : kernelRidge(
          valuesOf(cosines().landmarks),
          n === kept ? undefined : valuesOf(cosines().all),
          rest,
          kept,
          lambda,
        );
  const kernel: Kernel = { form, width, coefficients: packRows(rowsOf(coefficients, to.dims, kept), 'f16') };
  return { ...shared, ...(linear === undefined ? {} : { linear }), kernel };
}

/** What several methods have in common on the same anchors, each worked out when it is first asked for. */
interface Ground {
  /** Source rows less their mean, at unit length. */
  readonly c: Float64Array;
  readonly centerFrom: Float32Array;
  readonly meanTo: Float64Array;
  readonly spread: number;
  /** Target rows less their mean, at unit length. */
  target(damped: boolean): Float64Array;
  rotation(damped: boolean): Float64Array;
  kept(n: number): Kept;
}

interface Kept {
  readonly anchorsFrom: StoredRows;
  readonly anchorsTo: StoredRows;
  /** Of those that come along with each other; and of all anchors with these. */
  readonly cosines: () => { readonly landmarks: Float64Array; readonly all: Float64Array };
  readonly judge: (pairs: readonly Pair[]) => ReturnType<typeof judgeOf>;
}

const grounds = new WeakMap<readonly Pair[], Ground>();

function groundOf(anchors: readonly Pair[], { from, to }: Spaces): Ground {
  const known = grounds.get(anchors);
  if (known !== undefined) return known;
  const a = joined(
    anchors.map((pair) => pair.from),
    from.dims,
  );
  const b = joined(
    anchors.map((pair) => pair.to),
    to.dims,
  );
  const centerFrom = Float32Array.from(meanOf(a, from.dims));
  const center = Float64Array.from(centerFrom);
  const meanTo = meanOf(b, to.dims);
  const c = centred(a, center);
  const target: Ground['target'] = once((damped: boolean) =>
    damped ? dampedRows(target(false), to.dims) : centred(b, meanTo),
  );
  const ground: Ground = {
    c,
    centerFrom,
    meanTo,
    spread: spreadOf(b, meanTo),
    target,
    rotation: once((damped: boolean) =>
      nearestOrthogonal(crossed(c, target(damped), anchors.length), from.dims, to.dims),
    ),
    kept: once((n: number) => {
      const anchorsFrom = packRows(rowsOf(a, from.dims, n), 'i8');
      const anchorsTo = packRows(rowsOf(b, to.dims, n), 'i8');
      const cosines = once((_: 'all') => {
        const landmarks = centred(storedRows(anchorsFrom, from.dims), center);
        return {
          landmarks: timesItself(landmarks, from.dims),
          all: n === anchors.length ? new Float64Array(0) : timesTransposed(c, landmarks, from.dims),
        };
      });
      return {
        anchorsFrom,
        anchorsTo,
        cosines: () => cosines('all'),
        judge: once((pairs: readonly Pair[]) => judgeOf({ from, to, centerFrom, anchorsFrom, anchorsTo }, pairs)),
      };
    }),
  };
  grounds.set(anchors, ground);
  return ground;
}

function once<K, V>(make: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key)!;
  };
}

/** Whitened (−½), but for directions in which rows differ little (bench/across). */
const DAMPING = -0.5;
const DAMPING_FLOOR = 0.01;

/** Rows without so much of their greatest common directions, at unit length. */
function dampedRows(rows: Float64Array, dims: number): Float64Array {
  const damping = powerOf(gram(rows, rows.length / dims), dims, DAMPING, DAMPING_FLOOR);
  return centred(timesTransposed(rows, damping, dims), new Float64Array(dims));
}

/** (cᵀc + λ·n/dims)⁻¹ cᵀd. */
function ridge(c: Float64Array, d: Float64Array, n: number, lambda: number): Float64Array {
  const dims = c.length / n;
  const left = gram(c, n);
  for (let i = 0; i < dims; i++) left[i * dims + i]! += (lambda * n) / dims + 1e-9;
  return solvePositive(left, crossed(c, d, n), dims);
}

/** With every anchor a landmark (K + λ)⁻¹ d, else the subset-of-regressors form (KᵀK + λ·K')⁻¹ Kᵀd (Rasmussen and Williams 2006, 8.3.1). */
function kernelRidge(
  landmarks: Float64Array,
  toLandmarks: Float64Array | undefined,
  d: Float64Array,
  m: number,
  lambda: number,
): Float64Array {
  if (toLandmarks === undefined) {
    for (let i = 0; i < m; i++) landmarks[i * m + i]! += lambda;
    return solvePositive(landmarks, d, m);
  }
  const n = toLandmarks.length / m;
  const left = gram(toLandmarks, n);
  for (let i = 0; i < left.length; i++) left[i]! += lambda * landmarks[i]!;
  for (let i = 0; i < m; i++) left[i * m + i]! += 1e-6 * n;
  return solvePositive(left, crossed(toLandmarks, d, n), m);
}

function spreadOf(rows: Float64Array, mean: Float64Array): number {
  const dims = mean.length;
  let sum = 0;
  for (let at = 0; at < rows.length; at += dims) {
    let squares = 0;
    for (let i = 0; i < dims; i++) squares += (rows[at + i]! - mean[i]!) ** 2;
    sum += Math.sqrt(squares);
  }
  return sum / (rows.length / dims);
}

function rowsOf(a: Float64Array, dims: number, n: number): Float32Array[] {
  return Array.from({ length: n }, (_, row) => Float32Array.from(a.subarray(row * dims, (row + 1) * dims)));
}

function storedRows(stored: StoredRows, dims: number): Float64Array {
  const out = new Float64Array(stored.rows * dims);
  for (let row = 0; row < stored.rows; row++) out.set(unpackRow(stored, dims, row), row * dims);
  return out;
}

const HITS_SAMPLE = 200;

function nearnessOf(judged: readonly Judged[], parameters: Parameters): Nearness {
  const { near, agreement } = {
    near: meanOfList(judged.map((one) => one.near)),
    agreement: meanOfList(judged.map((one) => one.agreement)),
  };
  let [along, spread] = [0, 0];
  for (const one of judged) {
    along += (one.near - near) * (one.agreement - agreement);
    spread += (one.near - near) ** 2;
  }
  const translator = openTranslator(parameters);
  const { anchorsTo, to } = parameters;
  const some = Array.from({ length: Math.min(HITS_SAMPLE, anchorsTo.rows) }, (_, row) =>
    unpackRow(anchorsTo, to.dims, row),
  );
  const hits = translator.nearTarget(some).sort((a, b) => a - b);
  return {
    near,
    agreement,
    slope: spread === 0 ? 0 : Math.max(0, along / spread),
    hits: hits[hits.length >> 1] ?? 0,
  };
}

function meanOfList(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
}
