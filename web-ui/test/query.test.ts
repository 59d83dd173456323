import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressOf, filterOf, hasFilter, isQuestion, likeOf, queryOf, searchOf } from '../src/parts/query.ts';

test('an address says the query and nothing else', () => {
  expect(queryOf('?q=the+sea&tag=a&tag=b&tag=a&author=did:key:z1&x=1')).toEqual({
    words: 'the sea',
    like: undefined,
    tags: ['a', 'b'],
    author: 'did:key:z1',
    space: undefined,
    since: undefined,
    until: undefined,
    retracted: undefined,
  });
  expect(queryOf('?q=++&tag=&author=')).toEqual(queryOf(''));
  expect(addressOf(queryOf(''))).toBe('#/');
  expect(addressOf(queryOf('?tag=a'))).toBe('#/search?tag=a');
  expect(queryOf('?since=2026-13-40&until=tomorrow')).toEqual(queryOf(''));
  expect(filterOf(queryOf('?since=2026-01-02'))).toEqual({ fromMs: Date.UTC(2026, 0, 2) });
  expect([likeOf('bafy.12'), likeOf('bafy')]).toEqual([{ id: 'bafy', row: 12 }, { id: 'bafy' }]);
  expect(filterOf(queryOf('?tag=a&author=x&space=s'))).toEqual({ tagsAll: ['a'], authors: ['x'], spaces: ['s'] });
  expect(filterOf(queryOf('?q=a'))).toEqual({});
  expect([isQuestion(queryOf('?tag=a')), hasFilter(queryOf('?tag=a')), isQuestion(queryOf('?like=b'))]).toEqual([
    false,
    true,
    true,
  ]);
});

test('any query comes back from its address', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((one) => one.trim() === one && one !== '');
  const maybe = fc.option(text, { nil: undefined });
  const query = fc.record({
    words: text,
    like: fc.constant(undefined),
    tags: fc.uniqueArray(text),
    author: maybe,
    space: maybe,
    since: fc.option(fc.constantFrom('2026-01-31', '1999-12-01'), { nil: undefined }),
    until: fc.constant(undefined),
    retracted: fc.option(fc.constant(true), { nil: undefined }),
  });
  fc.assert(fc.property(query, (one) => expect(queryOf(searchOf(one))).toEqual(one)));
});
