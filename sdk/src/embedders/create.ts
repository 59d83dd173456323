import { CosmicError } from '../errors.js';
import type { Embedder } from '../ports/index.js';
import type { EmbedderConfig } from './config.js';
import type { EmbedderHost } from './host.js';
import { createLexicalEmbedder } from './lexical.js';
import { createOpenAiEmbedder } from './openai.js';
import { createTransformersEmbedder } from './transformers.js';

/** The embedder that a configuration names. @throws CosmicError embedder.unavailable, embedder.bad_answer */
export async function createEmbedder(config: EmbedderConfig, host: EmbedderHost): Promise<Embedder> {
  switch (config.type) {
    case 'builtin':
      if (config.name === 'lexical') return createLexicalEmbedder();
      throw new CosmicError('embedder.unavailable', `builtin/${config.name} is not part of this build`);
    case 'openai':
      return createOpenAiEmbedder(config, host);
    case 'transformers':
      return createTransformersEmbedder(config, host);
  }
}
