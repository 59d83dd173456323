/** Answers of a real node that holds two blocks, shortened. */
const author = 'did:key:z6MkmtWtY63GQVBrpMyRJWEzsnxfsGkemu6CtMDwGTv4RYj2';
const kiln = 'bafyreiav3l5g7ckk3mi7v34zfyzcpcfkst2f7l52iljqopblzkanciksjq';
const glaze = 'bafyreiauqqfrn7aoctvtqdfrbvg4fyk6dc2jbgqekmcwcn3f2tqabup57e';
const space = 'bafyreicodp3me2l5hoieknw3izjudydvafpbvmpfq6tycwlpzmpqgrip5m';
const at = { epoch: 'd39807737ca0428e4924d9f8', seq: 2 };

const descriptor = {
  dims: 384,
  model: 'builtin/lexical',
  metric: 'cosine',
  pooling: 'sum',
  weights: null,
  endpoint: null,
  revision: '1',
  precision: 'fp32',
  max_tokens: null,
  normalized: true,
  query_prefix: '',
  passage_prefix: '',
};

export const published = { results: [{ status: 'stored', id: kiln, seq: 1 }] };
export const plugins = {
  plugins: [
    {
      name: 'notes',
      kinds: [
        { name: 'test.note/1', maxBytes: 4096, schema: { type: 'object', properties: { text: { type: 'string' } } } },
      ],
      views: [],
      commands: [{ name: 'note' }],
      panels: [],
    },
  ],
};
export const found = { ids: [glaze, kiln] };

export const block = {
  id: glaze,
  version: 2,
  kind: 'embedding/1',
  created_by: author,
  timestamp: 1795896223418,
  body: 'bafyreih6kzg6wsqlugwyx2whfirx4ih6mtkp7ha2nysn7ai7y4uox2mfdu',
  body_bytes: 1962,
  tags: ['pottery'],
  linked_blocks: [{ rel: 'cites', id: kiln }],
  space: descriptor,
  embedding: { dtype: 'f32', rows: 1 },
  texts: ['Glaze melts in the kiln.'],
  signature: '4Xw6XaXN5qWW7aNrcUvGxoqIAe+j5j4aeF9WnQRs7KQU6mJBUeSLyRxUiixY50xEbsz2G+05W3fsSbMt7+k8DA==',
};

export const readLine = { id: kiln, seq: 1, firstSeenMs: 1795896224637, wire: '0oRDoQEyoFkBeak…' };

export const related = {
  id: glaze,
  related: [
    {
      id: kiln,
      reasons: [
        { reason: 'links_to', rel: 'cites' },
        { reason: 'near', cosine: 0.3975876161515631, space },
      ],
      author,
      kind: 'embedding/1',
      timeMs: 1795896223384,
      skyLabel: 'Cancer-128.0',
      passage: 'The kiln fires at 1240 °C.',
    },
  ],
};

export const verdicts = {
  verdicts: [{ view: 'notes', says: 'superseded', why: 'its author published another version', by: [glaze] }],
};

export const checked = { id: kiln, kind: 'embedding/1', author };

export const hit = {
  id: kiln,
  row: 0,
  space,
  author,
  kind: 'embedding/1',
  timeMs: 1795896223384,
  firstSeenMs: 1795896224637,
  skyLabel: 'Cancer-128.0',
  tags: ['pottery'],
  origin: 'kiln.md',
  passage: 'The kiln fires at 1240 °C.',
  cosine: 0.3583974408774534,
  score: 0.2957710003518961,
  strength: 'unknown',
  excerpt: { start: 0, end: 26, marks: [[4, 8]] },
} as const;

export const searchAnswer = {
  hits: [hit],
  requested: 5,
  returned: 1,
  exhausted: true,
  indexedTo: at,
  head: at,
  queries: [{ space, vector: [0.0312, -0.0871] }],
};

export const mapRows = { rows: [{ label: 0, id: hit.id, row: 0 }] };

