import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { citationsOf } from '../src/parts/cite.ts';
import { vectorOf, vectorOfFile } from '../src/parts/pasted.ts';
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

test('a pasted vector is told from words, and no address holds it', () => {
  expect(vectorOf('[0.1, -2e-3, 3]')).toEqual([0.1, -0.002, 3]);
  for (const text of ['[1]', '[1, "a"]', '[1, 2', 'what is [1, 2]?', '[]', '[1e999, 2]'])
    expect(vectorOf(text)).toBeUndefined();
  expect(searchOf({ ...queryOf('?tag=sea'), pasted: true })).toBe('?vector=pasted&tag=sea');
  expect(queryOf('?vector=pasted')).toMatchObject({ pasted: true, words: '' });
});

test('a vector comes from a NumPy file', () => {
  const npy = (head: string, data: ArrayBufferView): Uint8Array => {
    const text = `${head.padEnd(118)}\n`;
    const bytes = new Uint8Array(10 + text.length + data.byteLength);
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]);
    bytes.set(new TextEncoder().encode(text), 10);
    bytes.set(new Uint8Array(data.buffer), 10 + text.length);
    return bytes;
  };
  const head = (descr: string, shape: string): string =>
    `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  expect(vectorOfFile(npy(head('<f4', '3,'), Float32Array.of(1, 2, 0.5)))).toEqual([1, 2, 0.5]);
  expect(vectorOfFile(npy(head('<f8', '2, 2'), Float64Array.of(1, 2, 3, 4)))).toEqual([1, 2]);
  expect(vectorOfFile(npy(head('<i4', '3,'), Int32Array.of(1, 2, 3)))).toBeUndefined();
  expect(vectorOfFile(npy(head('<f4', '9,'), Float32Array.of(1, 2, 3)))).toBeUndefined();
  expect(vectorOfFile(new TextEncoder().encode('[1, 2]'))).toEqual([1, 2]);
});

test('a citation names block, passage and key, and calls the time claimed', () => {
  const { text, bibtex, csl } = citationsOf({
    id: 'bafyexample',
    row: 2,
    author: 'did:key:z6Mk',
    timeMs: Date.UTC(2026, 0, 5),
    title: 'A_b {c}',
    url: 'http://node.example/#/block/bafyexample?row=2',
  });
  expect(text).toContain('did:key:z6Mk (2026-01-05, claimed). A_b {c}.');
  expect(bibtex).toContain('title = {A b c}');
  expect(JSON.parse(csl)).toMatchObject({ id: 'bafyexample.2', issued: { 'date-parts': [[2026, 1, 5]] } });
});
