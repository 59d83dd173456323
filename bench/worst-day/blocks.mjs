import { cidOf, DAG_CBOR, encode, packRows, sha256, spaceIdOf, toUnit, utf8, writeEnvelope } from '@cosmicembeddings/sdk';

/** Blocks as the store takes them after checking: real bodies with a text and one row, a signature of zeros. */
const SPACE = { model: 'bench/64', revision: null, weights: null, precision: 'fp32', dims: 64, metric: 'cosine', pooling: null, normalized: true, query_prefix: null, passage_prefix: null, max_tokens: null, endpoint: null };
const AUTHOR = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';

/** The nth block, the same whenever it is asked for; `bodyBytes`: at least so many, by padding the text. */
export function blockOf(number, bodyBytes = 0) {
  const random = sha256(utf8(`block ${number}`));
  const vector = toUnit(Float32Array.from({ length: 64 }, (_, i) => random[i % 32] - 127.5 + i));
  const text = `block number ${number} word${number}`.padEnd(Math.max(0, bodyBytes - 850), ' and so on');
  const timeMs = 1_700_000_000_000 + number;
  const body = encode({
    salt: random.slice(0, 16), tags: number % 10 === 0 ? [`tag-${number % 100}`] : [], linked_blocks: [], space: SPACE, embedding: packRows([vector], 'f32'), input_type: 'text',
    input_reference: [{ hash: random, origin: `bench/${number}` }], texts: [text],
  });
  const header = encode({ version: 2, kind: 'embedding/1', created_by: AUTHOR, timestamp: timeMs, cosmic_signature: {}, body: cidOf(DAG_CBOR, sha256(body)), body_bytes: body.length });
  const digest = sha256(header);
  const entry = { author: AUTHOR, kind: 'embedding/1', timeMs, tags: number % 10 === 0 ? [`tag-${number % 100}`] : [], links: [], refs: [], rows: 1, space: spaceIdOf(SPACE), descriptor: SPACE };
  return { status: 'checked', id: cidOf(DAG_CBOR, digest).text, digest, format: 'native/2', timeMs, entry, envelope: writeEnvelope(header, new Uint8Array(64)), body, headerOnly: false };
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
