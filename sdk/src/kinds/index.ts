export type { FoldedBlock, FoldInput, Kind, Link, Parsed, Passage, Plugin, Reads, Vectors, View } from './kind.js';
export { createRegistry, isKindName, type Registry } from './registry.js';
export { embeddingKind, inputHash, ownFields, type EmbeddingBody, type InputReference } from './embedding.js';
export { corePlugins } from './core.js';
