import type { WordAnswer, WordHit } from './word-index.js';

/** An answer as it crosses threads: a hundred small objects cost more to send than to find. */
export interface PackedAnswer {
  readonly labels: Int32Array;
  readonly scores: Float32Array;
  /** Ids of the hits without a label, by their place. */
  readonly ids: readonly (readonly [number, string])[];
  readonly also: Float32Array;
  readonly scale: WordAnswer['scale'];
  readonly terms: WordAnswer['terms'];
}

export function packAnswer({ hits, also, scale, terms }: WordAnswer): PackedAnswer {
  return {
    labels: Int32Array.from(hits, ({ label }) => label),
    scores: Float32Array.from(hits, ({ score }) => score),
    ids: hits.flatMap(({ id }, i) => (id === undefined ? [] : [[i, id] as const])),
    also,
    scale,
    terms,
  };
}

export function unpackAnswer({ labels, scores, ids, also, scale, terms }: PackedAnswer): WordAnswer {
  const byPlace = new Map(ids);
  const hits = Array.from(labels, (label, i): WordHit =>
    label < 0 ? { label, id: byPlace.get(i)!, score: scores[i]! } : { label, score: scores[i]! },
  );
  return { hits, also, scale, terms };
}
