import { filterFields, subscriptionFields } from '@cosmicembeddings/sdk/filter';
import type { JsonSchema } from '@cosmicembeddings/sdk/schema';

type Fields = Readonly<Record<string, JsonSchema>>;

/** An object; names that end with `?` may be absent. */
function object(fields: Fields, description?: string): JsonSchema {
  const names = Object.keys(fields);
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    required: names.filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(names.map((name) => [name.replace('?', ''), fields[name]!])),
  };
}

const text = (description?: string): JsonSchema => ({
  type: 'string',
  ...(description === undefined ? {} : { description }),
});
const integer = (description?: string): JsonSchema => ({
  type: 'integer',
  ...(description === undefined ? {} : { description }),
});
const number: JsonSchema = { type: 'number' };
const yes: JsonSchema = { const: true };
const list = (items: JsonSchema, description?: string): JsonSchema => ({
  type: 'array',
  items,
  ...(description === undefined ? {} : { description }),
});
const oneOf = (...values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });
export const ref = (name: keyof typeof schemas): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
const named = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

const id = text('CIDv1 of the block');
const did = text('did:key of the author');
const ms = integer('milliseconds since 1970-01-01T00:00Z');
/** No list of them: new ones may come. */
const code = text('one of specs/errors.md');
const cursor = named('Cursor');

const facetValues = list(object({ value: text(), blocks: integer() }));

const respondAction = {
  id: text(),
  signal: text(),
  who: text('from ADDRESS, key NAME, peer DID|ADDRESS, author DID, authors new|known'),
  what: oneOf('alert', 'slow', 'refuse'),
  reason: text(),
  atMs: ms,
  untilMs: ms,
  'perMinute?': integer(),
};

