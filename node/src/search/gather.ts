import type { Cursor, Head, TextHit } from '@cosmicembeddings/sdk';
import { bitsOf, hasLabel, spread, spreadLabels } from './bits.js';
import type { Allowed } from './filter-bits.js';
import { byScore, fuse, type Candidate, type Scales, type Scored } from './fusion.js';
import type { SearchParts, VectorAnswer } from './parts.js';
import type { Plan } from './plan.js';
import { scaleOfBackground, scaleOfRows, scaleOfWords, shortRows, standard, type Scale } from './scale.js';

export interface Gathered {
  /** Best first. */
  readonly ranked: readonly Scored[];
  /** Is there nothing beyond these? */
  readonly complete: boolean;
  readonly scales: Scales;
  readonly indexedTo: Cursor;
}

/** Texts of the sample against which words are scaled. */
const SAMPLE = 300;
/** Word hits asked for at least: the cheap part, and the more of them are known, the fewer have to be asked for one by one. */
const WORDS_MIN = 1000;
const NONE: Scale = { mean: 0, spread: 1, n: 0 };

/** Collects and scores what a plan finds, `depth` rows of each space deep. */
export class Gatherer {
  private sample: { readonly bits: Uint8Array; readonly labels: readonly number[]; readonly of: number } = { bits: new Uint8Array(0), labels: [], of: 0 };
  private readonly ownSamples = new Map<string, { readonly bits: Uint8Array; readonly rows: number; readonly at: Head }>();

  constructor(
    private readonly parts: SearchParts,
    /** Does the row carry a text? Looks it up where that is not known yet. */
    private readonly carryText: (labels: readonly number[], head: Head) => Promise<readonly boolean[]>,
  ) {}

  async gather(plan: Plan, allowed: Allowed, head: Head, depth: number, signal?: AbortSignal): Promise<Gathered> {
    const hybrid = plan.words !== undefined && plan.mode === 'hybrid' && plan.queries.size > 0;
    const scaled = hybrid || plan.queries.size > 1;
    const wordDepth = Math.max(depth, WORDS_MIN);
    const wordSearch = plan.words === undefined ? Promise.resolve([]) : this.wordHits(plan.words, wordDepth, allowed);
    // A failing sibling must not leave this one's rejection unheard.
    wordSearch.catch(() => undefined);
    const answers = await Promise.all([...plan.queries].map(async ([space, query]) => [space, await this.nearest(space, query, depth, allowed, scaled, signal)] as const));
    const words = await wordSearch;
    signal?.throwIfAborted();

    const candidates = new Map<number | string, Candidate>();
    let indexedTo: Cursor | undefined;
    let complete = true;
    for (const [space, answer] of answers) {
      indexedTo = earlier(indexedTo, answer.indexedTo);
      complete &&= answer.hits.length < depth;
      for (const { label, score, demotion } of answer.hits) if (isShown(label, allowed)) candidates.set(label, { label, space, cosine: score, ...(demotion === undefined ? {} : { demotion }) });
    }
    if (plan.words !== undefined) indexedTo = earlier(indexedTo, await this.parts.text.position());
    const to = indexedTo ?? { epoch: head.epoch, seq: head.seq };
    if (!hybrid && plan.words === undefined) {
      const spaces = await this.scalesOf(answers, plan, head, scaled, signal);
      const ranked = [...candidates.values()].map((candidate) => alone(candidate, scaled ? spaces.get(candidate.space!) : undefined)).sort(byScore);
      return { ranked, complete, scales: { spaces, words: NONE }, indexedTo: to };
    }
    if (!hybrid) {
      const ranked = words.map(({ label, id, score }): Scored => ({ label, ...(label < 0 ? { id } : {}), bm25: score, score }));
      return { ranked, complete: words.length < wordDepth, scales: { spaces: new Map(), words: NONE }, indexedTo: to };
    }
    const cut = words.length >= wordDepth;
    complete &&= !cut;
    await this.joinWords(candidates, words.slice(0, Math.max(depth, 100)), plan, signal);
    const scale = await this.scoreWords(candidates, words, plan.words, cut || allowed.labels !== undefined, head);
    const spaces = await this.scalesOf(answers, plan, head, true, signal);
    const scales = { spaces, words: scale };
    // Words beyond the depth were not asked for their cosines: known to exist, not ranked yet.
    const all = complete && words.length <= Math.max(depth, 100);
    return { ranked: await this.rank(candidates, scales, plan, head), complete: all, scales, indexedTo: to };
  }

  private nearest(space: string, query: Float32Array, depth: number, { labels }: Allowed, background: boolean, signal?: AbortSignal): Promise<VectorAnswer> {
    return this.parts.vectors.search(space, query, depth, { ...(labels === undefined ? {} : { allow: labels }), background, ...(signal === undefined ? {} : { signal }) });
  }

  /** Rows and blocks that hold words of the query, best first. */
  private async wordHits(words: string, depth: number, allowed: Allowed): Promise<TextHit[]> {
    const { labels, rowless } = allowed;
    const [withRows, others] = await Promise.all([
      this.parts.text.search(words, depth, labels),
      labels === undefined || rowless === undefined || rowless.size === 0 ? [] : this.parts.text.search(words, Math.max(depth, 10 * rowless.size)),
    ]);
    const bare = others.filter(({ label, id }) => label < 0 && rowless!.has(id));
    return [...withRows.filter(({ label, id }) => (label < 0 ? labels === undefined && this.parts.isHidden?.(id) !== true : isShown(label, allowed))), ...bare].sort((a, b) => b.score - a.score);
  }

