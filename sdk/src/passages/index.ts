export {
  headingSeparator,
  normaliseDocument,
  splitPassages,
  type DocumentPassage,
  type SplitOptions,
} from './split.js';