/** Values that a node answers, by name: each is the type of the same name in the SDK's ports, checked by a test. */
export const schemas = {
  Problem: object(
    {
      type: text(),
      title: text('what the code means'),
      status: integer(),
      code,
      detail: text('what exactly'),
      advice: text('what to do'),
      retry: { type: 'boolean' },
      'error?': { type: 'object', additionalProperties: true, description: 'the same in OpenAI’s form' },
    },
    'A refusal (RFC 9457)',
  ),
  Cursor: object({ epoch: text(), seq: integer() }, 'A place in this node’s store'),
  Accepted: {
    description: 'What became of one block',
    oneOf: [
      object({ status: { const: 'stored' }, id, seq: integer() }),
      object({ status: { const: 'known' }, id, seq: integer() }),
      object({ status: { const: 'later' }, id, retryAtMs: ms }),
      object({ status: { const: 'rejected' }, code, detail: text(), 'marginal?': yes, 'id?': id, 'retryAtMs?': ms }),
    ],
  },
  Published: object({ results: list(named('Accepted'), 'in the order sent') }),
  BlockForm: {
    ...object({ id, version: integer(), kind: text(), created_by: did, timestamp: ms }),
    additionalProperties: true,
    description: 'JSON form of a block (specs/block.md): header, common fields of the body, and those of its kind',
  },
  ReadLine: {
    description: 'One of the blocks asked for, or why it is not here',
    oneOf: [
      object({
        id,
        seq: integer(),
        firstSeenMs: ms,
        wire: text('in base64; as CBOR a byte string'),
        'erased?': named('EraseReason'),
      }),
      object({ id, code, detail: text() }),
    ],
  },
  EraseReason: oneOf('retracted', 'takedown', 'retention', 'quota'),
  Related: object({
    id,
    related: list(
      object({
        id,
        reasons: list({
          oneOf: [
            object({ reason: oneOf('links_to', 'linked_from'), rel: text() }),
            object({ reason: { const: 'near' }, cosine: number, space: text() }),
          ],
        }),
        'author?': did,
        'kind?': text(),
        'timeMs?': ms,
        'skyLabel?': text(),
        'heading?': text(),
        'passage?': text(),
      }),
    ),
  }),
  Verdict: object({
    view: text('name of the view that says so'),
    says: text('in a word or two'),
    why: text(),
    'by?': list(id),
    'local?': { const: true, description: 'it rests on when this node first saw something' },
  }),
  Hit: object({
    id,
    row: integer(),
    'space?': text(),
    'cosine?': { type: 'number', description: 'of the answer’s vector of that space and this row: can be checked' },
    'computed?': { const: true, description: 'the node made the vector of the signed text: nobody signed the vector' },
    'translator?': text('block by which the question was translated into `space`'),
    'textCosine?': number,
    score: { type: 'number', description: 'this node’s opinion, comparable within the answer' },
    'strength?': oneOf('strong', 'fair', 'weak', 'unknown'),
    author: did,
    kind: text(),
    timeMs: ms,
    firstSeenMs: ms,
    'skyLabel?': text(),
    tags: list(text()),
    'origin?': text(),
    'heading?': text(),
    'passage?': text(),
    'excerpt?': object({
      start: integer(),
      end: integer(),
      marks: list({ type: 'array', prefixItems: [integer(), integer()], minItems: 2, maxItems: 2 }),
    }),
    'explain?': { type: 'object', additionalProperties: true },
    'verdicts?': list(named('Verdict')),
    'duplicates?': integer('copies folded into this hit'),
  }),
  SearchAnswer: object({
    hits: list(named('Hit'), 'best first'),
    requested: integer(),
    returned: integer(),
    exhausted: { type: 'boolean', description: 'nothing more exists beyond these' },
    indexedTo: cursor,
    head: cursor,
    queries: list(object({ space: text(), vector: list(number) })),
    'spaces?': list(
      object({
        space: text(),
        by: oneOf('given', 'embedder', 'translator'),
        'translator?': text(),
        'quality?': number,
        'background?': object({ of: oneOf('common', 'own'), n: integer() }),
      }),
      'how the question came into each space, and what cosines there were compared with',
    ),
    'leftOut?': list(object({ space: text(), why: text() })),
    'next?': text('send it as `after`'),
    'notes?': list(text()),
    'coverage?': list(named('Subscription'), 'all that the node keeps; absent: everything'),
  }),
  MapRows: object({
    rows: list(
      object({
        'label?': integer('absent for a block that is not here'),
        'id?': text('absent for a label that nothing stands behind'),
        'row?': integer(),
      }),
    ),
  }),
  Facets: object({
    blocks: integer('that were counted, the newest first'),
    whole: { type: 'boolean', description: 'false: there are more, and each number is at least so many' },
    tags: facetValues,
    authors: facetValues,
    kinds: facetValues,
    languages: facetValues,
    spaces: facetValues,
    of: object(
      { tags: integer(), authors: integer(), kinds: integer(), languages: integer(), spaces: integer() },
      'different ones that were met',
    ),
  }),
  Spaces: object({
    spaces: list(
      object({
        id: text(),
        space: named('SpaceDescriptor'),
        rows: integer('signed by authors'),
        siblings: list(text()),
        embedder: { type: 'boolean', description: 'this node can embed texts in it' },
        'home?': object({ rows: integer(), memoryBytes: integer() }),
        background: object({ of: oneOf('common', 'own'), n: integer() }),
        honesty: object({
          state: oneOf('honest', 'doubtful', 'unknown'),
          rows: integer('looked at'),
          doubts: list(object({ what: text(), why: text(), 'authors?': list(text()) })),
        }),
        canaries: object({
          state: oneOf('none', 'reproduced', 'not_reproduced', 'vouched', 'disputed'),
          sources: list(
            object({ 'id?': text(), 'author?': text(), texts: integer(), 'distance?': number }),
            'who vouches; without id and author: they come with the SDK. distance: the greatest 1 − cosine to what the embedder here makes, or to others’ of the same texts',
          ),
        }),
        translators: list(object({ id: text(), from: text(), to: text(), method: text(), quality: number })),
      }),
      'the largest first',
    ),
  }),
  SpaceDescriptor: object({
    model: text(),
    revision: { type: ['string', 'null'] },
    weights: { type: ['string', 'null'] },
    endpoint: { type: ['string', 'null'] },
    precision: { type: ['string', 'null'] },
    dims: integer(),
    metric: oneOf('cosine', 'dot', 'hamming'),
    pooling: { type: ['string', 'null'] },
    query_prefix: { type: ['string', 'null'] },
    passage_prefix: { type: ['string', 'null'] },
    normalized: { type: 'boolean' },
    max_tokens: { type: ['integer', 'null'] },
  }),
  NodeStatus: object({
    node: did,
    network: text(),
    version: text(),
    head: object({ epoch: text(), seq: integer(), count: integer(), labels: integer() }),
    counts: object({
      blocks: integer(),
      rows: integer(),
      authors: integer(),
      kinds: { type: 'object', additionalProperties: integer() },
      spaces: list(object({ id: text(), rows: integer(), space: named('SpaceDescriptor') })),
    }),
    followers: list(object({ name: text(), position: cursor, lag: integer('blocks behind') })),
    peers: integer('connected'),
    peering: list(named('PeerStatus'), 'each of them, and those that are dialled'),
    'coverage?': list(named('Subscription'), 'what it keeps of what others bring; absent: everything'),
    engines: object({ store: text(), index: text(), verifier: text() }),
    embedders: list(object({ space: text(), model: text() })),
    startedAtMs: ms,
    notes: list(text()),
  }),
  PeerStatus: object({
    address: text(),
    'node?': did,
    state: oneOf('connecting', 'connected', 'waiting'),
    direction: oneOf('in', 'out'),
    configured: { type: 'boolean' },
    received: integer('blocks'),
    sent: integer('blocks'),
    'lastError?': text(),
    'proven?': { type: 'boolean' },
    'score?': number,
    'why?': text(),
    'bannedUntilMs?': ms,
    'latencyMs?': number,
    'clockOffsetMs?': number,
    'behind?': integer('blocks offered and not here yet'),
    'reconciledMs?': ms,
    'bytesIn?': integer(),
    'bytesOut?': integer(),
    'discovered?': { type: 'boolean' },
    'coverage?': list(named('Subscription'), 'what it says it keeps; absent: everything'),
  }),
  Subscription: object({
    ...Object.fromEntries(subscriptionFields.map((key) => [`${key}?`, filterFields[key].schema])),
    'places?': list(
      object({ south: integer(), north: integer(), west: integer(), east: integer() }),
      'stamped inside one of these rectangles, in microdegrees',
    ),
  }),
  BannedPeer: object({ name: text(), untilMs: ms, why: text() }),
  Peers: object({ peers: list(named('PeerStatus')) }),
  PeersAndBans: object({ peers: list(named('PeerStatus')), banned: list(named('BannedPeer')) }),
  Bans: object({ banned: list(named('BannedPeer')) }),
  RespondAction: object(respondAction),
  Responses: object({
    actions: list(named('RespondAction')),
    rules: {
      type: 'object',
      additionalProperties: { type: 'object', additionalProperties: true },
      description: 'by signal',
    },
    journal: list(
      object({ ...respondAction, event: oneOf('begun', 'ended', 'undone'), eventMs: ms, 'undo?': text('the command') }),
    ),
  }),
  Operating: object({
    disk: object({ used: { type: 'object', additionalProperties: integer('bytes') }, free: integer('bytes') }),
    accepted: { type: 'object', additionalProperties: integer('blocks') },
    refused: { type: 'object', additionalProperties: integer('blocks'), description: 'by code' },
    inFlight: object({ blocks: integer(), bytes: integer() }),
    settings: { type: 'object', additionalProperties: true, description: 'policies and quotas in force, no secrets' },
  }),
  BlockTrace: object({
    id,
    here: oneOf('whole', 'header', 'erased', 'no'),
    'firstSeenMs?': ms,
    arrivals: list(
      object({
        address: text(),
        'node?': did,
        atMs: ms,
        outcome: text('stored, known, later, or the code that refused it'),
      }),
    ),
    peers: list(object({ address: text(), 'node?': did, proven: { type: 'boolean' }, says: oneOf('has', 'gone') })),
    offeredBy: list(text('address')),
    'askedOf?': text('address'),
    'retryAtMs?': ms,
  }),
  InStep: object({ inStep: { type: 'boolean' }, peer: named('PeerStatus') }),
  Erased: object({ seqs: list(integer()) }, 'Sequence numbers of the erasures'),
  Models: object({
    object: { const: 'list' },
    data: list(
      object({
        id: text('id of the space'),
        object: { const: 'model' },
        created: integer(),
        owned_by: text('name of the model'),
        space: named('SpaceDescriptor'),
      }),
    ),
  }),
  Embeddings: object({
    object: { const: 'list' },
    model: text('id of the space'),
    data: list(
      object({
        object: { const: 'embedding' },
        index: integer(),
        embedding: { anyOf: [list(number), text('base64 of little-endian float32')] },
      }),
    ),
    usage: object({ prompt_tokens: integer(), total_tokens: integer() }),
  }),
  Health: object({ status: { const: 'alive' } }),
  Ready: object({ ready: { type: 'boolean' }, reasons: list(text()) }),
} as const satisfies Record<string, JsonSchema>;
