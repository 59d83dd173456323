export { indexSuite, type IndexSubject, type SuiteRunner } from './index-suite.js';
export { signBlock, signHeader, type Draft } from './sign-block.js';
export { keyedSuite, type KeyedSubject } from './keyed-suite.js';
export { naiveCone } from './naive-views.js';
export { blockId, pluginSuite, type PluginQuestion, type PluginScenario, type PluginSubject } from './plugin-suite.js';
export { createViewWorld, type ViewWorld, type WorldBlock } from './view-world.js';
export { transportSuite, type TransportSubject } from './transport-suite.js';
export {
  sampleBlocks,
  sampleDrafts,
  sampleEmbedding,
  samplePlace,
  sampleSpace,
  sampleTimeMs,
  type Sample,
  type Stamp,
} from './sample-blocks.js';
export { storeSuite, testBlock, type StoreSubject } from './store-suite.js';
export { fuzz, type FastSigner, type FuzzOptions, type FuzzReport } from './fuzz.js';
export { embeddingOf, testSpace, unsignedBlock, type MadeDocument, type MadeRow } from './made-blocks.js';
export { randomOf, type Random } from './mutate.js';
