import type { QueryTerms } from './terms.js';

/**
 * A question as an FTS5 query over terms that are cut already: any of its words, exact forms or phrases. Every term is
 * quoted, so no input is a syntax error; undefined when there is nothing to look for.
 */
export function matchOf({ words, also, phrases }: QueryTerms): string | undefined {
  const terms = [...words, ...also, ...phrases.map((phrase) => phrase.join(' '))];
  return terms.length === 0 ? undefined : terms.map((term) => `"${term}"`).join(' OR ');
}

/** The phrases alone. */
export function phrasesOf({ phrases }: QueryTerms): string | undefined {
  return matchOf({ words: [], also: [], phrases });
}
