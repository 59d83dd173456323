import { readWords, wordsIn } from './words.js';

/** What a free text asks for: a text with any of the words will do; phrases and exact forms count on top. */
export interface WordQuery {
  /** What stood in quotes, in order, where it is more than one word. */
  readonly phrases: readonly (readonly string[])[];
  /** All words, those in quotes too, once each. */
  readonly words: readonly string[];
  /** Those of them that were written with diacritics, as they were written. */
  readonly exact: readonly string[];
}

/** Reads what people type; any input is a query, an unclosed quote is none. */
export function readQuery(query: string): WordQuery {
  const words = readWords(query);
  const exact = words.flatMap((word) => word.exact ?? []);
  const phrases = [...query.matchAll(/["“”„«»]([^"“”„«»]*)["“”„«»]/g)]
    .map(([, quoted]) => wordsIn(quoted!))
    .filter((phrase) => phrase.length > 1);
  return { phrases, words: [...new Set(words.map(({ term }) => term))], exact: [...new Set(exact)] };
}
