import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressOf, filterOf, hasFilter, isQuestion, queryOf } from '../src/parts/query.ts';

test('an address says the query and nothing else', () => {
  expect(queryOf('?q=the+sea&tag=a&tag=b&tag=a&author=did:key:z1&x=1')).toEqual({
    words: 'the sea',
    like: undefined,
    tags: ['a', 'b'],
    author: 'did:key:z1',
    space: undefined,
  });
  expect(queryOf('?q=++&tag=&author=')).toEqual(queryOf(''));
  expect(addressOf(queryOf(''))).toBe('./');
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
  });
  fc.assert(fc.property(query, (one) => expect(queryOf(addressOf(one))).toEqual(one)));
});
