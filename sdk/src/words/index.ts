export { readQuery, readWords, wordsIn, type Word, type WordQuery } from './words.js';
