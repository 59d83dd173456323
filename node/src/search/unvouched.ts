import type { Scored } from './fusion.js';

/**
 * Rows whose text the author kept can be any numbers: nothing here vouches for them. Of the first n places they get twice
 * their share of the space's rows and a tenth more; what is over that comes after the others. Keys are free, so who signed
 * does not matter. Takes a ranking over, best first; rows without a text have no score of words, not even 0.
 */
export function boundUnvouched(ranked: readonly Scored[], share: number): readonly Scored[] {
  const perPlace = 2 * share + 0.1;
  if (perPlace >= 1) return ranked;
  const out: Scored[] = [];
  const later: Scored[] = [];
  let placed = 0;
  const takeLater = (): void => {
    while (later.length > 0 && placed + 1 <= perPlace * (out.length + 1)) {
      out.push(later.shift()!);
      placed++;
    }
  };
  for (const one of ranked) {
    takeLater();
    if (one.label < 0 || one.bm25 !== undefined) out.push(one);
    else if (placed + 1 <= perPlace * (out.length + 1)) {
      out.push(one);
      placed++;
    } else later.push(one);
  }
  return [...out, ...later];
}
