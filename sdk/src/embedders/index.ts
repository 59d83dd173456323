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
export { canariesOf, canariesOfKnown, canaryOrigin } from './canaries.js';
export {
  foreignLanguage,
  guessLanguage,
  languageAdvice,
  languagesOf,
  otherEmbedder,
  speaksLanguage,
} from './language.js';