  /** Word hits become candidates, with their exact cosines where they are in a space of the query. */
  private async joinWords(candidates: Map<number | string, Candidate>, words: readonly TextHit[], plan: Plan, signal?: AbortSignal): Promise<void> {
    const fresh = words.filter(({ label }) => !candidates.has(label));
    for (const { label, id } of fresh) candidates.set(label < 0 ? id : label, { label, ...(label < 0 ? { id } : {}) });
    const labels = fresh.flatMap(({ label }) => (label < 0 ? [] : [label]));
    if (labels.length === 0) return;
    const allow = bitsOf(labels);
    for (const [space, query] of plan.queries) {
      const { hits } = await this.parts.vectors.search(space, query, labels.length, { allow, ...(signal === undefined ? {} : { signal }) });
      for (const { label, score, demotion } of hits) candidates.set(label, { label, space, cosine: score, ...(demotion === undefined ? {} : { demotion }) });
    }
  }

  /** Gives every candidate its bm25 score (0: no word of the query) and answers the scale of such scores. */
  private async scoreWords(candidates: Map<number | string, Candidate>, words: readonly TextHit[], query: string, cut: boolean, head: Head): Promise<Scale> {
    const scores = new Map(words.map(({ label, id, score }) => [label < 0 ? id : label, score]));
    const sample = this.sampleOf(head);
    if (cut) {
      const open = [...candidates.keys()].filter((key): key is number => typeof key === 'number' && !scores.has(key));
      const more = await this.parts.text.search(query, open.length + sample.labels.length, bitsOf([...open, ...sample.labels]));
      for (const { label, score } of more) scores.set(label, score);
    }
    for (const [key, candidate] of candidates) candidates.set(key, { ...candidate, bm25: scores.get(key) ?? 0 });
    return scaleOfWords(
      sample.labels.flatMap((label) => scores.get(label) ?? []),
      sample.labels.length,
    );
  }

  /**
   * Fuses. Rows in which no word was found may carry no text at all; that matters only where it could bring them up, and
   * so it is looked up only there.
   */
  private async rank(candidates: ReadonlyMap<number | string, Candidate>, scales: Scales, plan: Plan, head: Head): Promise<Scored[]> {
    const list = [...candidates.values()];
    const silent = list.filter(({ label, bm25 }) => label >= 0 && bm25 === 0).sort((a, b) => (b.cosine ?? -1) - (a.cosine ?? -1));
    const carry = await this.carryText(
      silent.map(({ label }) => label),
      head,
    );
    const bare = new Set(silent.filter((_, i) => carry[i] === false).map(({ label }) => label));
    const known = list.map((candidate): Candidate => {
      if (!bare.has(candidate.label)) return candidate;
      const { bm25: _, ...rest } = candidate;
      return rest;
    });
    return fuse(known, scales, plan.weights);
  }

  /** Texts all over the ledger, drawn anew when it has doubled. */
  private sampleOf({ labels }: Head): { readonly bits: Uint8Array; readonly labels: readonly number[] } {
    if (labels < this.sample.of || labels >= 2 * this.sample.of || this.sample.of < SAMPLE) {
      const drawn = spread(labels, SAMPLE);
      this.sample = { bits: bitsOf(drawn), labels: drawn, of: labels };
    }
    return this.sample;
  }

  private async scalesOf(answers: readonly (readonly [string, VectorAnswer])[], plan: Plan, head: Head, scaled: boolean, signal?: AbortSignal): Promise<Map<string, Scale>> {
    const scales = new Map<string, Scale>();
    if (!scaled) return scales;
    for (const [space, { background }] of answers) {
      scales.set(space, background === undefined ? await this.scaleOfOwn(space, plan.queries.get(space)!, head, signal) : scaleOfBackground(background));
    }
    return scales;
  }

  /** Where the index keeps no sample (few rows, or its guard is off): rows of the space, evenly taken. */
  private async scaleOfOwn(space: string, query: Float32Array, head: Head, signal?: AbortSignal): Promise<Scale> {
    let sample = this.ownSamples.get(space);
    if (sample === undefined || sample.at.epoch !== head.epoch || (sample.rows < shortRows && sample.at.seq !== head.seq) || head.labels >= 2 * sample.at.labels) {
      const labels = spreadLabels(await this.parts.catalogue.labels({ spaces: [space] }), SAMPLE);
      sample = { bits: bitsOf(labels), rows: labels.length, at: head };
      this.ownSamples.set(space, sample);
    }
    const { hits } = await this.parts.vectors.search(space, query, SAMPLE, { allow: sample.bits, ...(signal === undefined ? {} : { signal }) });
    return scaleOfRows(hits.map(({ score }) => score));
  }
}

/** By vectors alone: of one space the cosine itself, of several the standard score. */
function alone(candidate: Candidate, scale: Scale | undefined): Scored {
  const similarity = candidate.cosine! - (candidate.demotion ?? 0);
  if (scale === undefined) return { ...candidate, score: similarity };
  const vectorPart = standard(similarity, scale);
  return { ...candidate, score: vectorPart, vectorPart };
}

function isShown(label: number, { hidden }: Allowed): boolean {
  return hidden === undefined || !hasLabel(hidden, label);
}

function earlier(a: Cursor | undefined, b: Cursor): Cursor {
  return a === undefined || b.seq < a.seq ? { epoch: b.epoch, seq: b.seq } : a;
}
