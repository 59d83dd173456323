import { coverageKey, coverageTest, type Coverage, type Covered } from '@cosmicembeddings/sdk/filter';
import { frameLimits, type Relaying } from '@cosmicembeddings/sdk/sync';

/** Does a peer keep a block, pass it on, or neither? */
export type Way = 'keep' | 'relay' | undefined;

/** Where blocks go over one connection: what the other side keeps, and what it passes on. */
export class Routes {
  private readonly keeps: (block: Covered) => boolean;
  private passes: readonly ((block: Covered) => boolean)[] = [];
  private reached: readonly Relaying[];
  private told = '';
  /** Grows whenever `reaches` changes. */
  version = 0;

  constructor(
    /** What the other side keeps; everything where it heeds no coverage. */
    readonly coverage: Coverage,
  ) {
    this.keeps = coverageTest(coverage);
    this.reached = reachedOf(coverage, []);
  }

  wayOf(block: Covered): Way {
    if (this.keeps(block)) return 'keep';
    return this.passes.some((test) => test(block)) ? 'relay' : undefined;
  }

  /** The other side has said what it passes on. */
  relays(relays: readonly Relaying[]): void {
    this.reached = reachedOf(this.coverage, relays);
    this.version += 1;
    this.passes = relays.map(({ coverage }) => coverageTest(coverage));
  }

  /** For whom it can be reached: itself, and those behind it that are not too far. */
  get reaches(): readonly Relaying[] {
    return this.reached;
  }

  /** Is this something else than it was told last? Then it is told now. */
  isNews(relays: readonly Relaying[]): boolean {
    const text = relays.map(({ hops, coverage }) => `${hops} ${coverageKey(coverage)}`).join();
    if (text === this.told) return false;
    this.told = text;
    return true;
  }
}

function reachedOf(coverage: Coverage, behind: readonly Relaying[]): Relaying[] {
  return [
    { hops: 1, ...(coverage === undefined ? {} : { coverage }) },
    ...behind.filter(({ hops }) => hops < frameLimits.hopsMax).map(({ hops, ...rest }) => ({ ...rest, hops: hops + 1 })),
  ];
}

/**
 * What this node passes on to its other peers, by the name of who is told: each coverage once, the nearest first, `bytes` at most.
 * `peers`: where blocks go over each connection, with the name of who is there.
 */
export function relaysOf(
  own: Coverage,
  peers: Iterable<readonly [name: string, routes: Routes]>,
  bytes: number,
): (name: string) => Relaying[] {
  interface Way extends Relaying {
    readonly name: string;
    readonly key: string;
  }
  const ownKey = coverageKey(own);
  const nearer = (a: Way, b: Way): number => a.hops - b.hops || (a.key < b.key ? -1 : 1);
  /** Of each coverage the nearest way, and the nearest over somebody else: whoever is told, one of the two is not itself. */
  const ways = new Map<string, readonly Way[]>();
  for (const [name, { reaches }] of peers)
    for (const one of reaches) {
      const key = coverageKey(one.coverage);
      if (key === ownKey) continue;
      const way = { ...one, name, key };
      const known = ways.get(key) ?? [];
      const same = known.find((other) => other.name === name);
      if (same !== undefined && same.hops <= way.hops) continue;
      ways.set(key, [...known.filter((other) => other !== same), way].sort(nearer).slice(0, 2));
    }
  const sorted = [...ways.values()].flat().sort(nearer);
  return (name) => {
    const told = new Map<string, Relaying>();
    let room = bytes;
    for (const way of sorted) {
      // A key is the coverage in hexadecimal.
      const size = way.key.length / 2;
      if (way.name === name || told.has(way.key) || size > room || told.size >= frameLimits.relaysMax) continue;
      told.set(way.key, { hops: way.hops, ...(way.coverage === undefined ? {} : { coverage: way.coverage }) });
      room -= size;
    }
    return [...told.values()];
  };
}
