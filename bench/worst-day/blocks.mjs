import {
  cidOf,
  DAG_CBOR,
  encode,
  packRows,
  sha256,
  spaceIdOf,
  toUnit,
  utf8,
  writeEnvelope,
} from '@cosmicembeddings/sdk';

/** Blocks as the store takes them after checking: real bodies with a text and one row, a signature of zeros. */
const spaces = new Map();

function spaceOf(dims) {
  if (!spaces.has(dims))
    spaces.set(dims, {
      model: `bench/${dims}`,
      revision: null,
      weights: null,
      precision: 'fp32',
      dims,
      metric: 'cosine',
      pooling: null,
      normalized: true,
      query_prefix: null,
      passage_prefix: null,
      max_tokens: null,
      endpoint: null,
    });
  return spaces.get(dims);
}

const AUTHOR = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';

/** The nth block, the same whenever it is asked for: one row of `dims` numbers and a text of at least `textBytes`. */
export function blockOf(number, { dims = 64, textBytes = 0 } = {}) {
  const space = spaceOf(dims);
  const random = sha256(utf8(`block ${number}`));
  const vector = toUnit(Float32Array.from({ length: dims }, (_, i) => random[i % 32] - 127.5 + i));
  const text = textOf(number, textBytes);
  const timeMs = 1_700_000_000_000 + number;
  const body = encode({
    salt: random.slice(0, 16),
    tags: number % 10 === 0 ? [`tag-${number % 100}`] : [],
    linked_blocks: [],
    space,
    embedding: packRows([vector], 'f32'),
    input_type: 'text',
    input_reference: [{ hash: random, origin: `bench/${number}` }],
    texts: [text],
  });
  const header = encode({
    version: 2,
    kind: 'embedding/1',
    created_by: AUTHOR,
    timestamp: timeMs,
    cosmic_signature: {},
    body: cidOf(DAG_CBOR, sha256(body)),
    body_bytes: body.length,
  });
  const digest = sha256(header);
  const entry = {
    author: AUTHOR,
    kind: 'embedding/1',
    timeMs,
    tags: number % 10 === 0 ? [`tag-${number % 100}`] : [],
    links: [],
    refs: [],
    rows: 1,
    space: spaceIdOf(space),
    descriptor: space,
  };
  return {
    status: 'checked',
    id: cidOf(DAG_CBOR, digest).text,
    digest,
    format: 'native/2',
    timeMs,
    entry,
    envelope: writeEnvelope(header, new Uint8Array(64)),
    body,
    headerOnly: false,
  };
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
