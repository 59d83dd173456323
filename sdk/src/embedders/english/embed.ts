import type { Embedder } from '../../ports/index.js';
import { createStaticEmbedder, type StaticModel } from '../static/embed.js';
import { lemmaOf } from './lemma.js';
import { modelOf, openFile, piecesOf, type Model } from './model.js';
import { englishSpace } from './space.js';
import { tokensOf } from './tokens.js';

/**
 * The built-in English embedder over the bytes of its model file (which must not change afterwards).
 * @throws CosmicError embedder.unavailable when the bytes are another file
 */
export function createEnglishEmbedder(modelBytes: Uint8Array): Embedder {
  const opened = openFile(modelBytes);
  return createStaticEmbedder(englishSpace, () => readingBy(modelOf(opened)));
}

function readingBy(model: Model): StaticModel {
  const flagsOf = (word: string): number => {
    const row = model.rowOf.get(word);
    return row === undefined ? 0 : model.flags[row]!;
  };
  return {
    table: model,
    tokensOf: (text) => tokensOf(text, model.fold, englishSpace.max_tokens!),
    reading: {
      nameOf: (token) => lemmaOf(token, model.exceptions, flagsOf),
      rowsOf: (lemma) => {
        const row = model.rowOf.get(lemma);
        return row === undefined ? piecesOf(lemma, model.rowOf) : [row];
      },
      spellingOf: (lemma) => lemma,
    },
  };
}
