import { memoryVectors } from '../memory/vectors.js';
import type { LabelledRow, RowHit, RowIndex } from '../memory/index.js';
import type { Cursor } from '../ports/index.js';
import { cosine, toUnit } from '../space/vector.js';
import type { SpaceDescriptor } from '../space/descriptor.js';
import { testSpace } from './made-blocks.js';

/** The test functions of whatever runner is at hand. */
export interface SuiteRunner {
  readonly describe: (name: string, body: () => void) => void;
  readonly test: (name: string, body: () => Promise<void>) => void;
}

export interface IndexSubject {
  readonly name: string;
  /** Opens the index of `space`; the same `place` finds what an earlier index saved there. */
  open(space: SpaceDescriptor, place: string): Promise<RowIndex>;
  /** Graph engines may miss neighbours; their share of the exact top ten over random rows. Default 1. */
  readonly recall?: number;
}

/** What every RowIndex must do, compared with exact search in double precision. */
export function indexSuite({ describe, test }: SuiteRunner, subject: IndexSubject): void {
  let places = 0;
  const fresh = (space = testSpace('test/random', DIMS)): Promise<RowIndex> =>
    subject.open(space, `${subject.name}-${++places}`);

  describe(`vector index: ${subject.name}`, () => {
    test('an empty index answers nothing and stands before the first position', async () => {
      const index = await fresh();
      equal(await index.search(axis(0), 10), []);
      equal((await index.position()).seq, 0);
      await index.close();
    });

    test('rows are visible when upsert resolves, best first, with exact cosines', async () => {
      const index = await fresh();
      const rows = someRows(300, 1);
      await index.upsert(copies(rows), at(300));
      const query = someRows(1, 2)[0]!.vector;
      for (const hit of await index.search(query, 10)) near(hit.score, cosine(query, rows[hit.label]!.vector));
      await index.close();
    });

    test('finds what exact search finds', async () => {
      const index = await fresh();
      const rows = someRows(600, 3);
      await index.upsert(copies(rows), at(600));
      let found = 0;
      for (const { vector } of someRows(20, 4)) {
        const expected = new Set((await exactly(rows, vector, 10)).map((hit) => hit.label));
        const hits = await index.search(vector, 10);
        equal(hits.length, 10);
        inOrder(hits);
        found += hits.filter((hit) => expected.has(hit.label)).length;
      }
      if (found / 200 < (subject.recall ?? 1))
        throw new Error(`recall@10 is ${found / 200}, at least ${subject.recall ?? 1} wanted`);
      await index.close();
    });

    test('the length of a query does not matter', async () => {
      const index = await fresh();
      const rows = someRows(50, 5);
      await index.upsert(copies(rows), at(50));
      const query = rows[7]!.vector.map((x) => x * 12.5);
      const [first] = await index.search(query, 1);
      equal(first!.label, 7);
      near(first!.score, 1);
      await index.close();
    });

    test('k = 0 answers nothing, k beyond the size answers every row once', async () => {
      const index = await fresh();
      const rows = someRows(40, 6);
      await index.upsert(copies(rows), at(40));
      equal(await index.search(rows[0]!.vector, 0), []);
      const all = await index.search(rows[0]!.vector, 1000);
      equal(
        all.map((hit) => hit.label).sort((a, b) => a - b),
        rows.map((row) => row.label),
      );
      inOrder(all);
      await index.close();
    });

    test('a known label is replaced', async () => {
      const index = await fresh();
      await index.upsert(copies(someRows(20, 7)), at(20));
      await index.upsert([{ label: 3, vector: axis(5) }], at(21));
      const hits = await index.search(axis(5), 20);
      equal(hits.length, 20);
      equal(hits[0]!.label, 3);
      near(hits[0]!.score, 1);
      await index.close();
    });

    test('removed rows are gone at once, unknown labels are no error, a removed label can return', async () => {
      const index = await fresh();
      const rows = someRows(200, 8);
      await index.upsert(copies(rows), at(200));
      const odd = rows.filter((row) => row.label % 2 === 1).map((row) => row.label);
      await index.remove([...odd, 99_999], at(201));
      const hits = await index.search(rows[1]!.vector, 200);
      equal(hits.length, 100);
      equal(hits.filter((hit) => hit.label % 2 === 1).length, 0);
      await index.upsert([{ label: 1, vector: axis(1) }], at(202));
      equal((await index.search(axis(1), 1))[0]!.label, 1);
      await index.close();
    });

    test('allow: only rows whose bit is set, however few they are', async () => {
      const index = await fresh();
      const rows = someRows(500, 9);
      await index.upsert(copies(rows), at(500));
      for (const step of [1, 2, 50, 499]) {
        const allow = new Uint8Array(63);
        for (let label = 0; label < 500; label += step) allow[label >> 3]! |= 1 << (label & 7);
        const query = someRows(1, step + 20)[0]!.vector;
        const hits = await index.search(query, 5, allow);
        const expected = (await exactly(rows, query, 5, allow)).map((hit) => hit.label);
        equal(hits.length, expected.length);
        if (step > 1 || subject.recall === undefined)
          equal(
            hits.map((hit) => hit.label),
            expected,
          );
      }
      equal(await index.search(rows[0]!.vector, 5, new Uint8Array(0)), []);
      await index.close();
    });

    test('labels far apart, and bits that end before them', async () => {
      const index = await fresh();
      await index.upsert([{ label: 5_000_000, vector: axis(0) }], at(1));
      await index.upsert([{ label: 2, vector: axis(1) }], at(2));
      equal((await index.search(axis(0), 1))[0]!.label, 5_000_000);
      equal(
        (await index.search(axis(0), 2, Uint8Array.of(0b100))).map((hit) => hit.label),
        [2],
      );
      await index.close();
    });

    test('ties: lowest label first', async () => {
      const index = await fresh();
      await index.upsert(
        [9, 4, 7, 1].map((label) => ({ label, vector: axis(2) })),
        at(4),
      );
      await index.upsert([{ label: 0, vector: axis(3) }], at(5));
      equal(
        (await index.search(axis(2), 4)).map((hit) => hit.label),
        [1, 4, 7, 9],
      );
      await index.close();
    });

    test('rows need not have unit length in a cosine space that does not promise it', async () => {
      const index = await fresh({ ...testSpace('test/random', DIMS), normalized: false });
      await index.upsert(
        [
          { label: 0, vector: axis(0).map((x) => x * 100) },
          { label: 1, vector: axis(1).map((x) => x * 0.01) },
        ],
        at(2),
      );
      const [first] = await index.search(axis(1), 1);
      equal(first!.label, 1);
      near(first!.score, 1);
      await index.close();
    });

    test('a dot space without unit rows scores by the inner product', async () => {
      const index = await fresh({ ...testSpace('test/random', DIMS), metric: 'dot', normalized: false });
      await index.upsert(
        [
          { label: 0, vector: axis(0).map((x) => x * 3) },
          { label: 1, vector: axis(0) },
        ],
        at(2),
      );
      const hits = await index.search(
        axis(0).map((x) => x * 2),
        2,
      );
      equal(
        hits.map((hit) => [hit.label, hit.score]),
        [
          [0, 6],
          [1, 2],
        ],
      );
      await index.close();
    });

    test('the position moves with save, together with the rows', async () => {
      const place = `${subject.name}-reopened`;
      const space = testSpace('test/random', DIMS);
      const rows = someRows(400, 10);
      let index = await subject.open(space, place);
      await index.upsert(copies(rows.slice(0, 300)), at(300));
      equal((await index.position()).seq, 0);
      await index.save();
      equal(await index.position(), at(300));
      await index.upsert(copies(rows.slice(300)), at(400));
      await index.remove([0], at(401));
      equal(await index.position(), at(300));
      await index.close();

      index = await subject.open(space, place);
      equal(await index.position(), at(300));
      const query = rows[0]!.vector;
      equal((await index.search(query, 1000)).length, 300);
      equal((await index.search(query, 1))[0]!.label, 0);
      await index.upsert(copies(rows.slice(300)), at(400));
      await index.remove([0], at(401));
      await index.save();
      await index.close();

      index = await subject.open(space, place);
      equal(await index.position(), at(401));
      const hits = await index.search(query, 1000);
      equal(hits.length, 399);
      equal(
        hits.some((hit) => hit.label === 0),
        false,
      );
      await index.close();
    });

    test('rows and queries of another number of dimensions are refused', async () => {
      const index = await fresh();
      await rejects(index.upsert([{ label: 0, vector: new Float32Array(DIMS + 1) }], at(1)));
      await rejects(index.search(new Float32Array(DIMS - 1), 1));
      await index.close();
    });
  });
}

