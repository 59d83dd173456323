export { pairsOnNode, type AnchorPairs } from './anchors.js';
export {
  createClient,
  type BannedPeer,
  type CheckAnswer,
  type ClientOptions,
  type NodeAddress,
  type NodeClient,
  type Operating,
  type RespondAction,
  type RespondEvent,
  type Responses,
} from './client.js';
export { blocksIn, embeddingOf, type EmbeddingBlock, type Own } from './embedding-blocks.js';
export type { FacetValue, Facets } from './facets.js';
export type { NodeHealth } from './route.js';
export { readMap, type MapHead, type MapLegend, type MapRegion, type MapRow, type SpaceMap } from './map.js';
export { receiptsOf, WITNESSES_MIN, witnessedMs, type Receipt } from './witness.js';
export { verifyHit, type HitVerification } from './verify-hit.js';
export {
  kindOfInfo,
  pluginInfo,
  viewInfo,
  type Command,
  type KindInfo,
  type Need,
  type Panel,
  type PluginInfo,
  type QuestionInfo,
  type ViewInfo,
} from './plugin-info.js';
export { searchWide, type Coverage, type WideAnswer, type WideHit, type WideOptions } from './wide.js';
