export { Cutter, type QueryTerms, type Terms, type TextTerms } from './terms.js';
export { WordIndex, type Bm25, type WordAnswer, type WordHit, type WordQuestion } from './word-index.js';
export { stem } from './porter.js';
export { packAnswer, unpackAnswer, type PackedAnswer } from './packed-answer.js';