const DIMS = 48;

function at(seq: number): Cursor {
  return { epoch: 'suite', seq };
}

function axis(i: number): Float32Array {
  const vector = new Float32Array(DIMS);
  vector[i] = 1;
  return vector;
}

/** Unit rows around eight centres, the same for the same seed; labels from 0. */
function someRows(count: number, seed: number): LabelledRow[] {
  const random = xorshift(seed);
  const centres = Array.from({ length: 8 }, () => Float32Array.from({ length: DIMS }, random));
  return Array.from({ length: count }, (_, label) => {
    const centre = centres[label % 8]!;
    return { label, vector: toUnit(centre.map((x) => x + random())) };
  });
}

/** The index owns what it is handed, so tests hand out copies. */
function copies(rows: readonly LabelledRow[]): LabelledRow[] {
  return rows.map(({ label, vector }) => ({ label, vector: vector.slice() }));
}

function xorshift(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

async function exactly(
  rows: readonly LabelledRow[],
  query: Float32Array,
  k: number,
  allow?: Uint8Array,
): Promise<RowHit[]> {
  const oracle = memoryVectors(testSpace('test/random', DIMS));
  await oracle.upsert(rows, at(rows.length));
  return oracle.search(query, k, allow);
}

function inOrder(hits: readonly RowHit[]): void {
  for (let i = 1; i < hits.length; i++) {
    const [before, after] = [hits[i - 1]!, hits[i]!];
    if (before.score < after.score || (before.score === after.score && before.label > after.label))
      throw new Error(`hits ${i - 1} and ${i} are out of order`);
  }
}

function near(actual: number, expected: number): void {
  if (!(Math.abs(actual - expected) <= 1e-6)) throw new Error(`got ${actual}, expected ${expected}`);
}

function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`got ${a}, expected ${b}`);
}

async function rejects(promise: Promise<unknown>): Promise<void> {
  const refused = await promise.then(
    () => false,
    () => true,
  );
  if (!refused) throw new Error('expected a refusal');
}
