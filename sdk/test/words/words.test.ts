import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readQuery, readWords, wordsIn } from '@cosmicembeddings/sdk/words';

test.each([
  [
    'soft hyphens and zero-width characters',
    'Ge\u00adsamt\u00adkon\u00adzept zero\u200bwidth',
    'Gesamtkonzept zerowidth',
  ],
  ['ligatures and full width', '\ufb01brin Ｐｙｔｈｏｎ', 'fibrin python'],
  ['sharp s', 'Straße', 'STRASSE'],
  ['letters with a stroke', 'Łódź Ærøskøbing', 'lodz aeroskobing'],
  ['composed and decomposed', 'caf\u00e9 re\u0301sume\u0301', 'cafe resume'],
  ['final sigma', 'ΣΊΣΥΦΟΣ', 'σισυφος'],
  ['half-width kana', 'ｶﾞｷﾞ', 'ガギ'],
  ['Hebrew points', 'קָפֶה', 'קפה'],
])('%s are compared alike', (_, written, asked) => {
  expect(wordsIn(written)).toEqual(wordsIn(asked));
});

test('scripts without spaces are cut into pairs, also where Latin is glued to them', () => {
  expect(wordsIn('量子纠缠')).toEqual(['量子', '子纠', '纠缠']);
  expect(wordsIn('使用Python编程')).toEqual(['使用', 'python', '编程']);
  expect(wordsIn('水')).toEqual(['水']);
  expect(wordsIn('ภาษา')).toEqual(['ภา', 'าษ', 'ษา']);
  // Vowel signs belong to their letter, and words of scripts with spaces stay whole.
  expect(wordsIn('हिन्दी में')).toEqual(['हिन्दी', 'में']);
});

test('the exact form of a word with diacritics is asked for beside the folded one', () => {
  expect(readQuery('Résumé "old town" resume')).toEqual({
    words: ['resume', 'old', 'town'],
    exact: ['résumé'],
    phrases: [['old', 'town']],
  });
});

test('places are those of the text as it came', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      let last = 0;
      for (const { term, start, end } of readWords(text)) {
        expect(term).not.toBe('');
        expect(term.isWellFormed?.() ?? true).toBe(true);
        expect(start).toBeGreaterThanOrEqual(last);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(text.length);
        last = start;
      }
    }),
  );
});
