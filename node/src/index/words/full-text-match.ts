import type { QueryTerms } from './terms.js';

/** Texts that hold a term, in how many they are: what ranking them costs. */
export interface Counted {
  readonly term: string;
  readonly texts: number;
}

export interface Match {
  /** An FTS5 query; every term is quoted, so no input is a syntax error. */
  readonly match: string;
  /** The share of all texts, the newest, that it is asked of. */
  readonly share: number;
}

/** Terms of a question that are looked for one by one: its words, exact forms and phrases, or the phrases alone. */
export function termsOf({ words, also, phrases }: QueryTerms, only: 'all' | 'phrases'): readonly (readonly string[])[] {
  return only === 'phrases' ? phrases : [...[...words, ...also].map((word) => [word]), ...phrases];
}

/**
 * What the table is asked, one after another until there are hits enough, each ranking `textsMax` texts at most: the rarest
 * of the terms, as those tell texts apart; then those that this left out, of the newest texts.
 */
export function matchesOf(counted: readonly Counted[], textsMax: number): readonly Match[] {
  const rarest = counted.filter(({ texts }) => texts > 0).sort((a, b) => a.texts - b.texts);
  let sum = 0;
  const told = rarest.filter(({ texts }, i) => (sum += texts) <= textsMax || i === 0);
  return [told, rarest.slice(told.length)].flatMap((terms) =>
    terms.length === 0
      ? []
      : {
          match: terms.map(({ term }) => `"${term}"`).join(' OR '),
          share: Math.min(1, textsMax / terms.reduce((texts, one) => texts + one.texts, 0)),
        },
  );
}
