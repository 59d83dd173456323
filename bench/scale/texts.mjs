/** Texts that any process can make again from the seed: 20,000 made-up words, drawn after Zipf as those of real texts are. */
import { QUERIES, randomOf } from './vectors.mjs';

const TEXT_BYTES = 200;
const syllables = 'ba ce di fo gu la me ni or pu ra se ti vo wu xa ye zi ka lo'.split(' ');
const wordOf = (rank) => {
  let word = '';
  for (let left = rank + 20; left > 0; left = Math.floor(left / 20)) word += syllables[left % 20];
  return word;
};
const anyWord = (random) => wordOf(Math.floor(20_000 ** random()));

/** The texts of one stream of rows, one a call. */
export function textsOf(seed, stream) {
  const random = randomOf(seed, 0x40000000 + stream);
  return () => {
    let text = '';
    while (text.length < TEXT_BYTES) text += `${anyWord(random)} `;
    return text.slice(0, TEXT_BYTES);
  };
}

/** Three words to look for beside a vector. */
export function wordsOf(seed) {
  const random = randomOf(seed, QUERIES - 2);
  return () => Array.from({ length: 3 }, () => anyWord(random)).join(' ');
}
