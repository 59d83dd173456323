export { createTranslators } from './translators.js';
export { createFacets, facetLimits } from './facets.js';
export { createSearch, type Search } from './search.js';
export {
  type Background,
  type SearchParts,
  type VectorAnswer,
  type VectorHit,
  type VectorSearch,
  type Weights,
} from './parts.js';
export { type Asked, type Asker, type Question, type Way, type WaysToAsk } from './askers.js';
export { type Related, type RelatedBlock, type RelatedReason } from './related.js';
export { createWatches, openMatcher, watchLimits, type Watches } from './watch/index.js';
