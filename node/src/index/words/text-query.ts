import { readQuery } from '@cosmicembeddings/sdk/memory';

/**
 * What people type as an FTS5 query: quoted phrases must occur, of the other words at least one. Every term is quoted,
 * so no input is a syntax error; undefined when there is nothing to look for.
 */
export function matchOf(query: string): string | undefined {
  const { phrases, words } = readQuery(query);
  const quoted = (terms: readonly string[]): string => `"${terms.join(' ')}"`;
  const must = phrases.map(quoted);
  const any = words.map((word) => quoted([word]));
  if (must.length === 0 && any.length === 0) return undefined;
  if (must.length === 0) return any.join(' OR ');
  return any.length === 0 ? must.join(' AND ') : `${must.join(' AND ')} AND (${any.join(' OR ')})`;
}
