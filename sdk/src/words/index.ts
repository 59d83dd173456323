export { readQuery, type WordQuery } from './query.js';
export { readWords, wordsIn, type Word } from './words.js';
