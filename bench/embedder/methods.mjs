/**
 * A method gives `embed(texts)` → vectors of some kind and `similarity(a, b)` of two of them.
 * The built-in embedder and the teacher are dense; the floors are bags of words.
 */
export function dense(embedder) {
  return {
    // A text without words (Cranfield has one) has no vector and is near nothing.
    embed: async (texts, role) => {
      const vectors = texts.map(() => []);
      const rows = texts.map((_, i) => i).filter((i) => /[\p{L}\p{N}]/u.test(texts[i]));
      for (let at = 0; at < rows.length; at += 512) {
        const some = rows.slice(at, at + 512);
        const found = (
          await embedder.embed(
            some.map((i) => texts[i]),
            { role },
          )
        ).vectors;
        some.forEach((i, k) => (vectors[i] = found[k]));
      }
      return vectors;
    },
    similarity: (a, b) => {
      let sum = 0;
      for (let i = 0; i < Math.min(a.length, b.length); i++) sum += a[i] * b[i];
      return sum;
    },
  };
}

/** Share of distinct words that two texts have in common. */
export const tokenJaccard = {
  embed: async (texts) => texts.map((text) => new Set(text.toLowerCase().match(/[a-z0-9]+/g) ?? [])),
  similarity: (a, b) => {
    let both = 0;
    for (const word of a) if (b.has(word)) both++;
    return both / (a.size + b.size - both || 1);
  },
};

/**
 * Lemma tf-idf: exact words, no meaning. Document frequencies are taken from `background` texts (WordNet's definitions).
 * What the built-in embedder earns beyond this is what it knows.
 */
export function lemmaTfIdf(lemmas, background) {
  const frequency = new Map();
  for (const text of background)
    for (const word of new Set(lemmas(text))) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const idf = (word) => Math.log(1 + background.length / (1 + (frequency.get(word) ?? 0)));
  return {
    embed: async (texts) =>
      texts.map((text) => {
        const counts = new Map();
        for (const word of lemmas(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
        let squares = 0;
        for (const [word, n] of counts) {
          const weight = (1 + Math.log(n)) * idf(word);
          counts.set(word, weight);
          squares += weight * weight;
        }
        const length = Math.sqrt(squares) || 1;
        for (const [word, weight] of counts) counts.set(word, weight / length);
        return counts;
      }),
    similarity: (a, b) => {
      const [small, large] = a.size < b.size ? [a, b] : [b, a];
      let sum = 0;
      for (const [word, weight] of small) sum += weight * (large.get(word) ?? 0);
      return sum;
    },
  };
}
