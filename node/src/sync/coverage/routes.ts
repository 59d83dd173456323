import { coverageKey, coverageTest, type Coverage, type Covered } from '@cosmicembeddings/sdk/filter';
import { frameLimits, type Relaying } from '@cosmicembeddings/sdk/sync';

/** Does a peer keep a block, pass it on, or neither? */
export type Way = 'keep' | 'relay' | undefined;

/** Where blocks go over one connection: what the other side keeps, and what it passes on. */
export class Routes {
  private readonly keeps: (block: Covered) => boolean;
  private passes: readonly ((block: Covered) => boolean)[] = [];
  private relaying: readonly Relaying[] = [];
  private told = '';

  constructor(
    /** What the other side keeps; everything where it heeds no coverage. */
    readonly coverage: Coverage,
  ) {
    this.keeps = coverageTest(coverage);
  }

  wayOf(block: Covered): Way {
    if (this.keeps(block)) return 'keep';
    return this.passes.some((test) => test(block)) ? 'relay' : undefined;
  }

  /** The other side has said what it passes on. */
  relays(relays: readonly Relaying[]): void {
    this.relaying = relays;
    this.passes = relays.map(({ coverage }) => coverageTest(coverage));
  }

  /** For whom it can be reached: itself, and those behind it that are not too far. */
  get reaches(): readonly Relaying[] {
    const behind = this.relaying.filter(({ hops }) => hops < frameLimits.hopsMax);
    return [
      { hops: 1, ...(this.coverage === undefined ? {} : { coverage: this.coverage }) },
      ...behind.map(({ hops, ...rest }) => ({ ...rest, hops: hops + 1 })),
    ];
  }

  /** Is this something else than it was told last? Then it is told now. */
  isNews(relays: readonly Relaying[]): boolean {
    const text = relays.map(({ hops, coverage }) => `${hops} ${coverageKey(coverage)}`).join();
    if (text === this.told) return false;
    this.told = text;
    return true;
  }
}

/** What this node passes on to its other peers, each coverage once and the nearest first. */
export function relaysOf(own: Coverage, others: Iterable<Routes>): Relaying[] {
  const nearest = new Map<string, Relaying>();
  for (const { reaches } of others)
    for (const one of reaches) {
      const key = coverageKey(one.coverage);
      if (key !== coverageKey(own) && one.hops < (nearest.get(key)?.hops ?? Infinity)) nearest.set(key, one);
    }
  return [...nearest]
    .sort(([a, one], [b, other]) => one.hops - other.hops || (a < b ? -1 : 1))
    .slice(0, frameLimits.relaysMax)
    .map(([, one]) => one);
}
