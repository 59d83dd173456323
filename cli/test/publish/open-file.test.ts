import { expect, test } from '@jest/globals';
import { filePassages, inParts } from '../../src/publish/open-file.js';

const wellFormed = (text: string): boolean => Buffer.from(text, 'utf8').toString('utf8') === text;

test('a heading is cut beside an emoji, not inside it; broken halves and endless names stay out of blocks', () => {
  const headings = ['x'.repeat(249) + '🦀🦀'];
  const [long, broken, endless] = filePassages({
    format: 'HTML',
    parts: [
      { text: 'One word.', headings, at: 'a' },
      { text: 'Half \ud83d of it.', headings: ['half \ud83d'], at: 'id\udc00' },
      { text: 'Two words.', at: 'n'.repeat(3000) },
    ],
  });
  expect(long).toEqual({ text: 'One word.', heading: 'x'.repeat(249), at: 'a' });
  for (const text of Object.values(broken!)) expect([text, wellFormed(text as string)]).toEqual([text, true]);
  expect(endless).toEqual({ text: 'Two words.' });
});

test('a row is one passage, and a long book comes in parts that hold all of it in order', () => {
  const rows = Array.from({ length: 7 }, (_, i) => ({ text: `first ${i}.\n\nsecond ${i}.`, at: `row=${i + 2}` }));
  const passages = filePassages({ format: 'table', parts: rows });
  expect(passages.map(({ at }) => at)).toEqual(rows.map(({ at }) => at));
  const parts = [...inParts(passages, 40)];
  expect(parts.map(({ passages: some, last }) => [some.length, last])).toEqual([
    [3, false],
    [3, false],
    [1, true],
  ]);
  expect(parts.flatMap((part) => part.passages)).toEqual(passages);
});
