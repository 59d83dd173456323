import { spaceIdOf, type Cursor, type Head, type TextHit } from '@cosmicembeddings/sdk';
import { languagesOf } from '@cosmicembeddings/sdk/embedders';
import { Recent } from '../recent.js';
import { equalTerms } from './cut-texts.js';
import { isLong } from './turns.js';
import { bitsOf, both, either, hasLabel, isEmpty, spread, spreadLabels, without } from './bits.js';
import type { Allowed } from './filter-bits.js';
import { byScore, fuse, weigh, type Candidate, type Scales, type Scored } from './fusion.js';
import type {
  Background,
  Bm25,
  OwnBackground,
  SearchParts,
  VectorAnswer,
  VectorHit,
  VectorSearch,
  Weights,
  WordAnswer,
} from './parts.js';
import type { Plan } from './plan.js';
import { scaleOfBackground, scaleOfRows, scaleOfWords, shortRows, standard, wordScale, type Scale } from './scale.js';

/** One index in which the question is asked in one space. */
interface Source {
  readonly index: VectorSearch;
  readonly space: string;
  readonly query: Float32Array;
  /** Rows that this node made of texts. */
  readonly computed: boolean;
  readonly allow?: Uint8Array;
}

/** By label, or by id for blocks without rows; made for one question, so that what words say is written into them. */
type Candidates = Map<number | string, Omit<Candidate, 'bm25'> & { bm25?: number }>;

interface Joined {
  readonly terms?: WordAnswer['terms'];
  readonly scale: Scale;
  /** Were all texts with words of the query joined? */
  readonly complete: boolean;
}

export interface Gathered {
  /** Best first. */
  readonly ranked: readonly Scored[];
  /** Is there nothing beyond these? */
  readonly complete: boolean;
  readonly scales: Scales;
  /** Do words take part beside vectors? */
  readonly isHybrid: boolean;
  readonly indexedTo: Cursor;
  /** Rows made of texts here are of blocks up to here; absent where none take part. */
  readonly computedTo?: Cursor;
  /** By space, where its cosines were scaled: what they were compared with. */
  readonly backgrounds: ReadonlyMap<string, 'common' | 'own'>;
  /** How near rows of the question's spaces are to each other. */
  readonly own: ReadonlyMap<string, OwnBackground>;
  /** The question's words and how much each tells; undefined where it was not asked in words, or nobody counted them. */
  readonly terms?: WordAnswer['terms'];
}

/** Texts that hold what stands in quotes and are looked at for it. */
const PHRASE_HITS = 200;
/** Texts of the sample against which words are scaled. */
const SAMPLE = 300;
/** Spaces whose samples are kept: anybody can make spaces. */
const SAMPLES_MAX = 64;
/** Word hits asked for at least: the cheap part, and the more of them are known, the fewer have to be asked for one by one. */
const WORDS_MIN = 1000;
/** Between word hits that were asked for at all and those that are joined: as deep as the vectors, or so deep. */
const JOINED_MIN = 60;
/** Beside vectors: bench/search-quality. Alone: as full-text tables have it. */
const bm25Beside: Bm25 = { k1: 1.2, b: 0.5 };
const bm25Alone: Bm25 = { k1: 1.2, b: 0.75 };
/** A text index that lags gets this long to come to the head. */
const CATCH_UP_MS = 250;
const NONE: Scale = { mean: 0, spread: 1, n: 0 };
/** One kind of evidence alone. */
const UNWEIGHED: Weights = { vectors: 1, words: 1 };

/** Collects and scores what a plan finds, `depth` rows of each space deep. */
export class Gatherer {
  private sample: { readonly bits: Uint8Array; readonly labels: readonly number[]; readonly of: number } = {
    bits: new Uint8Array(0),
    labels: [],
    of: 0,
  };
  private counted: { readonly key: string; readonly rows: ReadonlyMap<string, number> } | undefined;
  private foreign: { readonly key: string; readonly bits: Uint8Array | undefined } | undefined;
  private outside: { readonly key: string; readonly bits: Uint8Array } | undefined;
  private readonly ownSamples = new Recent<
    string,
    { readonly bits: Uint8Array; readonly rows: number; readonly at: Head }
  >(SAMPLES_MAX);

