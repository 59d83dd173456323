/** One row of an answer. */
export interface ScoredRow {
  readonly label: number;
  /** Exact similarity of query and row. */
  readonly score: number;
  /** What the guard takes off the score before rows are ordered; absent where it takes nothing. */
  readonly demotion?: number;
  /** Label of a row ranked before it that is nearly equal. */
  readonly copyOf?: number;
}

/** Up to here rows stand in order at any time; of more, putting one in its place would move thousands. */
const ORDERED_MAX = 512;
const NONE: ScoredRow = { label: -1, score: -Infinity };

/** The k best rows by score − demotion; of equal ones the lowest label first. */
export class TopRows {
  private readonly rows: ScoredRow[] = [];
  private readonly ranks: number[] = [];
  /** Of many: what a row must be better than, as far as they were last put in order. */
  private least: ScoredRow | undefined;

  constructor(readonly capacity: number) {}

  get size(): number {
    return Math.min(this.rows.length, this.capacity);
  }

  /** What a row must at least reach to be taken. */
  get floor(): number {
    if (this.rows.length < this.capacity) return -Infinity;
    if (this.capacity <= ORDERED_MAX) return this.ranks[this.capacity - 1]!;
    this.settle();
    return rankOf(this.rows[this.capacity - 1]!);
  }

  /** The floor as far as it is known without work. */
  get nearFloor(): number {
    return this.capacity > ORDERED_MAX ? rankOf(this.least ?? NONE) : this.floor;
  }

  /** Was it taken? */
  offer(label: number, score: number, demotion: number): boolean {
    const rank = score - demotion;
    const { rows, ranks, capacity: k } = this;
    if (k > ORDERED_MAX) return this.collect(rank, label, score, demotion);
    if (k === 0 || (ranks.length === k && !before(rank, label, ranks[k - 1]!, rows[k - 1]!.label))) return false;
    let low = 0;
    let high = ranks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(rank, label, ranks[middle]!, rows[middle]!.label)) high = middle;
      else low = middle + 1;
    }
    rows.splice(low, 0, demotion === 0 ? { label, score } : { label, score, demotion });
    ranks.splice(low, 0, rank);
    if (ranks.length > k) {
      rows.pop();
      ranks.pop();
    }
    return true;
  }

  clear(): void {
    this.rows.length = this.ranks.length = 0;
    this.least = undefined;
  }

  take(): ScoredRow[] {
    if (this.capacity > ORDERED_MAX) this.settle();
    return this.rows;
  }

  private collect(rank: number, label: number, score: number, demotion: number): boolean {
    const { least } = this;
    if (least !== undefined && !before(rank, label, rankOf(least), least.label)) return false;
    this.rows.push(demotion === 0 ? { label, score } : { label, score, demotion });
    if (this.rows.length >= 2 * this.capacity) this.settle();
    return true;
  }

  private settle(): void {
    this.rows.sort((a, b) => rankOf(b) - rankOf(a) || a.label - b.label);
    if (this.rows.length < this.capacity) return;
    this.rows.length = this.capacity;
    this.least = this.rows[this.capacity - 1];
  }
}

function rankOf({ score, demotion = 0 }: ScoredRow): number {
  return score - demotion;
}

function before(rank: number, label: number, otherRank: number, otherLabel: number): boolean {
  return rank > otherRank || (rank === otherRank && label < otherLabel);
}
