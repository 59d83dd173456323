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

/** The k best rows by score − demotion; of equal ones the lowest label first. */
export class TopRows {
  private readonly rows: ScoredRow[] = [];
  private readonly ranks: number[] = [];

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.rows.length;
  }

  /** What a row must at least reach to be taken. */
  get floor(): number {
    return this.ranks.length < this.capacity ? -Infinity : this.ranks[this.capacity - 1]!;
  }

  offer(label: number, score: number, demotion: number): void {
    const rank = score - demotion;
    const { rows, ranks, capacity: k } = this;
    if (k === 0 || (ranks.length === k && !before(rank, label, ranks[k - 1]!, rows[k - 1]!.label))) return;
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
  }

  clear(): void {
    this.rows.length = this.ranks.length = 0;
  }

  take(): ScoredRow[] {
    return this.rows;
  }
}

function before(rank: number, label: number, otherRank: number, otherLabel: number): boolean {
  return rank > otherRank || (rank === otherRank && label < otherLabel);
}
