export { embedderOf, type LlamaEmbedding } from './embedder.js';
export { whereOf, type LlamaFilter, type LlamaFilters } from './filters.js';
export { CosmicVectorStore, type LlamaIndexParts, type LlamaNode, type LlamaQuery } from './store.js';
