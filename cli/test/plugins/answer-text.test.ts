import { expect, test } from '@jest/globals';
import { answerText } from '../../src/plugins/answer-text.js';

const cursor = { epoch: 'e', seq: 1 };

test('facts are lines, rows a table, an empty list is said', () => {
  const result = {
    name: 'x',
    count: 2,
    rows: [
      { a: 1, b: 'long text' },
      { a: 22, c: null },
    ],
    none: [],
  };
  expect(answerText({ result, cursor, missing: [] }).split('\n')).toEqual([
    'name   x',
    'count  2',
    'rows:',
    '  a   b          c',
    '  1   long text  –',
    '  22  –          –',
    'none:',
    '  (none)',
  ]);
});

test('what the answer rests on is said where it matters', () => {
  expect(answerText({ result: true, cursor, missing: ['bafy1'], local: true })).toBe(
    'true\n\nas this node has seen it: others may answer otherwise\n\n1 block missing here: bafy1',
  );
});

test('text of others does not steer the terminal', () => {
  expect(answerText({ result: { says: '\u001b[2Jgone' }, cursor, missing: [] })).toBe('says   [2Jgone');
});