  constructor(
    private readonly parts: SearchParts,
    /** Does the row carry a text? Looks it up where that is not known yet. */
    private readonly carryText: (labels: readonly number[], head: Head) => Promise<readonly boolean[]>,
  ) {}

  async gather(plan: Plan, allowed: Allowed, head: Head, depth: number, signal?: AbortSignal): Promise<Gathered> {
    const hybrid = plan.words !== undefined && plan.mode === 'hybrid' && plan.queries.size > 0;
    const scaled = hybrid || plan.queries.size > 1;
    if (plan.words !== undefined) await this.parts.text.catchUp?.(this.parts.clock.now() + CATCH_UP_MS);
    if (!hybrid && plan.words !== undefined) return this.gatherWords(plan.words, plan, allowed, head, depth);

    const sources = await this.sourcesOf(plan, allowed, head);
    const answers = await Promise.all(
      sources.map(async (source) => ({ ...source, answer: await this.nearest(source, depth, scaled, signal) })),
    );
    signal?.throwIfAborted();
    const candidates: Candidates = new Map();
    const own = new Map<string, OwnBackground>();
    let indexedTo: Cursor | undefined;
    let computedTo: Cursor | undefined;
    let complete = true;
    for (const { space, computed, answer } of answers) {
      if (computed) computedTo = earlier(computedTo, answer.indexedTo);
      else indexedTo = earlier(indexedTo, answer.indexedTo);
      complete &&= answer.hits.length < depth;
      const known = own.get(space);
      if (answer.own !== undefined && answer.own.rows > (known?.rows ?? 0)) own.set(space, answer.own);
      for (const hit of answer.hits)
        if (isShown(hit.label, allowed)) candidates.set(hit.label, rowOf(space, hit, computed));
    }
    const to = indexedTo ?? { epoch: head.epoch, seq: head.seq };
    const { scales: spaces, backgrounds } = await this.scalesOf(answers, plan, head, scaled, signal);
    const reached = { indexedTo: to, ...(computedTo === undefined ? {} : { computedTo }), backgrounds };
    if (!hybrid) {
      const ranked = [...candidates.values()]
        .map((candidate) => alone(candidate, scaled ? spaces.get(candidate.space!) : undefined))
        .sort(byScore);
      const terms = await this.termsOf(plan);
      return {
        ranked,
        complete,
        scales: { spaces, words: NONE, weights: UNWEIGHED },
        isHybrid: false,
        ...reached,
        own,
        ...(terms === undefined ? {} : { terms }),
      };
    }
    const joined =
      (await this.matchWords(candidates, plan, sources, allowed, depth, signal)) ??
      (await this.searchWords(candidates, plan, sources, allowed, head, depth, signal));
    const weights = weigh(candidates.values(), spaces, plan.weights);
    const scales = { spaces, words: joined.scale, weights };
    const ranked = fuse([...candidates.values()], scales);
    return {
      ranked,
      complete: complete && joined.complete,
      scales,
      isHybrid: true,
      ...reached,
      indexedTo: earlier(to, await this.parts.text.position()),
      own,
      ...(joined.terms === undefined ? {} : { terms: joined.terms }),
    };
  }

  /** By words alone. */
  private async gatherWords(words: string, plan: Plan, allowed: Allowed, head: Head, depth: number): Promise<Gathered> {
    const phrases = await this.phraseHits(plan, allowed);
    const quoted = labelsOf(phrases);
    const found = await this.matched(words, depth, allowed, quoted, bm25Alone);
    const wordDepth = found === undefined ? Math.max(depth, WORDS_MIN) : depth;
    const scores = new Map<number | string, Scored>();
    for (const { label, id, score } of found?.hits ?? (await this.wordHits(words, wordDepth, allowed)))
      scores.set(label < 0 ? id! : label, { label, ...(label < 0 ? { id: id! } : {}), bm25: score, score });
    quoted.forEach((label, i) => {
      const score = found?.answer.also[i] ?? 0;
      if (!scores.has(label) && score > 0) scores.set(label, { label, bm25: score, score });
    });
    // The table on disk has counted the phrases already.
    if (found !== undefined)
      for (const { label, id, score } of phrases) {
        const key = label < 0 ? id : label;
        const before = scores.get(key);
        if (before !== undefined)
          scores.set(key, { ...before, bm25: before.bm25! + score, score: before.score + score });
      }
    const asked = found?.asked ?? scores.size;
    return {
      ranked: [...scores.values()].sort(byScore),
      complete: asked < wordDepth,
      scales: { spaces: new Map(), words: NONE, weights: UNWEIGHED },
      isHybrid: false,
      indexedTo: await this.parts.text.position(),
      backgrounds: new Map(),
      own: new Map(),
      ...(found === undefined ? {} : { terms: found.answer.terms }),
    };
  }

