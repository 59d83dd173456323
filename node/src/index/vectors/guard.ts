import { dot } from './dot.js';

/** Numbers that bench/guard chose; see its page of results. */
export const guardRules = {
  /** Rows of a space before which there is nothing to compare with. */
  rowsMin: 100,
  /** Background rows at most. */
  sampleMax: 300,
  /** The first rows of a space, from which sample and threshold are drawn until they are complete. */
  foundingRows: 2000,
  /**
   * Honest rows end so many spreads beyond where the pool's hubness does: what comes later goes a little further, and each
   * node's pool ends elsewhere. But never further above the median than `spreadsMax` (a flood raises the end before it moves
   * medians). Nearer to the middle, real rows are lost and attackers hardly more.
   */
  slackSpreads: 0.15,
  spreadsMax: 4.5,
  /** What a row loses for each unit of hubness beyond that. */
  steepness: 10,
  /** Rows so many spreads beyond it stay out of the graph. */
  farSpreads: 1,
  /** Demoted rows that a graph takes: this share of its rows, and at least so many. */
  demotedShare: 0.015,
  demotedMin: 256,
  /** Share of arriving rows above the threshold that still looks natural. */
  suspectShare: 0.02,
  /** After the founding rows, one background row changes at most this often. */
  changeEveryMs: 30 * 60_000,
} as const;

export interface GuardState {
  /** Slots of the background rows. */
  readonly sample: readonly number[];
  /** Slots whose hubness sets the threshold, and their authors' hashes. */
  readonly pool: readonly number[];
  readonly authors: readonly number[];
  /** How many of the pool the present threshold was taken from; the others come in with the next draw. */
  readonly measured: number;
  /** Rows that arrived so far, up to the founding number. */
  readonly seen: number;
  readonly changedMs: number;
  readonly seed: number;
}

/** Read access to a space's rows. */
export interface SlotRows {
  /** Is the row still there? */
  alive(slot: number): boolean;
  data(slot: number): Float32Array;
  offset(slot: number): number;
}

/**
 * Keeps rows that are near everything from owning every answer (hubness attacks). A row's *hubness* is its mean cosine
 * to a background sample of its space, which is one dot product with the sample's mean. Rows above where honest
 * ones end are demoted by a steep multiple of the excess; rows far above are to stay out of the graph.
 *
 * The sample must not be floodable: until a space has its founding rows, sample and threshold are redrawn whenever the
 * rows have doubled, one row an author first, without rows that look like an attack by the threshold so far; after
 * that a single row changes every half hour of this node's own clock.
 */
export class Guard {
  private sample: number[];
  private pool: number[];
  private authors: number[];
  private measured: number;
  private seen: number;
  private changedMs: number;
  private readonly seed: number;
  private readonly centroid: Float32Array;
  private background_ = new Float32Array(0);
  /** Rows above the threshold since the last draw, and how many rows had arrived by then. */
  private readonly suspects: { readonly slot: number; readonly author: number }[] = [];
  private seenAtDraw = 0;
  private candidate: { slot: number; author: number } | undefined;
  private threshold_ = Infinity;
  private spread = 0;
  /** Grows with every change of sample or threshold: hubness computed before has to be computed again. */
  version = 0;

  constructor(
    private readonly dims: number,
    private readonly rows: SlotRows,
    seed: number,
    saved?: GuardState,
  ) {
    this.centroid = new Float32Array(dims);
    this.sample = [...(saved?.sample ?? [])];
    this.pool = [...(saved?.pool ?? [])];
    this.authors = [...(saved?.authors ?? [])];
    this.measured = saved?.measured ?? 0;
    this.seen = this.seenAtDraw = saved?.seen ?? 0;
    this.changedMs = saved?.changedMs ?? 0;
    this.seed = saved?.seed ?? seed;
    if (this.sample.length > 0) this.measure();
  }

  get active(): boolean {
    return this.sample.length > 0;
  }

  get threshold(): number {
    return this.threshold_;
  }

  /** Flat rows of the background sample. */
  get background(): Float32Array {
    return this.background_;
  }

  get sampleSlots(): readonly number[] {
    return this.sample;
  }

  state(): GuardState {
    return {
      sample: this.sample,
      pool: this.pool,
      authors: this.authors,
      measured: this.measured,
      seen: this.seen,
      changedMs: this.changedMs,
      seed: this.seed,
    };
  }

  /** Notes a row that was just appended. Answers true when the guard changed and all hubness must be computed again. */
  arrived(slot: number, author: number, seenMs: number): boolean {
    if (this.seen < guardRules.foundingRows) {
      this.seen++;
      const hub = this.active ? this.hubness(this.rows.data(slot), this.rows.offset(slot)) : -1;
      if (hub <= this.threshold_ || !this.active) {
        this.pool.push(slot);
        this.authors.push(author);
      } else if (!this.far(hub)) this.suspects.push({ slot, author });
      if (
        this.seen === guardRules.rowsMin ||
        this.seen === guardRules.foundingRows ||
        (this.seen > guardRules.rowsMin && isDoubled(this.seen))
      ) {
        this.changedMs = seenMs;
        this.admitSuspects();
        this.draw();
        return true;
      }
      return false;
    }
    if (this.candidate === undefined && this.hubness(this.rows.data(slot), this.rows.offset(slot)) <= this.threshold_) {
      this.candidate = { slot, author };
    }
    if (seenMs - this.changedMs < guardRules.changeEveryMs || this.candidate === undefined) return false;
    this.changedMs = seenMs;
    this.exchange(this.candidate);
    this.candidate = undefined;
    return true;
  }

