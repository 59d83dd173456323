import type { Embedder } from '../../ports/index.js';
import { createStaticEmbedder } from '../static/embed.js';
import { plainOf, readModel, rowsOf } from './model.js';
import { multilingualSpace } from './space.js';
import { tokensOf } from './tokens.js';

/**
 * The built-in embedder for several languages over the bytes of its model file (which must not change afterwards).
 * @throws CosmicError embedder.unavailable when the bytes are another file
 */
export function createMultilingualEmbedder(modelBytes: Uint8Array): Embedder {
  const model = readModel(modelBytes);
  return createStaticEmbedder(
    multilingualSpace,
    model,
    (text) => tokensOf(text, model.fold, multilingualSpace.max_tokens!),
    {
      nameOf: (token) => token,
      rowsOf: (word) => rowsOf(word, model),
      spellingOf: (word) => plainOf(word, model.plain),
    },
  );
}