  /** The words of a question that is asked by vectors alone: no score, but which texts say it back. */
  private async termsOf({ asked }: Plan): Promise<WordAnswer['terms'] | undefined> {
    if (asked === undefined || !isLong(equalTerms(asked))) return undefined;
    return (await this.parts.text.match?.(asked, { k: 0, bm25: bm25Beside }))?.terms;
  }

  /** What holds the quoted phrases, by the phrases alone. */
  private async phraseHits(plan: Plan, allowed: Allowed): Promise<TextHit[]> {
    if (plan.phrases === undefined) return [];
    const found = (await this.parts.text.phrases?.(plan.words!, PHRASE_HITS, allowed.labels)) ?? [];
    return found.filter(({ label, id }) => (label < 0 ? this.parts.isHidden?.(id) !== true : isShown(label, allowed)));
  }

  /** Joins words by the index in memory; undefined where there is none. */
  private async matchWords(
    candidates: Candidates,
    plan: Plan,
    sources: readonly Source[],
    allowed: Allowed,
    depth: number,
    signal?: AbortSignal,
  ): Promise<Joined | undefined> {
    const phrases = await this.phraseHits(plan, allowed);
    const near = [...candidates.keys()].filter((key): key is number => typeof key === 'number');
    const quoted = labelsOf(phrases).filter((label) => !candidates.has(label));
    const labels = [...near, ...quoted];
    const joinedDepth = Math.max(depth, JOINED_MIN);
    const found = await this.matched(plan.words!, joinedDepth, allowed, labels, bm25Beside);
    if (found === undefined) return undefined;
    const { also, scale, terms } = found.answer;
    const fresh = new Map<number | string, { readonly label: number; readonly id?: string }>();
    for (const hit of found.hits) fresh.set(hit.label < 0 ? hit.id! : hit.label, hit);
    for (const label of quoted) fresh.set(label, { label });
    for (const key of candidates.keys()) fresh.delete(key);
    await this.joinFresh(candidates, [...fresh.values()], sources, signal);
    const add = (key: number | string, score: number): void => {
      const candidate = candidates.get(key);
      if (candidate !== undefined) candidate.bm25 = score;
    };
    labels.forEach((label, i) => {
      if (!Number.isNaN(also[i]!)) add(label, also[i]!);
    });
    for (const { label, id, score } of found.hits)
      if (label < 0 || fresh.has(label)) add(label < 0 ? id! : label, score);
    for (const { label, id, score } of phrases) {
      const key = label < 0 ? id : label;
      add(key, (candidates.get(key)?.bm25 ?? 0) + score);
    }
    return { scale: wordScale(scale), complete: found.asked < joinedDepth, terms };
  }

  /** Hits of the index in memory that may be shown, and how many it had before. */
  private async matched(
    words: string,
    k: number,
    allowed: Allowed,
    also: readonly number[],
    bm25: Bm25,
  ): Promise<{ readonly hits: WordAnswer['hits']; readonly asked: number; readonly answer: WordAnswer } | undefined> {
    const { labels, rowless } = allowed;
    const answer = await this.parts.text.match?.(words, {
      k,
      ...(labels === undefined ? {} : { allow: labels }),
      also: Uint32Array.from(also),
      bm25,
    });
    if (answer === undefined) return undefined;
    const hits = answer.hits.filter(({ label, id }) =>
      label < 0 ? this.parts.isHidden?.(id!) !== true : isShown(label, allowed),
    );
    if (labels === undefined || rowless === undefined || rowless.size === 0)
      return { hits, asked: answer.hits.length, answer };
    const all = await this.parts.text.match!(words, { k: Math.max(k, 10 * rowless.size), bm25 });
    const bare = (all?.hits ?? []).filter(({ label, id }) => label < 0 && rowless.has(id!));
    return { hits: [...hits, ...bare].sort((a, b) => b.score - a.score), asked: answer.hits.length, answer };
  }

