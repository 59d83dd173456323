import type { Embedder } from '../ports/index.js';
import type { EmbedderConfig } from './config.js';
import type { EmbedderHost } from './host.js';
import { createEnglishEmbedder } from './english/index.js';
import { createLexicalEmbedder } from './lexical.js';
import { createOpenAiEmbedder } from './openai.js';
import { createTransformersEmbedder } from './transformers.js';

/** The embedder that a configuration names. @throws CosmicError embedder.unavailable, embedder.bad_answer */
export async function createEmbedder(config: EmbedderConfig, host: EmbedderHost): Promise<Embedder> {
  switch (config.type) {
    case 'builtin':
      return config.name === 'lexical'
        ? createLexicalEmbedder()
        : createEnglishEmbedder(await host.asset('english-1.bin'));
    case 'openai':
      return createOpenAiEmbedder(config, host);
    case 'transformers':
      return createTransformersEmbedder(config, host);
  }
}
