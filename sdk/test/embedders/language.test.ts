import { expect, test } from '@jest/globals';
import { guessLanguage, languageAdvice } from '@cosmicembeddings/sdk/embedders';

test.each([
  ['The heron stands in the water and waits for fish.', 'English'],
  ['Der Graureiher steht im Wasser und wartet auf die Fische.', 'German'],
  ['¿Dónde está la estación del tren y cómo llego a ella?', 'Spanish'],
  ['Comment est la vie dans les montagnes pour ceux qui y sont ?', 'French'],
  ['灰鹭站在水里等鱼。', 'Chinese'],
  ['サギは水の中で魚を待っています。', 'Japanese'],
  ['왜가리는 물속에서 물고기를 기다린다', 'Korean'],
  ['นกกระสายืนอยู่ในน้ำ', 'Thai'],
  ['Ardea cinerea', undefined],
  ['42', undefined],
])('%s: %s', (text, language) => {
  expect(guessLanguage(text)).toBe(language);
});

test('advice where the model knows English alone, and only there', () => {
  const german = 'Wie wird das Brot nicht hart und wo ist der Ofen?';
  expect(languageAdvice(german, { model: 'builtin/english-1' })).toMatch(/looks like German.*multilingual-e5-small/);
  expect(languageAdvice(german, { model: 'sentence-transformers/all-MiniLM-L6-v2' })).toMatch(/German/);
  expect(languageAdvice(german, { model: 'intfloat/multilingual-e5-small' })).toBeUndefined();
  expect(languageAdvice(german, { model: 'builtin/english-1' })).toMatch(/npm install @cosmicembeddings\/multilingual/);
  expect(languageAdvice(german, { model: 'builtin/multilingual-1' })).toBeUndefined();
  const swedish = 'Det är inte så att jag har ett hus och en båt, men vad kan man göra?';
  expect(languageAdvice(swedish, { model: 'builtin/multilingual-1' })).toMatch(
    /looks like Swedish.*multilingual-e5-small/,
  );
  expect(languageAdvice('How does the bread not get hard?', { model: 'builtin/english-1' })).toBeUndefined();
});