  /** Joins words by the text index alone, whatever it is: slower, and the scale is that of a sample. */
  private async searchWords(
    candidates: Candidates,
    plan: Plan,
    sources: readonly Source[],
    allowed: Allowed,
    head: Head,
    depth: number,
    signal?: AbortSignal,
  ): Promise<Joined> {
    const wordDepth = Math.max(depth, WORDS_MIN);
    const words = await this.wordHits(plan.words!, wordDepth, allowed);
    const joinedDepth = Math.max(depth, JOINED_MIN);
    const cut = words.length >= wordDepth;
    await this.joinFresh(
      candidates,
      words.slice(0, joinedDepth).filter(({ label, id }) => !candidates.has(label < 0 ? id : label)),
      sources,
      signal,
    );
    const scale = await this.scoreWords(candidates, words, plan.words!, cut || allowed.labels !== undefined, head);
    await this.noteSilence(candidates, head);
    return { scale, complete: !cut && words.length <= joinedDepth };
  }

  private nearest(
    { index, space, query, allow }: Source,
    depth: number,
    background: boolean,
    signal?: AbortSignal,
  ): Promise<VectorAnswer> {
    return index.search(space, query, depth, {
      ...(allow === undefined ? {} : { allow }),
      background,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /**
   * Where rows are looked for: authors' own, and those that were made of texts here. A row whose author's own vector takes part is not
   * looked at by one of ours as well: it would be two.
   */
  private async sourcesOf({ queries, computed }: Plan, { labels }: Allowed, head: Head): Promise<Source[]> {
    const { vectors, home, homeSpaces = [] } = this.parts;
    const own = [...queries].map(([space, query]): Source => ({
      index: vectors,
      space,
      query,
      computed: false,
      ...(labels === undefined ? {} : { allow: labels }),
    }));
    const asked = computed && home !== undefined ? homeSpaces.filter((space) => queries.has(space)) : [];
    // In one home space is enough: rows of several would be several hits.
    const [space] = asked;
    if (home === undefined || space === undefined || !(await this.hasRowsBeside(space, head))) return own;
    const others = [...queries.keys()].filter((one) => one !== space);
    const outside = await this.withoutRowsIn(others, labels, head);
    const source = { index: home, space, query: queries.get(space)!, computed: true };
    const foreign = await this.foreignRows(others, space, head);
    if (foreign === undefined) return [{ ...source, ...(outside === undefined ? {} : { allow: outside }) }, ...own];
    const allow = outside && either(outside, labels === undefined ? foreign : both(labels, foreign));
    const everything = labels ?? all(head);
    return [
      { ...source, ...(allow === undefined ? {} : { allow }) },
      ...own.map((one) => (one.space === space ? one : { ...one, allow: without(everything, foreign) })),
    ];
  }

  /**
   * Rows of English models beside texts that their author says are in another language: such a vector is chance, and the one that was
   * made of the text here stands for it, where the home space knows more than English. Undefined: there are none.
   */
  private async foreignRows(others: readonly string[], home: string, head: Head): Promise<Uint8Array | undefined> {
    const key = `${head.epoch} ${head.seq} ${home} ${others.join(' ')}`;
    if (this.foreign?.key !== key) {
      const spaces = (await this.parts.embedders()).map(({ space }) => space);
      const isEnglish = (id: string): boolean =>
        spaces.some((space) => spaceIdOf(space) === id && languagesOf(space)?.join() === 'English');
      const english = isEnglish(home) ? [] : others.filter(isEnglish);
      const of = (language: string): Promise<Uint8Array> => this.parts.catalogue.labels({ spaces: english, language });
      const bits = english.length === 0 ? undefined : without(await of('*'), await of('en'));
      this.foreign = { key, bits: bits === undefined || isEmpty(bits) ? undefined : bits };
    }
    return this.foreign.bits;
  }

  /** Where all rows are in that space by their authors, none was made here. */
  private async hasRowsBeside(space: string, head: Head): Promise<boolean> {
    for (const [id, rows] of await this.rowsBySpace(head)) if (id !== space && rows > 0) return true;
    return false;
  }

  private async rowsBySpace(head: Head): Promise<ReadonlyMap<string, number>> {
    const key = `${head.epoch} ${head.labels}`;
    if (this.counted?.key !== key) {
      const { spaces } = await this.parts.catalogue.counts();
      this.counted = { key, rows: new Map(spaces.map(({ id, rows }) => [id, rows])) };
    }
    return this.counted.rows;
  }

  /** Labels of `allowed` (undefined: all) but those of rows in these spaces; undefined: all. */
  private async withoutRowsIn(
    spaces: readonly string[],
    allowed: Uint8Array | undefined,
    head: Head,
  ): Promise<Uint8Array | undefined> {
    const counted = await this.rowsBySpace(head);
    const here = spaces.filter((space) => (counted.get(space) ?? 0) > 0).sort();
    if (here.length === 0) return allowed;
    const key = `${head.epoch} ${head.seq} ${here.join(' ')}`;
    if (this.outside?.key !== key) {
      const rows = await this.parts.catalogue.labels({ spaces: here });
      this.outside = { key, bits: without(all(head), rows) };
    }
    return allowed === undefined ? this.outside.bits : both(allowed, this.outside.bits);
  }

  /** Rows and blocks that hold words of the query, best first. */
  private async wordHits(words: string, depth: number, allowed: Allowed): Promise<TextHit[]> {
    const { labels, rowless } = allowed;
    const [withRows, others] = await Promise.all([
      this.parts.text.search(words, depth, labels),
      labels === undefined || rowless === undefined || rowless.size === 0
        ? []
        : this.parts.text.search(words, Math.max(depth, 10 * rowless.size)),
    ]);
    const bare = others.filter(({ label, id }) => label < 0 && rowless!.has(id));
    return [
      ...withRows.filter(({ label, id }) =>
        label < 0 ? labels === undefined && this.parts.isHidden?.(id) !== true : isShown(label, allowed),
      ),
      ...bare,
    ].sort((a, b) => b.score - a.score);
  }

  /** Word hits become candidates, with their exact cosines where they are in a space of the query. */
  private async joinFresh(
    candidates: Candidates,
    fresh: readonly { readonly label: number; readonly id?: string }[],
    sources: readonly Source[],
    signal?: AbortSignal,
  ): Promise<void> {
    for (const { label, id } of fresh)
      candidates.set(label < 0 ? id! : label, { label, ...(label < 0 ? { id: id! } : {}) });
    const labels = fresh.flatMap(({ label }) => (label < 0 ? [] : [label]));
    if (labels.length === 0) return;
    const found = await Promise.all(
      sources.map(async (source) => {
        const { allow } = source;
        const among = Uint32Array.from(allow === undefined ? labels : labels.filter((label) => hasLabel(allow, label)));
        if (among.length === 0) return { ...source, hits: [] };
        const { hits } = await source.index.search(source.space, source.query, among.length, {
          among,
          ...(signal === undefined ? {} : { signal }),
        });
        return { ...source, hits };
      }),
    );
    for (const { space, computed, hits } of found)
      for (const hit of hits) candidates.set(hit.label, rowOf(space, hit, computed));
  }

  /** Gives every candidate its bm25 score (0: no word of the query) and answers the scale of such scores. */
  private async scoreWords(
    candidates: Candidates,
    words: readonly TextHit[],
    query: string,
    cut: boolean,
    head: Head,
  ): Promise<Scale> {
    const scores = new Map(words.map(({ label, id, score }) => [label < 0 ? id : label, score]));
    const sample = this.sampleOf(head);
    if (cut) {
      const open = [...candidates.keys()].filter((key): key is number => typeof key === 'number' && !scores.has(key));
      const more = await this.parts.text.search(
        query,
        open.length + sample.labels.length,
        bitsOf([...open, ...sample.labels]),
      );
      for (const { label, score } of more) scores.set(label, score);
    }
    for (const [key, candidate] of candidates) candidates.set(key, { ...candidate, bm25: scores.get(key) ?? 0 });
    return scaleOfWords(
      sample.labels.flatMap((label) => scores.get(label) ?? []),
      sample.labels.length,
    );
  }

  /** Rows in which no word was found may carry no text at all: then they have no score of words, not a low one. */
  private async noteSilence(candidates: Candidates, head: Head): Promise<void> {
    const silent = [...candidates.values()].filter(({ label, bm25 }) => label >= 0 && bm25 === 0);
    const carry = await this.carryText(
      silent.map(({ label }) => label),
      head,
    );
    silent.forEach((candidate, i) => {
      if (carry[i] === true) return;
      const { bm25: _, ...rest } = candidate;
      candidates.set(candidate.label, rest);
    });
  }

  /** Texts all over the ledger, drawn anew when it has doubled. */
  private sampleOf({ labels }: Head): { readonly bits: Uint8Array; readonly labels: readonly number[] } {
    if (labels < this.sample.of || labels >= 2 * this.sample.of || this.sample.of < SAMPLE) {
      const drawn = spread(labels, SAMPLE);
      this.sample = { bits: bitsOf(drawn), labels: drawn, of: labels };
    }
    return this.sample;
  }

  private async scalesOf(
    answers: readonly (Source & { readonly answer: VectorAnswer })[],
    plan: Plan,
    head: Head,
    scaled: boolean,
    signal?: AbortSignal,
  ): Promise<{ readonly scales: Map<string, Scale>; readonly backgrounds: Map<string, 'common' | 'own'> }> {
    const scales = new Map<string, Scale>();
    const backgrounds = new Map<string, 'common' | 'own'>();
    if (!scaled) return { scales, backgrounds };
    // Among rows of one space alone its own sample is nearer to what they are.
    const isMixed = answers.filter(({ answer }) => answer.hits.length > 0).length > 1;
    const common = (isMixed ? this.parts.common?.(plan.queries) : undefined) ?? new Map<string, Background>();
    for (const [space, query] of plan.queries) {
      const shared = common.get(space);
      const sampled = answers.filter((one) => one.space === space && one.answer.background !== undefined);
      // Of rows that authors signed and of those made here, the sample of more rows says more.
      const [most] = sampled.sort((a, b) => (b.answer.own?.rows ?? 0) - (a.answer.own?.rows ?? 0));
      backgrounds.set(space, shared === undefined ? 'own' : 'common');
      scales.set(
        space,
        shared !== undefined
          ? scaleOfBackground(shared)
          : most === undefined
            ? await this.scaleOfOwn(space, query, head, signal)
            : scaleOfBackground(most.answer.background!),
      );
    }
    return { scales, backgrounds };
  }

  /** Where the index keeps no sample (few rows, or its guard is off): rows of the space, evenly taken. */
  private async scaleOfOwn(space: string, query: Float32Array, head: Head, signal?: AbortSignal): Promise<Scale> {
    let sample = this.ownSamples.get(space);
    if (
      sample === undefined ||
      sample.at.epoch !== head.epoch ||
      (sample.rows < shortRows && sample.at.seq !== head.seq) ||
      head.labels >= 2 * sample.at.labels
    ) {
      const labels = spreadLabels(await this.parts.catalogue.labels({ spaces: [space] }), SAMPLE);
      sample = { bits: bitsOf(labels), rows: labels.length, at: head };
      this.ownSamples.set(space, sample);
    }
    // Of a home space in which no author is, any rows.
    const made = sample.rows === 0 && this.parts.homeSpaces?.includes(space) === true ? this.parts.home : undefined;
    const { hits } = await (made ?? this.parts.vectors).search(space, query, SAMPLE, {
      allow: made === undefined ? sample.bits : bitsOf(spread(head.labels, SAMPLE)),
      ...(signal === undefined ? {} : { signal }),
    });
    return scaleOfRows(hits.map(({ score }) => score));
  }
}

/** Scores and sorts anew, for candidates of which something else is known by now. */
export function rank(candidates: readonly Candidate[], { scales, isHybrid }: Gathered, plan: Plan): Scored[] {
  if (isHybrid) return fuse(candidates, scales);
  const scaled = plan.queries.size > 1;
  return candidates.map((one) => alone(one, scaled ? scales.spaces.get(one.space!) : undefined)).sort(byScore);
}

function all({ labels }: Head): Uint8Array {
  return new Uint8Array((labels + 7) >> 3).fill(0xff);
}

function rowOf(space: string, { label, score, demotion, copyOf }: VectorHit, computed: boolean): Candidate {
  return {
    label,
    space,
    cosine: score,
    ...(computed ? { computed: true as const } : {}),
    ...(demotion === undefined ? {} : { demotion }),
    ...(copyOf === undefined ? {} : { copyOf }),
  };
}

function labelsOf(hits: readonly TextHit[]): number[] {
  return hits.flatMap(({ label }) => (label < 0 ? [] : [label]));
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
