/**
 * Words that are typical of one region among others, whatever their language: by passages that they stand in, as c-TF-IDF
 * weighs them (Grootendorst 2022, arXiv:2203.05794, section 3.3), with the part of a region's passages over the part of all in
 * place of the inverse frequency. What stands everywhere is no word of any region: stop words come from the texts.
 */
const WORDS = 3;
/** Of a passage so much is looked at. */
const TEXT_MAX = 2000;
/** A word in more than this part of all passages tells nothing. */
const COMMON = 0.25;
/** Passages of its region that a word stands in, at least, and how much more often than elsewhere. */
const LEAST = 2;
const LEAST_PART = 0.09;
const MORE_OFTEN = 2.5;

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
    const own = texts[region]!.length;
    const least = Math.max(LEAST, LEAST_PART * own);
    const times = (word: string, n: number): number => (n * passages) / (own * all.get(word)!);
    const scored = [...of]
      .filter(([, n]) => n >= least)
      .filter(
        ([word, n]) => texts.length === 1 || (all.get(word)! <= COMMON * passages && times(word, n) >= MORE_OFTEN),
      )
      .map(([word, n]) => ({ word, score: n * Math.log(1 + times(word, n)) }))
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
  for (const { segment, isWordLike } of segmenter.segment(text.slice(0, TEXT_MAX))) {
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