export const facets = {
  blocks: 2,
  whole: true,
  tags: [{ value: 'pottery', blocks: 2 }],
  authors: [{ value: hit.author, blocks: 2 }],
  kinds: [{ value: 'embedding/1', blocks: 2 }],
  languages: [{ value: 'en', blocks: 1 }],
  spaces: [{ value: space, blocks: 2 }],
  of: { tags: 1, authors: 1, kinds: 1, languages: 1, spaces: 1 },
};

export const spaces = {
  spaces: [
    {
      id: space,
      space: descriptor,
      rows: 2,
      siblings: [],
      embedder: true,
      background: { of: 'own', n: 2 },
      honesty: { state: 'unknown', rows: 2, doubts: [] },
      canaries: { state: 'reproduced', sources: [{ texts: 4, distance: 0 }] },
      translators: [],
    },
  ],
};

export const status = {
  node: 'did:key:z6MkqCrvTbGe9f13m7pSvoL4YdnWyDsFsouwiZ4RT5pFhr1i',
  network: 'dev',
  version: '0.1.0',
  followers: [{ name: 'vectors', position: at, lag: 0 }],
  head: { ...at, count: 2, labels: 2 },
  counts: {
    blocks: 2,
    rows: 2,
    authors: 1,
    kinds: { 'embedding/1': 2 },
    spaces: [{ id: space, rows: 2, space: descriptor }],
  },
  peers: 0,
  peering: [],
  engines: { store: 'better-sqlite3', index: 'usearch', verifier: 'sodium' },
  embedders: [{ space, model: 'builtin/lexical' }],
  startedAtMs: 1795896221225,
  notes: [],
};

export const trace = {
  id: hit.id,
  here: 'whole',
  firstSeenMs: 1795896221225,
  arrivals: [
    {
      address: 'wss://node.example/v2/peer',
      node: 'did:key:z6MkqCrvTbGe9f13m7pSvoL4YdnWyDsFsouwiZ4RT5pFhr1i',
      atMs: 1795896221225,
      outcome: 'stored',
    },
  ],
  peers: [],
  offeredBy: [],
};

export const peers = {
  peers: [
    {
      address: 'wss://node.example/v2/peer',
      node: 'did:key:z6MkqCrvTbGe9f13m7pSvoL4YdnWyDsFsouwiZ4RT5pFhr1i',
      state: 'connected',
      direction: 'out',
      configured: true,
      received: 1204,
      sent: 37,
      proven: true,
    },
  ],
};

export const bans = { banned: [{ name: author, untilMs: 1796501023384, why: 'by the operator' }] };

const held = {
  id: 'r12',
  signal: 'badSignatures',
  who: 'from 203.0.113.7',
  what: 'refuse',
  reason: '31 badSignatures in 60 s, more than 30',
  atMs: 1796497423384,
  untilMs: 1796501023384,
};
export const responses = {
  actions: [held],
  rules: { badSignatures: { over: 30, perMs: 60_000, then: 'refuse', forMs: 3_600_000, slowTo: 10, tried: true } },
  journal: [{ ...held, event: 'begun', eventMs: 1796497423384, undo: 'cosmic respond undo r12' }],
};

export const operating = {
  disk: { used: { 'store.sqlite': 17_825_792, vectors: 1_048_576 }, free: 88_046_829_568 },
  accepted: { stored: 1204, known: 37, rejected: 2 },
  refused: { 'block.bad_signature': 2 },
  inFlight: { blocks: 0, bytes: 0 },
  settings: { network: 'dev', policy: { maxAgeMs: 31_536_000_000 }, requestsPerMinute: 6000 },
};

export const models = {
  object: 'list',
  data: [{ id: space, object: 'model', created: 0, owned_by: descriptor.model, space: descriptor }],
};

export const embeddings = {
  object: 'list',
  model: space,
  data: [{ object: 'embedding', index: 0, embedding: [0.0312, -0.0871] }],
  usage: { prompt_tokens: 9, total_tokens: 9 },
};
