export { headingSeparator, splitPassages, type DocumentPassage, type SplitOptions } from './split.js';
