import { BEFORE_NOT, pushToken, scanTokens, type Tokens } from '../static/tokens.js';

/** `fold`: characters that count as something else (lower case and compatibility forms; accents of Latin letters stay). */
export function tokensOf(text: string, fold: ReadonlyMap<number, string>, maxTokens: number): Tokens {
  return scanTokens(text, fold, maxTokens, pushWord);
}

/** Apostrophes part words (l'eau, dell'acqua), but English `n't` is `not`. */
function pushWord(word: string, out: string[]): void {
  if (word.includes(',')) word = word.replaceAll(',', '');
  if (!word.includes("'")) {
    pushToken(word, out);
    return;
  }
  if (word.endsWith("n't")) {
    const base = word.slice(0, -3).replaceAll("'", '');
    if (base !== '') pushToken(BEFORE_NOT.get(base) ?? base, out);
    out.push('not');
    return;
  }
  for (const part of word.split("'")) if (part !== '') pushToken(part, out);
}
