export {
  headingSeparator,
  normaliseDocument,
  splitPassages,
  type DocumentPassage,
  type SplitOptions,
} from './split.js';
export { partCharacters, splitParts, type TextPart } from './parts.js';
