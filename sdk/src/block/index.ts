export type { BlockFormat, BlockId, CatalogueEntry, CheckedBlock, Header, ObserverLocation, Ref } from './types.js';
export {
  checkBlock,
  classify,
  decodeBody,
  judge,
  kindHeader,
  openBlock,
  type Checks,
  type OpenedBlock,
  type SkyVerdict,
} from './check.js';
export { createBlock, publicationNotice, type Author, type CreatedBlock, type NewBlock } from './create.js';
export { DEV_NETWORK, externalAad, readEnvelope, signedBytes, writeEnvelope, type Envelope } from './envelope.js';
export { decodeHeader, encodeHeader } from './header.js';
export { nextBlock, splitBlocks, type NextBlock } from './split.js';
export { fromJson, toJson, type JsonOptions } from './json.js';
export type { VectorForm } from './json-embedding.js';
export { goneBody, wireOf } from './wire.js';
