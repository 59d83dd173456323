export { embedderOf } from './embedder.js';
export { CosmicVectorStore, type AddOptions } from './store.js';
