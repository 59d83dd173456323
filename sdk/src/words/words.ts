/** One word, or one pair of letters of a script without spaces, and where it stands in the text that it was read from. */
export interface Word {
  /** Folded: what texts and questions are compared by. */
  readonly term: string;
  /** As it stands, where folding took diacritics off: it counts a little beside the term, so that the exact form is ahead. */
  readonly exact?: string;
  /** The letters of a pair that no pair before has: what a question of one letter finds. */
  readonly letters?: readonly string[];
  /** UTF-16 units of the text as it came. */
  readonly start: number;
  readonly end: number;
}

/**
 * Scripts that are written without spaces between words, or with particles glued to them: their words are found by pairs
 * of letters, which need no dictionary and are the same on every version of every runtime.
 */
const spaceless = ['Han', 'Hira', 'Kana', 'Hang', 'Bopo', 'Thai', 'Lao', 'Khmr', 'Mymr', 'Tibt']
  .map((script) => `\\p{scx=${script}}`)
  .join('');
const ignorable = '\\p{Default_Ignorable_Code_Point}';
const letter = `(?:(?![\\uff9e\\uff9f])(?=\\p{L})[${spaceless}][\\p{M}\\uff9e\\uff9f${ignorable}]*)`;
/** A run of such letters, or a word of any other script; soft hyphens and zero-width characters end no word. */
const pieces = new RegExp(`${letter}+|(?:(?!${letter})[\\p{L}\\p{N}][\\p{M}${ignorable}]*)+`, 'gu');
const letters = new RegExp(letter, 'gu');
/** Where no such script can be, words are looked for in a tenth of the time. */
const mayBeSpaceless =
  /[\u0e00-\u11ff\u1780-\u17ff\u19e0-\u19ff\u2e80-\ua4cf\ua960-\ua97f\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\u{16f00}-\u{3ffff}]/u;
const plainPieces = new RegExp(`[\\p{L}\\p{N}][\\p{L}\\p{N}\\p{M}${ignorable}]*`, 'gu');
const isSpaceless = new RegExp(`^${letter}`, 'u');
const ignorables = new RegExp(ignorable, 'gu');
const plainAscii = /^[\0-\x7f]*$/;
/** Accents over Latin, Greek and Cyrillic letters, Hebrew points and Arabic vowel signs: what people leave out when they ask. */
const accents = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670]/g;
/** Letters with a stroke through them, and ligatures, that no normal form takes apart. */
const struck: Readonly<Record<string, string>> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ħ: 'h',
  ŧ: 't',
  ɨ: 'i',
  ı: 'i',
  æ: 'ae',
  œ: 'oe',
  ð: 'd',
  þ: 'th',
  ĸ: 'k',
  ŋ: 'n',
  ς: 'σ',
};
const struckLetters = new RegExp(`[${Object.keys(struck).join('')}]`, 'g');

/** Words in order: NFKC with case folding (Unicode 15, "default caseless match"), default-ignorable characters dropped. */
export function readWords(text: string): Word[] {
  const words: Word[] = [];
  if (plainAscii.test(text)) {
    const lower = text.toLowerCase();
    for (const { 0: term, index } of lower.matchAll(/[a-z0-9]+/g))
      words.push({ term, start: index, end: index + term.length });
    return words;
  }
  const mixed = mayBeSpaceless.test(text);
  for (const { 0: piece, index } of text.matchAll(mixed ? pieces : plainPieces)) {
    if (mixed && isSpaceless.test(piece)) readPairs(piece, index, words);
    else readWord(piece, index, words);
  }
  return words;
}

/** Terms alone. */
export function wordsIn(text: string): string[] {
  if (plainAscii.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return readWords(text).map(({ term }) => term);
}

function readWord(piece: string, start: number, words: Word[]): void {
  const end = start + piece.length;
  if (plainAscii.test(piece)) return void words.push({ term: piece.toLowerCase(), start, end });
  // Compatibility forms can hold what is no letter (a fraction's stroke): then a piece is several words.
  for (const exact of caseless(piece).match(/[\p{L}\p{N}\p{M}]+/gu) ?? []) {
    const term = withoutAccents(exact);
    words.push({ term, ...(term === exact ? {} : { exact }), start, end });
  }
}

function readPairs(piece: string, start: number, words: Word[]): void {
  const units = [...piece.matchAll(letters)].map(({ 0: unit, index }) => ({
    term: caseless(unit),
    start: start + index,
    end: start + index + unit.length,
  }));
  if (units.length === 1) return void words.push(units[0]!);
  for (let i = 1; i < units.length; i++) {
    const [a, b] = [units[i - 1]!, units[i]!];
    words.push({
      term: a.term + b.term,
      letters: i === 1 ? [a.term, b.term] : [b.term],
      start: a.start,
      end: b.end,
    });
  }
}

function caseless(text: string): string {
  // Upper case first takes ß, ligatures and final forms apart as full case folding does.
  return text.replace(ignorables, '').normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

function withoutAccents(word: string): string {
  return word
    .normalize('NFD')
    .replace(accents, '')
    .normalize('NFC')
    .replace(struckLetters, (one) => struck[one]!);
}
