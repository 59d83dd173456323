export { englishCanaries } from './canaries.js';
export { createEnglishEmbedder } from './embed.js';
export { englishAbout, englishModel, englishSpace } from './space.js';
