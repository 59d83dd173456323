export type { FoldedBlock, FoldInput, Kind, Link, Parsed, Passage, Plugin, Reads, Vectors, View } from './kind.js';
export { createRegistry, isKindName, type Registry } from './registry.js';
export { embeddingKind, inputHash, ownFields, type EmbeddingBody, type InputReference } from './embedding.js';
export { corePlugins } from './core.js';
export { relations, type Relation } from './relations.js';
export { retractKind, retractPlugin, type RetractBody } from './retract/index.js';
export * from './rotate/index.js';
export * from './standing/index.js';
export { forksOf, forksPlugin, forksView, type Fork, type ForksState } from './forks/index.js';
