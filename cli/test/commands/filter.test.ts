import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cidOf, DAG_CBOR, sha256, utf8 } from '@cosmicembeddings/sdk';
import { readFilter, textsOfFilter, type Filter } from '@cosmicembeddings/sdk/filter';
import yargs from 'yargs';
import { filters } from '../../../sdk/test/filter/random.ts';
import { filterFlags, filterOf, type FilterFlags } from '../../src/commands/filter.js';
import { keepQuotes } from '../../src/quotes.js';

const pool = {
  spaces: ['bafyspace'],
  authors: ['did:key:zA'],
  kinds: ['embedding/1', 'poll.example/1'],
  tags: ['x', 'ü', 'a b', 'no-tag', '5'],
  rels: ['cites', 'prev'],
  ids: [cidOf(DAG_CBOR, sha256(utf8('a block'))).text],
  languages: ['en', 'de-at'],
  times: [1_700_000_000_000],
};

const parse = (args: readonly string[]): FilterFlags =>
  filterFlags(yargs(keepQuotes(args)).exitProcess(false)).parseSync() as FilterFlags;
const filterOfArgs = (args: readonly string[]): Filter => filterOf(parse(args));

test('the flags of a command line say every filter that texts can say', () => {
  fc.assert(
    fc.property(filters(pool), (filter) => {
      fc.pre(Object.values(filter).every((value) => !Array.isArray(value) || value.length > 0));
      const args = textsOfFilter(filter).map(([name, text]) => `--${name}=${text}`);
      expect(filterOfArgs(args)).toEqual(readFilter(filter));
    }),
    { numRuns: 200 },
  );
});

test('times as people write them, a flag that is only switched on', () => {
  expect(filterOfArgs(['--from', '2026-11-21T22:00:00Z', '--has-rows', '--tag', 'a', '--tag', 'b'])).toEqual({
    tagsAll: ['a', 'b'],
    fromMs: Date.UTC(2026, 10, 21, 22),
    hasRows: true,
  });
});

test('since and until are the same', () => {
  expect(filterOfArgs(['--since', '2026-11-01', '--until', '2026-12-01'])).toEqual({
    fromMs: Date.UTC(2026, 10, 1),
    toMs: Date.UTC(2026, 11, 1),
  });
});

test.each([
  [['--from', 'yesterday'], '--from: expected milliseconds'],
  [['--link', 'cites:nothing'], '--link: not a block id: nothing'],
  [['--language', 'en%'], '--language: expected a language range'],
  [Array.from({ length: 65 }, () => ['--tag', 'x']).flat(), '--tag: 65 items, at most 64'],
])('%.40j is refused by its name', (args, says) => {
  expect(() => filterOfArgs(args)).toThrow(says);
});
