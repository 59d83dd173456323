/** M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980; words of 3 to 64 characters, as in SQLite's FTS5. */
export function stem(word: string): string {
  if (word.length < 3 || word.length > 64) return word;
  return finalE(suffixes(suffixes(suffixes(finalY(pastAndGerund(plural(word))), STEP2, 1), STEP3, 1), STEP4, 2));
}

type Rule = readonly [ending: string, becomes: string];

/** Of several endings that fit, the longest stands first. */
const STEP2: readonly Rule[] = [
  ['ational', 'ate'],
  ['ization', 'ize'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['tional', 'tion'],
  ['biliti', 'ble'],
  ['entli', 'ent'],
  ['ousli', 'ous'],
  ['ation', 'ate'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['logi', 'log'],
  ['alli', 'al'],
  ['ator', 'ate'],
  ['bli', 'ble'],
  ['eli', 'e'],
];
const STEP3: readonly Rule[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
];
const STEP4: readonly Rule[] = [
  'ement',
  'ance',
  'ence',
  'able',
  'ible',
  'ment',
  'ant',
  'ent',
  'ion',
  'ism',
  'ate',
  'iti',
  'ous',
  'ive',
  'ize',
  'al',
  'er',
  'ic',
  'ou',
].map((ending) => [ending, ''] as const);

function suffixes(word: string, rules: readonly Rule[], measureMin: number): string {
  for (const [ending, becomes] of rules) {
    if (!word.endsWith(ending)) continue;
    const start = word.slice(0, -ending.length);
    if (measure(start) < measureMin) return word;
    if (ending === 'ion' && rules === STEP4 && !/[st]$/.test(start)) return word;
    return start + becomes;
  }
  return word;
}

function plural(word: string): string {
  if (!word.endsWith('s')) return word;
  if (word.endsWith('sses') || (word.endsWith('ies') && word.length > 3)) return word.slice(0, -2);
  return word.endsWith('ss') ? word : word.slice(0, -1);
}

function pastAndGerund(word: string): string {
  if (word.endsWith('eed') && word.length > 3) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const start = word.endsWith('ed') ? word.slice(0, -2) : word.endsWith('ing') ? word.slice(0, -3) : undefined;
  if (start === undefined || !hasVowel(start)) return word;
  if (/(?:at|bl|iz)$/.test(start)) return `${start}e`;
  if (/([^aeiou])\1$/.test(start) && isConsonant(start, start.length - 1) && !/[lsz]$/.test(start))
    return start.slice(0, -1);
  return measure(start) === 1 && endsShort(start) ? `${start}e` : start;
}

function finalY(word: string): string {
  return word.endsWith('y') && hasVowel(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word;
}

function finalE(word: string): string {
  let out = word;
  if (word.endsWith('e')) {
    const start = word.slice(0, -1);
    const m = measure(start);
    if (m > 1 || (m === 1 && !endsShort(start))) out = start;
  }
  return out.endsWith('ll') && measure(out.slice(0, -1)) > 1 ? out.slice(0, -1) : out;
}

/** Number of vowel–consonant sequences. */
function measure(word: string): number {
  let m = 0;
  let vowel = false;
  for (let i = 0; i < word.length; i++) {
    const consonant = isConsonant(word, i);
    if (consonant && vowel) m++;
    vowel = !consonant;
  }
  return m;
}

function hasVowel(word: string): boolean {
  for (let i = 0; i < word.length; i++) if (!isConsonant(word, i)) return true;
  return false;
}

/** Consonant, vowel, consonant at the end, the last one not w, x or y. */
function endsShort(word: string): boolean {
  const last = word.length - 1;
  return (
    last >= 2 &&
    isConsonant(word, last) &&
    !isConsonant(word, last - 1) &&
    isConsonant(word, last - 2) &&
    !/[wxy]$/.test(word)
  );
}

function isConsonant(word: string, at: number): boolean {
  const letter = word[at]!;
  if (letter === 'y') return at === 0 || !isConsonant(word, at - 1);
  return !'aeiou'.includes(letter);
}
