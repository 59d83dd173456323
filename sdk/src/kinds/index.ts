export { customKind, type CustomKind, type FieldsOf, type KindFields, type KindName } from './fields.js';
export type { Kind, KindHeader, Link, Need, Origin, Parsed, Passage, Vectors } from './kind.js';
export type { Command, Panel, Plugin } from './plugin.js';
export { readBody } from './read-body.js';
export { createRegistry, isKindName, type Registry } from './registry.js';
export {
  embeddingKind,
  inputHash,
  ownFields,
  parseEmbedding,
  type EmbeddingBody,
  type InputReference,
} from './embedding.js';
export { reservedVerbs } from './verbs.js';
export { relations, type Relation } from './relations.js';
export { attestKind, type AttestBody } from './attest/index.js';
export { collectionKind, collectionPlugin, type CollectionBody } from './collection/index.js';
export { RECEIPT_MAX, receiptFields, receiptKind, type ReceiptBody, type Seen } from './receipt/index.js';
export { retractKind, retractPlugin, type RetractBody } from './retract/index.js';
export * from './rotate/index.js';
export {
  parseTranslator,
  translatorKind,
  type NearnessFields,
  type QualityFields,
  type TranslatorBody,
} from './translator/index.js';
