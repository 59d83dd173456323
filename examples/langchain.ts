import { Document } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import type { OpenOptions } from '@cosmicembeddings/sdk/agent';
import { CosmicVectorStore } from '@cosmicembeddings/sdk/langchain';

/** A chain's vector store over a node: any embeddings of LangChain's, documents signed with your key, hits verified. */
export async function retrieve(embeddings: EmbeddingsInterface, options: OpenOptions): Promise<string[]> {
  const store = await CosmicVectorStore.open(embeddings, options);
  await store.addDocuments([
    new Document({ id: 'kiln', pageContent: 'The kiln fires at 1240 °C.', metadata: { topic: 'pottery', page: 3 } }),
    new Document({ id: 'bread', pageContent: 'Bread is baked at 230 °C.', metadata: { topic: 'kitchen' } }),
  ]);
  const retriever = store.asRetriever({ k: 1, filter: { topic: 'pottery', '#text': { $contains: 'fires' } } });
  const found = await retriever.invoke('how hot is the kiln?');
  return found.map(({ id, pageContent }) => `${id}: ${pageContent}`);
}
