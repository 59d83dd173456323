import {
  classify,
  contentOf,
  shownOf,
  textsOf,
  type CatalogueEntry,
  type Filter,
  type Registry,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import { passes, rowsPassing, testsOf, type Test } from '@cosmicembeddings/sdk/filter';
import { unpackRow } from '@cosmicembeddings/sdk/space';
import { dot } from '../../index/vectors/dot.js';
import { rowOf, type HitRow } from '../hit-reader.js';

/** What a watch looks for, as it crosses threads. */
export interface Wanted {
  readonly filter: Filter;
  /** Absent: whatever passes the filter. */
  readonly near?: readonly {
    readonly space: string;
    readonly vector: Float32Array;
    /** The least cosine. */
    readonly least: number;
  }[];
}

interface Near {
  /** Unit length. */
  readonly vector: Float32Array;
  readonly least: number;
}

/** A watch, ready to be compared with blocks. */
export interface Lookout {
  /** Answered by what is stored beside every block, then by what its body says. */
  readonly headTests: readonly Test[];
  readonly bodyTests: readonly Test[];
  readonly rowTests: readonly Extract<Test, { test: 'where' }>[];
  readonly near?: ReadonlyMap<string, Near>;
}

export interface Match {
  readonly row: number;
  readonly cosine?: number;
}

const HEAD: ReadonlySet<Test['test']> = new Set<Test['test']>(['among', 'from', 'before', 'rows']);

export function lookoutOf({ filter, near }: Wanted): Lookout {
  const all = testsOf(filter);
  return {
    headTests: all.filter(({ test }) => HEAD.has(test)),
    bodyTests: all.filter(({ test }) => !HEAD.has(test) && test !== 'where'),
    rowTests: all.filter((test) => test.test === 'where'),
    ...(near === undefined
      ? {}
      : { near: new Map(near.map(({ space, vector, least }) => [space, { vector: unit(vector), least }])) }),
  };
}

/** One block, decoded once for all watches that look at it, and only as far as one of them does. */
export class Candidate {
  private rows: readonly { readonly vector: Float32Array; readonly length: number }[] | undefined;
  private whole: CatalogueEntry | undefined;

  constructor(
    readonly block: StoredBlock,
    private readonly registry: Registry,
  ) {}

  /** The best row that a watch looks for; undefined where there is none. */
  match({ headTests, bodyTests, rowTests, near }: Lookout): Match | undefined {
    const { entry: stored, timeMs } = this.block;
    const looked = near === undefined ? undefined : near.get(stored.space ?? '');
    if (near !== undefined && looked === undefined) return undefined;
    if (!passes({ entry: stored, timeMs }, headTests)) return undefined;
    const texts = (): readonly (string | undefined)[] => textsOf(this.block, this.registry);
    const entry = bodyTests.length + rowTests.length === 0 ? stored : this.entryOf();
    if (!passes({ entry, timeMs }, bodyTests)) return undefined;
    let open: readonly number[] | undefined;
    for (const { condition } of rowTests) {
      const passing = rowsPassing({ entry, timeMs, texts }, condition);
      open = open === undefined ? passing : open.filter((row) => passing.includes(row));
      if (open.length === 0) return undefined;
    }
    if (looked === undefined) return { row: open?.[0] ?? 0 };
    let best: Match | undefined;
    for (const [row, { vector, length }] of this.rowsOf().entries()) {
      if (open !== undefined && !open.includes(row)) continue;
      const cosine = length === 0 ? 0 : dot(looked.vector, vector, 0) / length;
      if (cosine >= looked.least && (best === undefined || cosine > best.cosine!)) best = { row, cosine };
    }
    return best;
  }

  /** What answers show of a row. */
  shown(row: number): Omit<HitRow, 'seq'> {
    const { seq: _, ...shown } = rowOf(this.block, row, shownOf(this.block, this.registry));
    return shown;
  }

  private rowsOf(): NonNullable<Candidate['rows']> {
    if (this.rows !== undefined) return this.rows;
    const { vectors } = contentOf(this.block, this.registry);
    this.rows = Array.from({ length: vectors?.stored.rows ?? 0 }, (_, row) => {
      const vector = unpackRow(vectors!.stored, vectors!.space.dims, row);
      return { vector, length: Math.sqrt(dot(vector, vector, 0)) };
    });
    return this.rows;
  }

  /** With what only the body says: facts of metadata, languages. */
  private entryOf(): CatalogueEntry {
    const { format, envelope, body, entry } = this.block;
    return (this.whole ??= format === 'native/2' ? classify(envelope, body, this.registry) : entry);
  }
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector, 0));
  return length === 0 ? vector : vector.map((x) => x / length);
}
