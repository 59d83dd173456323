/** How our node is asked. */
import { spaceIdOf } from '@cosmicembeddings/sdk';
import { httpRequest } from '../connection.mjs';
import { rowOfTime, spaceAt } from '../layout.mjs';

/** `collapse: false`: every near row is wanted, copies too, as peers answer. */
export const wireOf = ({ port, collapse }) => ({
  framing: 'http',
  searchOf: (question) => searchOf(port, question, collapse === undefined ? {} : { collapse }),
  answerOf,
});

const ids = new Map();
/** The id of the space that holds the i-th question's, or row's, neighbours. */
export function spaceIdAt(i) {
  const space = spaceAt(i);
  if (!ids.has(space)) ids.set(space, spaceIdOf(space));
  return ids.get(space);
}

function searchOf(port, { number, vector, words, filtered }, asked) {
  return httpRequest(port, 'POST', '/v2/search', {
    vector: { space: spaceIdAt(number), values: Array.from(vector) },
    k: 10,
    ...asked,
    ...(words === undefined ? { mode: 'vectors' } : { mode: 'hybrid', text: words, spaces: 'same' }),
    ...(filtered && { filter: { tagsAll: ['rare'] } }),
  });
}

function answerOf(body) {
  const { hits, requested, returned, indexedTo, head } = JSON.parse(body.toString('utf8'));
  return {
    rows: hits.map((hit) => rowOfTime(hit.timeMs)),
    requested,
    returned,
    indexedTo: indexedTo.seq,
    head: head.seq,
  };
}
