import { BEFORE_NOT, pushToken, scanTokens, type Tokens } from '../static/tokens.js';

const SUFFIXES: Readonly<Record<string, string>> = { re: 'are', ll: 'will', ve: 'have', m: 'am', d: 'would' };

/** `fold`: characters that count as something else (lower case, accents and compatibility forms taken off). */
export function tokensOf(text: string, fold: ReadonlyMap<number, string>, maxTokens: number): Tokens {
  return scanTokens(text, fold, maxTokens, pushWord);
}

function pushWord(word: string, out: string[]): void {
  if (word.includes(',')) word = word.replaceAll(',', '');
  if (word.includes("'")) {
    if (word.endsWith("n't")) {
      const base = word.slice(0, -3).replaceAll("'", '');
      if (base !== '') pushToken(BEFORE_NOT.get(base) ?? base, out);
      out.push('not');
      return;
    }
    const cut = word.lastIndexOf("'");
    const suffix = word.slice(cut + 1);
    const added = Object.hasOwn(SUFFIXES, suffix) ? SUFFIXES[suffix] : undefined;
    if (suffix === 's' || added !== undefined) {
      pushToken(word.slice(0, cut).replaceAll("'", ''), out);
      if (added !== undefined) out.push(added);
      return;
    }
    word = word.replaceAll("'", '');
  }
  if (word === 'cannot') out.push('can', 'not');
  else pushToken(word, out);
}
