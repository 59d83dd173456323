import { readWords } from '@cosmicembeddings/sdk/words';
import { Cutter } from '../index/words/index.js';

/** A text by its words, as the word index compares them. */
export interface CutText {
  readonly words: readonly { readonly term: string; readonly start: number; readonly end: number }[];
  readonly terms: ReadonlySet<string>;
}

const cutter = new Cutter();

/** Heading and passage by their words; `words` are those of the passage. */
export function cutText(heading: string | undefined, passage: string): CutText {
  const words = readWords(passage).map(({ term, start, end }) => ({ term: cutter.stemOf(term), start, end }));
  const terms = new Set(words.map(({ term }) => term));
  if (heading !== undefined) for (const term of cutter.cut(heading).words) terms.add(term);
  return { words, terms };
}

/** The words of a question where nobody has counted how rare they are. */
export function equalTerms(question: string): ReadonlyMap<string, number> {
  return new Map(cutter.ask(question).words.map((term) => [term, 1]));
}
