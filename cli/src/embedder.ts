import { CosmicError, type Embedder } from '@cosmicembeddings/sdk';
import { createEmbedder, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import type { Settings } from './settings.js';

/** The configured embedder; there is no other. @throws CosmicError embedder.unset, embedder.unavailable */
export function openEmbedder(settings: Settings): Promise<Embedder> {
  if (settings.embedder === undefined) throw new CosmicError('embedder.unset', '');
  return createEmbedder(settings.embedder, nodeEmbedderHost);
}

/** What comes with this build: the trained embedder, or the lexical one where its weights are not there. */
export async function builtinEmbedder(): Promise<EmbedderConfig> {
  const english: EmbedderConfig = { type: 'builtin', name: 'english-1' };
  try {
    await createEmbedder(english, nodeEmbedderHost);
    return english;
  } catch (error) {
    if (error instanceof CosmicError && error.code === 'embedder.unavailable')
      return { type: 'builtin', name: 'lexical' };
    throw error;
  }
}