  /** Rows are gone: the sample forgets them. True when it held one of them. */
  forget(): boolean {
    const before = this.pool.length;
    const held = this.sample.some((slot) => !this.rows.alive(slot));
    const kept = this.pool
      .map((slot, i) => ({ slot, author: this.authors[i]! }))
      .filter(({ slot }) => this.rows.alive(slot));
    if (kept.length === before && !held) return false;
    this.measured = Math.min(this.measured, kept.length);
    this.pool = kept.map(({ slot }) => slot);
    this.authors = kept.map(({ author }) => author);
    if (this.candidate !== undefined && !this.rows.alive(this.candidate.slot)) this.candidate = undefined;
    if (!held) return false;
    this.draw();
    return true;
  }

  /** Mean cosine of a unit row to the background sample. */
  hubness(data: Float32Array, offset: number): number {
    return dot(this.centroid, data, offset);
  }

  /** How much is taken off the score of a row of that hubness. */
  demotion(hubness: number): number {
    return hubness > this.threshold_ ? (hubness - this.threshold_) * guardRules.steepness : 0;
  }

  far(hubness: number): boolean {
    return hubness > this.threshold_ + guardRules.farSpreads * this.spread;
  }

  /** One row in a hundred is above the threshold by nature. When many more are, somebody puts them there: none counts. */
  private admitSuspects(): void {
    const arrivals = this.seen - this.seenAtDraw;
    if (this.suspects.length <= Math.max(3, guardRules.suspectShare * arrivals)) {
      for (const { slot, author } of this.suspects) {
        this.pool.push(slot);
        this.authors.push(author);
      }
    }
    this.suspects.length = 0;
    this.seenAtDraw = this.seen;
  }

  /** Draws the sample from the pool: round after round one row of each author, in an order that only this node knows. */
  private draw(): void {
    const byAuthor = new Map<number, number[]>();
    this.pool.forEach((slot, i) => {
      const author = this.authors[i]!;
      const own = byAuthor.get(author);
      if (own === undefined) byAuthor.set(author, [slot]);
      else own.push(slot);
    });
    for (const own of byAuthor.values()) own.sort((a, b) => mix(a, this.seed) - mix(b, this.seed));
    const queues = [...byAuthor.entries()]
      .sort(([a], [b]) => mix(a, this.seed) - mix(b, this.seed))
      .map(([, own]) => own);
    const sample: number[] = [];
    for (let round = 0; sample.length < Math.min(guardRules.sampleMax, this.pool.length); round++) {
      for (const own of queues)
        if (round < own.length && sample.length < guardRules.sampleMax) sample.push(own[round]!);
    }
    this.sample = sample;
    this.measured = this.pool.length;
    this.measure();
  }

  /** One background row and one row of the pool make way. */
  private exchange({ slot, author }: { slot: number; author: number }): void {
    const counts = new Map<number, number>();
    const authorOf = new Map(this.pool.map((pooled, i) => [pooled, this.authors[i]!]));
    for (const held of this.sample) {
      const own = authorOf.get(held) ?? -1;
      counts.set(own, (counts.get(own) ?? 0) + 1);
    }
    // Of the author with most rows, the oldest: the sample stays spread over authors and moves with time.
    let out = 0;
    this.sample.forEach((held, i) => {
      const now = counts.get(authorOf.get(held) ?? -1)!;
      const most = counts.get(authorOf.get(this.sample[out]!) ?? -1)!;
      if (now > most || (now === most && held < this.sample[out]!)) out = i;
    });
    const gone = this.sample[out]!;
    this.sample[out] = slot;
    const at = this.pool.indexOf(gone);
    this.pool[Math.max(0, at)] = slot;
    this.authors[Math.max(0, at)] = author;
    this.measure();
  }

  private measure(): void {
    const { dims, centroid, rows } = this;
    const flat = new Float32Array(this.sample.length * dims);
    const mean = new Float64Array(dims);
    this.sample.forEach((slot, i) => {
      const data = rows.data(slot);
      const at = rows.offset(slot);
      flat.set(data.subarray(at, at + dims), i * dims);
      for (let d = 0; d < dims; d++) mean[d]! += data[at + d]! / this.sample.length;
    });
    centroid.set(mean);
    this.background_ = flat;
    const inSample = new Set(this.sample);
    const n = this.sample.length;
    const hubs = Float64Array.from(this.pool.slice(0, this.measured), (slot) => {
      const hub = this.hubness(rows.data(slot), rows.offset(slot));
      // A background row is not compared with itself.
      return inSample.has(slot) && n > 1 ? (hub * n - 1) / (n - 1) : hub;
    }).sort();
    const median = quantileOf(hubs, 0.5);
    this.spread = Math.max(median - quantileOf(hubs, 0.16), 1e-6);
    this.threshold_ = Math.min(
      hubs.at(-1)! + guardRules.slackSpreads * this.spread,
      median + guardRules.spreadsMax * this.spread,
    );
    this.version++;
  }
}

/** FNV-1a over UTF-16 units: authors need only be told apart. */
export function authorHash(author: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < author.length; i++) hash = Math.imul(hash ^ author.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function isDoubled(seen: number): boolean {
  const times = seen / guardRules.rowsMin;
  return Number.isInteger(times) && (times & (times - 1)) === 0;
}

/** A keyed order of numbers (the finaliser of MurmurHash3). */
function mix(value: number, seed: number): number {
  let h = (value ^ seed) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Linear interpolation between the sorted values. */
function quantileOf(sorted: Float64Array, q: number): number {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}
