import type { Embedder } from '../ports/index.js';
import type { BuiltinName, EmbedderConfig } from './config.js';
import type { EmbedderHost } from './host.js';
import { createEnglishEmbedder } from './english/index.js';
import { createLexicalEmbedder } from './lexical.js';
import { createMultilingualEmbedder, multilingualModel } from './multilingual/index.js';
import { createOpenAiEmbedder } from './openai.js';
import { createTransformersEmbedder } from './transformers.js';

/** The embedder that a configuration names. @throws CosmicError embedder.unavailable, embedder.bad_answer */
export async function createEmbedder(config: EmbedderConfig, host: EmbedderHost): Promise<Embedder> {
  switch (config.type) {
    case 'builtin':
      return createBuiltin(config.name, host);
    case 'openai':
      return createOpenAiEmbedder(config, host);
    case 'transformers':
      return createTransformersEmbedder(config, host);
  }
}

async function createBuiltin(name: BuiltinName, host: EmbedderHost): Promise<Embedder> {
  switch (name) {
    case 'lexical':
      return createLexicalEmbedder();
    case 'english-1':
      return createEnglishEmbedder(await host.asset('english-1.bin'));
    case 'multilingual-1': {
      const { file, package: from } = multilingualModel;
      return createMultilingualEmbedder(await host.asset(file, from));
    }
  }
}
