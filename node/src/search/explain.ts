import type { Scales, Scored } from './fusion.js';
import type { Plan } from './plan.js';

/** Both parts of a hit's score, with what they were measured against. */
export function explain(scored: Scored, scales: Scales, plan: Plan): Record<string, unknown> {
  const { space, cosine, demotion, textCosine, bm25, vectorPart, wordPart, stands } = scored;
  const scale = space === undefined ? undefined : scales.spaces.get(space);
  return {
    mode: plan.mode,
    ...(cosine === undefined
      ? {}
      : {
          vectors: {
            space,
            cosine,
            ...(scored.computed === true ? { computed: 'here, of the text' } : {}),
            ...(demotion === undefined
              ? {}
              : {
                  demotion,
                  because:
                    textCosine === undefined
                      ? 'the row is near everything in its space'
                      : 'the row is not the vector of its text',
                }),
            ...(scale === undefined ? {} : { background: scale }),
            ...(vectorPart === undefined ? {} : { standard: vectorPart, weight: scales.weights.vectors }),
          },
        }),
    ...(bm25 === undefined
      ? {}
      : {
          words: {
            bm25,
            ...(wordPart === undefined
              ? {}
              : { background: scales.words, standard: wordPart, weight: scales.weights.words }),
          },
        }),
    ...(stands === undefined
      ? {}
      : {
          assumed:
            stands === 'words'
              ? 'the block carries no text: it stands where its nearness puts it'
              : 'no vector in a space of the query: it stands where its words put it',
        }),
  };
}
