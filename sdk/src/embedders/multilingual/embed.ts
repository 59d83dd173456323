import type { Embedder } from '../../ports/index.js';
import { createStaticEmbedder, type StaticModel } from '../static/embed.js';
import { modelOf, openFile, plainOf, rowsOf, type Model } from './model.js';
import { multilingualSpace } from './space.js';
import { tokensOf } from './tokens.js';

/**
 * The built-in embedder for several languages over the bytes of its model file (which must not change afterwards).
 * @throws CosmicError embedder.unavailable when the bytes are another file
 */
export function createMultilingualEmbedder(modelBytes: Uint8Array): Embedder {
  const opened = openFile(modelBytes);
  return createStaticEmbedder(multilingualSpace, () => readingBy(modelOf(opened)));
}

function readingBy(model: Model): StaticModel {
  return {
    table: model,
    tokensOf: (text) => tokensOf(text, model.fold, multilingualSpace.max_tokens!),
    reading: {
      nameOf: (token) => token,
      rowsOf: (word) => rowsOf(word, model),
      spellingOf: (word) => plainOf(word, model.plain),
    },
  };
}
