import type { Cutter, QueryTerms, TextTerms } from './terms.js';

/** How often a word counts and how much the length of a text does, in Okapi BM25. */
export interface Bm25 {
  readonly k1: number;
  readonly b: number;
}

export interface WordQuestion {
  /** Hits wanted, best first. */
  readonly k: number;
  /** Bitset over labels: only these may be hits. */
  readonly allow?: Uint8Array;
  /** Labels whose scores are wanted too, whether hits or not. */
  readonly also?: Uint32Array;
  readonly bm25: Bm25;
}

export interface WordHit {
  /** −1 for a text of a block without rows. */
  readonly label: number;
  /** Only for those. */
  readonly id?: string;
  readonly score: number;
}

export interface WordAnswer {
  readonly hits: readonly WordHit[];
  /** In the order of `also`; NaN for a row without a text. */
  readonly also: Float32Array;
  /** Of the scores of all texts, those without any word of the query (score 0) included. */
  readonly scale: { readonly mean: number; readonly spread: number; readonly n: number };
  /** The query's words as they are compared, and how much each tells: the logarithm of how rare it is here. */
  readonly terms: readonly (readonly [term: string, weight: number])[];
}

/** How often an occurrence counts, in quarters: words of headings twice, exact forms a quarter. */
const counts4: Readonly<Record<keyof TextTerms, number>> = { heading: 8, body: 4, also: 1 };
/** In place of a label: no such text, or no longer. */
const GONE = -2;
/** Texts from which on usual words are not scanned any more. */
const LARGE = 20_000;
/** Texts whose order the usual words refine, at least. */
const REFINED_MIN = 400;

interface Norms {
  readonly gain: number;
  readonly fixed: number;
  readonly perWord: number;
}

interface Postings {
  docs: Uint32Array;
  counts: Uint8Array;
  size: number;
}

/**
 * All texts by their stems, in memory, for scores that take microseconds where a full-text table takes milliseconds: a
 * query adds up its words' postings over one array of scores. It holds the very terms of the table on disk, from which it
 * is filled when a node starts.
 */
export class WordIndex {
  private readonly terms = new Map<string, Postings>();
  /** Texts are numbered in order of arrival, and a number never comes again. */
  private next = 0;
  private numbers = new Int32Array(1024).fill(-1);
  private labels = new Int32Array(1024).fill(GONE);
  private lengths = new Float32Array(1024);
  private scores = new Float32Array(1024);
  private readonly ids = new Map<number, string>();
  private docOf = new Int32Array(1024).fill(-1);
  private live = 0;
  private dead = 0;
  private words = 0;
  private touched = new Uint32Array(1024);
  private readonly bins = new Uint32Array(2048);

  constructor(private readonly cutter: Cutter) {}

  get size(): number {
    return this.live;
  }

  /** More texts gone than there: building it anew is cheaper than carrying them. */
  get isMostlyHoles(): boolean {
    return this.dead > 4096 && this.dead > this.live;
  }

  /** `key`: by which the text is known outside, a small number; keys of removed texts may come again. */
  add(key: number, label: number, id: string, terms: TextTerms): void {
    const doc = this.enter(key, label, id);
    const counts = new Map<string, number>();
    let length = 0;
    for (const column of ['heading', 'body', 'also'] as const) {
      for (const term of terms[column]) counts.set(term, (counts.get(term) ?? 0) + counts4[column]);
      length += terms[column].length;
    }
    for (const [term, count] of counts) this.post(term, doc, count);
    this.lengths[doc] = length;
    this.words += length;
  }

  /** Makes a text known, without words. Answers its number here. */
  enter(key: number, label: number, id: string): number {
    this.remove(key);
    const doc = this.next++;
    this.reach(key, doc, label);
    this.numbers[key] = doc;
    this.labels[doc] = label;
    if (label < 0) this.ids.set(doc, id);
    else this.docOf[label] = doc;
    this.live++;
    return doc;
  }

