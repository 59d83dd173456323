import fc from 'fast-check';
import type { Filter } from '@cosmicembeddings/sdk/filter';
import type { AnyWhere, Operand, Operators } from '@cosmicembeddings/sdk/metadata';

/** What a filter can name and have a chance to meet. */
export interface Pool {
  readonly spaces: readonly string[];
  readonly authors: readonly string[];
  readonly kinds: readonly string[];
  readonly tags: readonly string[];
  readonly rels: readonly string[];
  readonly ids: readonly string[];
  readonly languages: readonly string[];
  /** Claimed times, milliseconds. */
  readonly times: readonly number[];
}

const odd = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom('', `x' OR 1=1 --`, '%', '\u0000', 'é', '😀', '\ud800', 'a,b', 'a&b=c', '-tag', '--', '[]', 'true'),
);
const someOf = (known: readonly string[], most: number): fc.Arbitrary<string[]> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, odd), { maxLength: 4 }),
    },
    // As many as there may be.
    {
      weight: 1,
      arbitrary: fc
        .integer({ min: most - 2, max: most })
        .map((n) => Array.from({ length: n }, (_, i) => known[i] ?? `tag ${i}`)),
    },
  );

/** Conditions on rows that have a chance to meet; the blocks of the tests carry the keys a, b, #id and #collection. */
export function wheres(pool: Pool): fc.Arbitrary<AnyWhere> {
  const operand = fc.constantFrom<Operand>(0, 1, 2, 0.5, -1, '1', 'a', 'ü', '😀', true, false, null, 1e-7);
  const ordered = fc.constantFrom<string | number>(0, 0.5, 1, '1', 'a', 'ü');
  const operators = fc.record(
    {
      $eq: operand,
      $ne: operand,
      $gt: ordered,
      $lte: ordered,
      $in: fc.array(operand, { maxLength: 4 }),
      $nin: fc.array(operand, { maxLength: 3 }),
      $contains: fc.constantFrom<string | number | boolean>(1, 'a', true, 0.5),
      $not_contains: fc.constantFrom<string | number | boolean>(1, 'a'),
      $exists: fc.boolean(),
      $type: fc.constantFrom('text', 'number', 'boolean', 'null', 'list'),
    },
    { requiredKeys: [] },
  );
  const one = operators.filter((given) => Object.keys(given).length > 0) as fc.Arbitrary<Operators>;
  const few = one.map((given) => Object.fromEntries(Object.entries(given).slice(0, 2)) as Operators);
  const fact = fc.oneof(
    fc.constantFrom(...pool.authors).map((author): AnyWhere => ({ '#author': author })),
    fc.constantFrom(...pool.tags).map((tag): AnyWhere => ({ '#tag': tag })),
    fc.constantFrom(...pool.tags).map((tag): AnyWhere => ({ '#tag': { $contains: tag } })),
    fc.constantFrom(...pool.kinds).map((kind): AnyWhere => ({ '#kind': { $gte: kind } })),
    fc.constantFrom(...pool.times).map((time): AnyWhere => ({ '#time': { $lt: time } })),
    fc
      .constantFrom('#id', '#collection', '#tag', '#author', '#time')
      .chain((key) => few.map((test): AnyWhere => ({ [key]: test }))),
    fc
      .tuple(
        fc.constantFrom('$contains', '$not_contains'),
        fc.constantFrom('kiln', 'Kiln', 'ü', 'n h', '1', ' ', 'nowhere', '😀', '"', '%'),
      )
      .map(([operator, part]): AnyWhere => ({ '#text': { [operator]: part } })),
    fc.constantFrom('doc 1', 'doc 2').map((id): AnyWhere => ({ '#id': id })),
  );
  const { where } = fc.letrec<{ where: AnyWhere }>((tie) => ({
    where: fc.oneof(
      { maxDepth: 3 },
      fc.dictionary(fc.constantFrom('a', 'b', 'nowhere'), fc.oneof(operand, few), {
        maxKeys: 2,
        noNullPrototype: true,
      }),
      fact,
      fc.record({ $not: tie('where') }),
      fc.record({ $and: fc.array(tie('where'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ $or: fc.array(tie('where'), { minLength: 1, maxLength: 3 }) }),
    ) as fc.Arbitrary<AnyWhere>,
  }));
  return where;
}

/** Filters that are in order, of all sizes. */
export function filters(pool: Pool): fc.Arbitrary<Filter> {
  const link = fc.record(
    { rel: fc.constantFrom(...pool.rels), id: fc.constantFrom(...pool.ids) },
    { requiredKeys: ['id'] },
  );
  const time = fc.oneof(fc.constantFrom(...pool.times), fc.constantFrom(0, -1, 8.64e15, -8.64e15), fc.integer());
  return fc.record(
    {
      spaces: someOf(pool.spaces, 1000),
      authors: someOf(pool.authors, 1000),
      kinds: someOf(pool.kinds, 1000),
      tagsAll: fc.oneof(fc.subarray([...pool.tags]), someOf(pool.tags, 64)),
      tagsAny: someOf(pool.tags, 1000),
      links: fc.oneof(
        { weight: 8, arbitrary: fc.array(link, { maxLength: 3 }) },
        { weight: 1, arbitrary: link.map((one) => Array.from({ length: 64 }, () => one)) },
      ),
      language: fc.constantFrom(...pool.languages, '*', 'EN', 'en-x', 'zz'),
      fromMs: time,
      toMs: time,
      hasRows: fc.boolean(),
      where: wheres(pool),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Filter>;
}

/** What is no filter: too much of something, of another type, by another name. */
export function brokenFilters(pool: Pool): fc.Arbitrary<unknown> {
  const many = (n: number): string[] => Array.from({ length: n }, (_, i) => `tag ${i}`);
  const wrong = fc.oneof(
    fc.constantFrom(
      { tagsAll: many(65) },
      { tagsAll: many(1500) },
      { tagsAny: many(1001) },
      { tagsAny: many(1500) },
      { authors: many(5000) },
      { links: many(1000).map(() => ({ id: pool.ids[0] })) },
      { links: many(65).map(() => ({ rel: 'cites', id: pool.ids[0] })) },
      { links: [{ id: 'no id' }] },
      { links: [{ rel: 'Not A Rel', id: pool.ids[0] }] },
      { links: [{ rel: 'cites' }] },
      { links: [{ id: pool.ids[0], more: 1 }] },
      { links: [null] },
      { links: 'cites' },
      { language: 'en%' },
      { language: 'a'.repeat(36) },
      { language: '' },
      { fromMs: 1.5 },
      { toMs: 9e15 },
      { fromMs: '0' },
      { hasRows: 'true' },
      { hasRows: 1 },
      { tagsAny: 'x' },
      { tagsAny: [5] },
      { tagsAny: ['x'.repeat(2000)] },
      { spaces: null },
      { space: ['x'] },
      { tag: ['x'] },
    ),
    fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => !/^(__proto__|constructor)$/.test(key)),
      fc.jsonValue(),
      { minKeys: 1 },
    ),
    fc.constantFrom([], 'text', 5, true),
  );
  return fc
    .tuple(filters(pool), wrong)
    .map(([good, bad]) => (typeof bad === 'object' && !Array.isArray(bad) ? { ...good, ...bad } : bad));
}
