import { dot } from '../vectors/dot.js';

/** One row of a space: as its author signed it, and what is made of its text elsewhere. Unit vectors. */
export interface Judged {
  readonly author: string;
  readonly row: Float32Array;
  /** Of its text in a space that this node embeds in itself. */
  readonly home: Float32Array;
  /** Of its text in this very space, where this node has its embedder. */
  readonly own?: Float32Array;
}

/** Canaries of one author: rows whose texts everybody knows. */
export interface Vouched {
  /** Absent: they come with the SDK. */
  readonly author?: string;
  readonly rows: readonly Omit<Judged, 'author'>[];
}

/** What speaks against a space, or some of its authors. */
export interface Doubt {
  readonly what: 'copies' | 'other_model' | 'unrelated' | 'two_models' | 'not_canaries';
  /** For people. */
  readonly why: string;
  /** Whose rows; absent: the space as a whole. */
  readonly authors?: readonly string[];
}

export interface Honesty {
  /** `unknown`: too few rows with texts to say. */
  readonly state: 'honest' | 'doubtful' | 'unknown';
  readonly rows: number;
  readonly doubts: readonly Doubt[];
}

/** More rows say little more, and cost their square. */
export const judgedRows = 128;
/** Fewer rows say nothing. */
const ROWS_MIN = 40;
/** Rows of one author from which on they are compared with the others'. */
const AUTHOR_MIN = 20;
/** Rows this much alike, of texts that are not, are copies. */
const COPY = 0.9999;
const OTHER_TEXT = 0.9;
const COPIES_SHARE = 0.1;
/** Another precision, prefix or cut of the same model stays above it. */
const SAME_MODEL = 0.6;
const FOREIGN_SHARE = 0.1;
/** Standard deviations of chance: below, nearness in the space has nothing to do with nearness of the texts. */
const RELATED = 3;
/** Fewer canaries do not tell models apart (bench/across/canaries.mjs). */
const CANARIES_MIN = 40;
/** Of an author nothing is said unless as much relation as there is among the others would stand out by so many. */
const EXPECTED = 6;
const SHUFFLES = 40;

/**
 * Do the rows of a space behave as vectors of their texts? Nearness among texts in a space of this node's own is compared with
 * nearness among the rows: whatever the model, the two go together; in rows of other texts they do not. Pure and always the same.
 */
export function honestyOf(judged: readonly Judged[], canaries: readonly Vouched[] = []): Honesty {
  const rows = judged.slice(0, judgedRows);
  const n = rows.length;
  if (n < ROWS_MIN) return { state: 'unknown', rows: n, doubts: [] };
  const inSpace = cosines(rows.map(({ row }) => row));
  const inHome = cosines(rows.map(({ home }) => home));
  const doubts: Doubt[] = [];
  const copied = rows.filter((_, i) =>
    rows.some((_, j) => i !== j && inSpace[i]![j]! > COPY && inHome[i]![j]! < OTHER_TEXT),
  );
  if (copied.length >= Math.max(5, COPIES_SHARE * n))
    doubts.push({
      what: 'copies',
      why: `${copied.length} of ${n} rows are one vector beside different texts`,
      ...named(copied, rows),
    });
  const known = rows.filter(({ own }) => own !== undefined);
  const foreign = known.filter(({ row, own }) => dot(row, own!, 0) < SAME_MODEL);
  if (foreign.length >= Math.max(5, FOREIGN_SHARE * known.length))
    doubts.push({
      what: 'other_model',
      why: `${foreign.length} of ${known.length} rows are not what the space’s own embedder makes of their texts`,
      ...named(foreign, rows),
    });
  if (doubts.length === 0) doubts.push(...unrelated(rows, inSpace, inHome));
  if (doubts.length === 0 && known.length === 0) doubts.push(...canaries.flatMap((one) => unlike(rows, one)));
  return { state: doubts.length === 0 ? 'honest' : 'doubtful', rows: n, doubts };
}

/**
 * Do rows go with canaries as their texts do? Else one of both is of another model; which one, whoever trusts the canaries' author
 * knows. Where there is an embedder, comparing with it says more. `least`: fewer canaries say nothing.
 */
