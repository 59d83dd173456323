export { multilingualCanaries } from './canaries.js';
export { createMultilingualEmbedder } from './embed.js';
export { multilingualAbout, multilingualModel, multilingualSpace } from './space.js';
