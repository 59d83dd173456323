/**
 * Words that are typical of one region among others, whatever their language: those that stand in more of its passages than
 * chance explains (the residual of a Poisson count, as in keyness statistics; Rayson and Garside 2000). What stands everywhere is no
 * word of any region: stop words come from the texts themselves.
 */
const WORDS = 3;
/** Of a passage so much is looked at. */
const TEXT_MAX = 2000;
/** A word in more than this part of all passages tells nothing. */
const COMMON = 0.25;
/** Passages of its region that a word stands in, at least; how much more often than elsewhere; and by how many deviations more. */
const LEAST = 2;
const MORE_OFTEN = 1.6;
const DEVIATIONS = 3;
/** Of fewer passages no count is far from chance. */
const SMALL = 100;

/** `texts`: passages by region. For each region its words, the most typical first. */
export function typicalWords(texts: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });
  const counts = texts.map((passages) => {
    const of = new Map<string, number>();
    for (const passage of passages)
      for (const word of wordsIn(passage, segmenter)) of.set(word, (of.get(word) ?? 0) + 1);
    return of;
  });
  const all = new Map<string, number>();
  for (const of of counts) for (const [word, n] of of) all.set(word, (all.get(word) ?? 0) + n);
  const passages = texts.reduce((sum, of) => sum + of.length, 0);
  return counts.map((of, region) => {
    const part = texts[region]!.length / Math.max(1, passages);
    const scored = [...of]
      .map(([word, n]) => ({ word, n, all: all.get(word)!, expected: all.get(word)! * part }))
      .filter(({ n, all: everywhere, expected }) => {
        if (n < LEAST) return false;
        return texts.length === 1 || (everywhere <= COMMON * passages && n >= MORE_OFTEN * expected);
      })
      .map(({ word, n, expected }) => ({ word, score: texts.length === 1 ? n : (n - expected) / Math.sqrt(expected) }))
      .filter(({ score }) => texts.length === 1 || score >= DEVIATIONS || (passages < SMALL && score > 1))
      .sort((a, b) => b.score - a.score || (a.word < b.word ? -1 : 1));
    const chosen: string[] = [];
    for (const { word } of scored) {
      if (chosen.length === WORDS) break;
      if (!chosen.some((one) => isForm(one, word))) chosen.push(word);
    }
    return chosen;
  });
}

/** Each word once. */
function wordsIn(text: string, segmenter: Intl.Segmenter): Set<string> {
  const found = new Set<string>();
  // Parts of an address are nobody's words.
  const words = text.slice(0, TEXT_MAX).replace(/\b[a-z]+:\/\/\S+/gi, ' ');
  for (const { segment, isWordLike } of segmenter.segment(words)) {
    const word = segment.toLowerCase();
    // Letters of scripts that need fewer of them for a word count for more.
    const isLong =
      word.length >= 3 || /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]{2}/u.test(word);
    if (isWordLike === true && isLong && !/\d/.test(word)) found.add(word);
  }
  return found;
}

/** One begins with nearly all of the other: `kiln` and `kilns`. */
function isForm(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return long.length - short.length <= 2 && long.startsWith(short);
}