export function unlike(
  judged: readonly Judged[],
  { author, rows: canaries }: Vouched,
  least: number = CANARIES_MIN,
): Doubt[] {
  const rows = judged.filter((one) => one.author !== author);
  if (canaries.length < least || rows.length < ROWS_MIN) return [];
  const all = [...rows, ...canaries];
  const [inSpace, inHome] = [cosines(all.map(({ row }) => row)), cosines(all.map(({ home }) => home))];
  const own = rows.map((_, i) => i);
  const usual = relation(inSpace, inHome, own, own).r;
  const found = relation(
    inSpace,
    inHome,
    canaries.map((_, i) => rows.length + i),
    own,
  );
  if (usual < EXPECTED * found.chance || found.r >= RELATED * found.chance) return [];
  return [
    {
      what: 'not_canaries',
      why: `rows are near to each other by their texts, and not to the canaries of ${author ?? 'the SDK'}: the rows or the canaries are of another model`,
    },
  ];
}

function unrelated(
  rows: readonly Judged[],
  inSpace: readonly Float64Array[],
  inHome: readonly Float64Array[],
): Doubt[] {
  const all = rows.map((_, i) => i);
  const { r, chance } = relation(inSpace, inHome, all, all);
  if (r < RELATED * chance)
    return [{ what: 'unrelated', why: 'what is near in the space has nothing to do with what is near by the texts' }];
  const doubts: Doubt[] = [];
  const byAuthor = new Map<string, number[]>();
  rows.forEach(({ author }, i) => byAuthor.set(author, [...(byAuthor.get(author) ?? []), i]));
  for (const [author, own] of byAuthor) {
    const others = all.filter((i) => rows[i]!.author !== author);
    if (own.length < AUTHOR_MIN || others.length < own.length) continue;
    const usual = relation(inSpace, inHome, others, others).r;
    const isMissing = (found: Relation): boolean =>
      usual >= EXPECTED * found.chance && found.r < RELATED * found.chance;
    if (isMissing(relation(inSpace, inHome, own, own)))
      doubts.push({ what: 'unrelated', why: 'rows of this author are not those of their texts', authors: [author] });
    else if (isMissing(relation(inSpace, inHome, own, others)))
      doubts.push({
        what: 'two_models',
        why: 'rows of this author are near to each other by their texts, and not to those of others',
        authors: [author],
      });
  }
  return doubts;
}

interface Relation {
  /** Correlation of both nearnesses over pairs. */
  readonly r: number;
  /** Standard deviation of that where rows are dealt out to texts by chance. */
  readonly chance: number;
}

/** A Mantel test over pairs of `a` with `b`; where both are the same over each pair once. */
export function relation(
  inSpace: readonly Float64Array[],
  inHome: readonly Float64Array[],
  a: readonly number[],
  b: readonly number[],
): Relation {
  const same = a === b;
  const at = (order: readonly number[], other: readonly number[]): number => {
    let [n, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < a.length; i++)
      for (let j = same ? i + 1 : 0; j < b.length; j++) {
        const s = inSpace[order[i]!]![other[j]!]!;
        const h = inHome[a[i]!]![b[j]!]!;
        n++;
        x += s;
        y += h;
        xx += s * s;
        yy += h * h;
        xy += s * h;
      }
    const spread = Math.sqrt(Math.max(0, xx - (x * x) / n) * Math.max(0, yy - (y * y) / n));
    return spread === 0 ? 0 : (xy - (x * y) / n) / spread;
  };
  const real = at(a, b);
  const next = dealing(a.length + 31 * b.length);
  let squares = 0;
  for (let s = 0; s < SHUFFLES; s++) {
    const order = shuffled(a, next);
    const chance = at(order, same ? order : shuffled(b, next));
    squares += chance * chance;
  }
  return { r: real, chance: Math.sqrt(squares / SHUFFLES) };
}

export function cosines(vectors: readonly Float32Array[]): Float64Array[] {
  const table = vectors.map(() => new Float64Array(vectors.length));
  for (let i = 0; i < vectors.length; i++) {
    table[i]![i] = 1;
    for (let j = i + 1; j < vectors.length; j++) {
      const cosine = dot(vectors[i]!, vectors[j]!, 0);
      table[i]![j] = cosine;
      table[j]![i] = cosine;
    }
  }
  return table;
}

/** Authors, where it is not all of them. */
function named(some: readonly Judged[], all: readonly Judged[]): Pick<Doubt, 'authors'> {
  const authors = [...new Set(some.map(({ author }) => author))];
  return authors.length === new Set(all.map(({ author }) => author)).size ? {} : { authors: authors.slice(0, 10) };
}

function dealing(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

function shuffled(list: readonly number[], next: () => number): number[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
