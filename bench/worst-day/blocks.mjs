import { sha256, utf8 } from '@cosmicembeddings/sdk';
import { testSpace, unsignedBlock } from '@cosmicembeddings/sdk/testing';

const AUTHOR = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';

/** The nth block, the same whenever it is asked for: one row of `dims` numbers and a text of at least `textBytes`. */
export function blockOf(number, { dims = 64, textBytes = 0 } = {}) {
  const hash = sha256(utf8(`block ${number}`));
  const vector = Float32Array.from({ length: dims }, (_, i) => hash[i % 32] - 127.5 + i);
  return unsignedBlock({
    number,
    space: testSpace(`bench/${dims}`, dims, { precision: 'fp32' }),
    rows: [{ vector, text: textOf(number, textBytes), origin: `bench/${number}` }],
    tags: number % 10 === 0 ? [`tag-${number % 100}`] : [],
    author: AUTHOR,
  });
}

const WORDS =
  'river town bridge sky night star planet moon vote count ledger block node peer query vector word text page line stone water field road'.split(
    ' ',
  );

function textOf(number, textBytes) {
  const random = randomOf(number + 1);
  let text = `block number ${number} word${number}`;
  while (text.length < textBytes)
    text += ` ${WORDS[Math.floor(random() * WORDS.length)]}${Math.floor(random() ** 3 * 50)}`;
  return text;
}

/** Small fast random numbers from a seed (xorshift32), 0 ≤ x < 1. */
export function randomOf(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}