  /** One occurrence of a stem in a text that was entered; a stem's texts come in the order in which they were entered. */
  occur(term: string, key: number, column: keyof TextTerms): void {
    const doc = this.numbers[key] ?? -1;
    if (doc < 0) return;
    this.lengths[doc]!++;
    this.words++;
    const postings = this.terms.get(term);
    const last = postings === undefined ? -1 : postings.size - 1;
    const count = counts4[column];
    if (last >= 0 && postings!.docs[last] === doc)
      postings!.counts[last] = Math.min(255, postings!.counts[last]! + count);
    else this.post(term, doc, count);
  }

  remove(key: number): void {
    const doc = this.numbers[key] ?? -1;
    if (doc < 0) return;
    const label = this.labels[doc]!;
    this.numbers[key] = -1;
    this.labels[doc] = GONE;
    if (label < 0) this.ids.delete(doc);
    else if (this.docOf[label] === doc) this.docOf[label] = -1;
    this.words -= this.lengths[doc]!;
    this.live--;
    this.dead++;
  }

  search(query: string, { k, allow, also = new Uint32Array(0), bm25 }: WordQuestion): WordAnswer {
    const { labels, scores, touched } = this;
    const asked = this.cutter.ask(query);
    const { told, usual } = this.split(asked);
    const norms = this.norms(bm25);
    let count = 0;
    for (const one of told) count = this.scan(one, norms, count);
    let [sum, squares, highest] = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      const doc = touched[i]!;
      if (labels[doc] === GONE) scores[doc] = 0;
      const score = scores[doc]!;
      sum += score;
      squares += score * score;
      if (score > highest) highest = score;
    }
    const best = this.best(count, usual.length === 0 ? k : Math.max(4 * k, REFINED_MIN), highest, allow);
    const refine = (doc: number): number =>
      usual.reduce((score, one) => score + this.scoreIn(one, doc, norms), scores[doc]!);
    const scored = Float32Array.from(also, (label) => {
      const doc = this.docOf[label] ?? -1;
      return doc < 0 ? NaN : refine(doc);
    });
    const refined = best.map((doc) => ({ doc, score: refine(doc) })).sort((x, y) => y.score - x.score || x.doc - y.doc);
    for (let i = 0; i < count; i++) scores[touched[i]!] = 0;
    const n = this.live;
    const mean = n === 0 ? 0 : sum / n;
    const spread = n === 0 ? 0 : Math.sqrt(Math.max(0, squares / n - mean * mean));
    const hits = refined
      .slice(0, k)
      .map(({ doc, score }): WordHit =>
        labels[doc]! < 0 ? { label: -1, id: this.ids.get(doc)!, score } : { label: labels[doc]!, score },
      );
    return {
      hits,
      also: scored,
      scale: { mean, spread, n },
      terms: asked.words.map((term) => [term, this.rarity(term)]),
    };
  }

  /** At least the k highest of the touched texts that are allowed (a few more, in no order), by a histogram of scores. */
  private best(count: number, k: number, highest: number, allow: Uint8Array | undefined): number[] {
    const { scores, touched, labels, bins } = this;
    if (k <= 0 || highest <= 0) return [];
    const isAllowed = (doc: number): boolean => {
      const label = labels[doc]!;
      return allow === undefined || (label >= 0 && ((allow[label >> 3] ?? 0) & (1 << (label & 7))) !== 0);
    };
    const scale = (bins.length - 1) / highest;
    bins.fill(0);
    for (let i = 0; i < count; i++) {
      const doc = touched[i]!;
      if (allow === undefined || isAllowed(doc)) bins[Math.trunc(scores[doc]! * scale)]!++;
    }
    let bin = bins.length - 1;
    for (let seen = bins[bin]!; bin > 0 && seen < k; seen += bins[bin]!) bin--;
    const found: number[] = [];
    for (let i = 0; i < count; i++) {
      const doc = touched[i]!;
      const score = scores[doc]!;
      if (score > 0 && Math.trunc(score * scale) >= bin && isAllowed(doc)) found.push(doc);
    }
    return found;
  }

  /**
   * The query's stems: those that tell texts apart, whose postings are scanned, and, in a large ledger, the usual ones
   * that stand in a tenth of all texts or more, which only refine the order of what the others have found. Where all are
   * usual the rarest of them tells most.
   */
  private split({ words, also }: QueryTerms): { readonly told: Postings[]; readonly usual: Postings[] } {
    const found = [...words, ...also].flatMap((term) => this.terms.get(term) ?? []);
    const isUsual = ({ size }: Postings): boolean => this.live >= LARGE && size * 10 >= this.live;
    const told = found.filter((one) => !isUsual(one));
    if (told.length > 0) return { told, usual: found.filter(isUsual) };
    const [rarest, ...usual] = found.sort((x, y) => x.size - y.size);
    return { told: rarest === undefined ? [] : [rarest], usual };
  }

  private norms({ k1, b }: Bm25): Norms {
    const usualLength = this.live === 0 ? 1 : Math.max(1, this.words / this.live);
    return { gain: k1 + 1, fixed: k1 * (1 - b), perWord: (k1 * b) / usualLength };
  }

  /** Adds a word's share to all texts that hold it; answers how many texts are touched by now. */
  private scan(postings: Postings, { gain, fixed, perWord }: Norms, touchedBefore: number): number {
    const { scores, touched, lengths } = this;
    const { docs, counts, size } = postings;
    const weight = this.weightOf(postings) * gain;
    let count = touchedBefore;
    for (let i = 0; i < size; i++) {
      const doc = docs[i]!;
      const times = counts[i]! / 4;
      const before = scores[doc]!;
      if (before === 0) touched[count++] = doc;
      scores[doc] = before + (weight * times) / (times + fixed + perWord * lengths[doc]!);
    }
    return count;
  }

  /** A word's share in one text: its postings are in ascending order. */
  private scoreIn(postings: Postings, doc: number, { gain, fixed, perWord }: Norms): number {
    const { docs, counts, size } = postings;
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (docs[middle]! < doc) low = middle + 1;
      else high = middle;
    }
    if (low === size || docs[low] !== doc) return 0;
    const times = counts[low]! / 4;
    return (this.weightOf(postings) * gain * times) / (times + fixed + perWord * this.lengths[doc]!);
  }

  /** Inverse document frequency as FTS5 has it: a word in most texts counts for next to nothing, but for something. */
  private weightOf({ size }: Postings): number {
    return Math.max(1e-6, Math.log((this.live + this.dead - size + 0.5) / (size + 0.5)));
  }

  /** As the weight, but never below zero: what nobody wrote here tells most. */
  private rarity(term: string): number {
    const size = this.terms.get(term)?.size ?? 0;
    return Math.log(1 + Math.max(0, this.live + this.dead - size + 0.5) / (size + 0.5));
  }

  private post(term: string, doc: number, count: number): void {
    let postings = this.terms.get(term);
    if (postings === undefined)
      this.terms.set(term, (postings = { docs: new Uint32Array(2), counts: new Uint8Array(2), size: 0 }));
    if (postings.size === postings.docs.length) {
      const room = postings.size < 16 ? postings.size * 2 : Math.ceil(postings.size * 1.5);
      postings.docs = grown(postings.docs, new Uint32Array(room));
      postings.counts = grown(postings.counts, new Uint8Array(room));
    }
    postings.docs[postings.size] = doc;
    postings.counts[postings.size++] = Math.min(255, count);
  }

  private reach(key: number, doc: number, label: number): void {
    if (key >= this.numbers.length) {
      const before = this.numbers.length;
      this.numbers = grown(this.numbers, new Int32Array(Math.max(key + 1, before * 2)));
      this.numbers.fill(-1, before);
    }
    if (doc >= this.labels.length) {
      const room = Math.max(doc + 1, this.labels.length * 2);
      const before = this.labels.length;
      this.labels = grown(this.labels, new Int32Array(room));
      this.labels.fill(GONE, before);
      this.lengths = grown(this.lengths, new Float32Array(room));
      this.scores = grown(this.scores, new Float32Array(room));
      this.touched = grown(this.touched, new Uint32Array(room));
    }
    if (label >= this.docOf.length) {
      const before = this.docOf.length;
      this.docOf = grown(this.docOf, new Int32Array(Math.max(label + 1, before * 2)));
      this.docOf.fill(-1, before);
    }
  }
}

function grown<T extends Uint8Array | Uint32Array | Int32Array | Float32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
