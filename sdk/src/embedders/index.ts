export {
  parseEmbedderConfig,
  type BuiltinName,
  type EmbedderConfig,
  type OpenAiConfig,
  type TransformersConfig,
  type TransformersDtype,
} from './config.js';
export { createEmbedder } from './create.js';
export { costOf } from './openai.js';
export type { EmbedderHost } from './host.js';
export { createLexicalEmbedder, lexicalSpace } from './lexical.js';
export { canariesOf, canariesOfBody, canariesOfKnown, canariesOfSpace, canaryFields } from './canaries.js';
export { canaryOrigin } from '../space/index.js';
export { canaryTexts } from './canary-texts.js';
export {
  foreignLanguage,
  guessLanguage,
  languageAdvice,
  languagesOf,
  otherEmbedder,
  speaksLanguage,
} from './language.js';
