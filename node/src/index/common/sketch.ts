/** A row that could stand for what is here. */
export interface Drawn {
  /** Decides who is drawn: the smallest are. Nobody else can know it beforehand. */
  readonly rank: number;
  readonly id: string;
  readonly row: number;
  readonly author: string;
}

/**
 * The rows of smallest rank: an even sample that depends on what is here alone, not on the order in which it came, and stays so
 * when rows go, until many have.
 */
export class Sketch {
  private drawn: Drawn[] = [];
  /** Rows that had to go for others: what is here is more than what was drawn. */
  private dropped = false;

  constructor(
    private readonly max: number,
    kept?: { readonly drawn: readonly Drawn[]; readonly dropped: boolean },
  ) {
    this.drawn = [...(kept?.drawn ?? [])].sort(byRank);
    this.dropped = kept?.dropped ?? false;
  }

  get all(): readonly Drawn[] {
    return this.drawn;
  }

  get isWhole(): boolean {
    return !this.dropped;
  }

  /** Answers whether it is drawn. */
  offer(row: Drawn): boolean {
    if (this.drawn.length >= this.max && row.rank > this.drawn.at(-1)!.rank) {
      this.dropped = true;
      return false;
    }
    let at = this.drawn.length;
    while (at > 0 && this.drawn[at - 1]!.rank > row.rank) at--;
    const same = this.drawn[at - 1];
    if (same !== undefined && same.rank === row.rank && same.id === row.id && same.row === row.row) return false;
    this.drawn.splice(at, 0, row);
    if (this.drawn.length > this.max) {
      this.drawn.pop();
      this.dropped = true;
    }
    return true;
  }

  /** Answers whether any of the block's rows had been drawn. */
  remove(id: string): boolean {
    const left = this.drawn.filter((one) => one.id !== id);
    const found = left.length < this.drawn.length;
    this.drawn = left;
    return found;
  }

  /** The first `n`, of which no author has more than `share` while there are others. */
  picks(n: number, share: number): Drawn[] {
    const most = Math.max(1, Math.ceil(share * Math.min(n, this.drawn.length)));
    const taken = new Map<string, number>();
    const [picked, over]: [Drawn[], Drawn[]] = [[], []];
    for (const one of this.drawn) {
      if (picked.length >= n) break;
      const before = taken.get(one.author) ?? 0;
      taken.set(one.author, before + 1);
      (before < most ? picked : over).push(one);
    }
    return [...picked, ...over.slice(0, n - picked.length)];
  }
}

function byRank(a: Drawn, b: Drawn): number {
  return a.rank - b.rank;
}
