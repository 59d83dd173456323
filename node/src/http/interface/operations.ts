import type { JsonSchema } from '@cosmicembeddings/sdk/schema';
import * as examples from './examples.js';
import { ref, type schemas } from './schemas.js';

export interface Answer {
  readonly says: string;
  /** By media type. */
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>>;
}

export interface Operation {
  readonly tag: 'blocks' | 'search' | 'views' | 'operators' | 'machines';
  readonly answers: Readonly<Record<string, Answer>>;
  readonly takes?: Answer;
  readonly asks?: unknown;
  readonly operator?: true;
}

const BYTES: JsonSchema = { type: 'string', contentMediaType: 'application/octet-stream' };
const SIGNED = { 'application/cbor-seq': { schema: BYTES } } as const;

function json(says: string, name: keyof typeof schemas, example: unknown): Answer {
  return { says, content: { 'application/json': { schema: ref(name), example } } };
}

const published = (says: string) => json(says, 'Published', examples.published);
const blocksToPublish: Answer = {
  says: 'Signed bytes one after another, or a JSON form on each line',
  content: { ...SIGNED, 'application/x-ndjson': { schema: { type: 'string' } } },
};
const gone: Answer = {
  says: 'It was erased here; what is left is its signed header',
  content: { ...SIGNED, 'application/problem+json': { schema: ref('Problem') } },
};

const watched: Answer = {
  says: 'Events (specs/watch.md), each with its cursor as id: opened, hit, gone, live, at, held, gap. A connection that breaks goes on with Last-Event-ID.',
  content: { 'text/event-stream': { schema: { type: 'string' } } },
};

/** What each operation takes and answers, beside what its route says itself. A new route gets a line here. */
export const operations: Readonly<Record<string, Operation>> = {
  'POST /v2/blocks': {
    tag: 'blocks',
    takes: blocksToPublish,
    answers: { 200: published('Each block’s verdict'), 201: published('The one block was stored') },
  },
  'GET /v2/blocks': { tag: 'blocks', answers: {} },
  'POST /v2/blocks/find': { tag: 'blocks', answers: {}, asks: { filter: { tagsAll: ['pottery'] }, limit: 10 } },
  'GET /v2/blocks/{id}': {
    tag: 'blocks',
    answers: {
      200: {
        says: 'The block; its bytes never change',
        content: { ...SIGNED, 'application/json': { schema: ref('BlockForm'), example: examples.block } },
      },
      304: { says: 'You have it', content: {} },
      410: gone,
    },
  },
  'POST /v2/blocks/read': {
    tag: 'blocks',
    asks: { ids: [examples.hit.id] },
    answers: {
      200: {
        says: 'A line for each id, in order',
        content: { ...SIGNED, 'application/x-ndjson': { schema: ref('ReadLine'), example: examples.readLine } },
      },
    },
  },
  'GET /v2/blocks/{id}/related': {
    tag: 'blocks',
    answers: { 200: json('Each with its reasons', 'Related', examples.related) },
  },
  'GET /v2/blocks/{id}/trace': {
    tag: 'operators',
    answers: { 200: json('As far as this node remembers', 'BlockTrace', examples.trace) },
  },
  'GET /v2/blocks/{id}/verdicts': { tag: 'views', answers: {} },
  'POST /v2/check': { tag: 'blocks', takes: { ...blocksToPublish, says: 'One block', content: SIGNED }, answers: {} },
  'POST /v2/search': {
    tag: 'search',
    asks: { text: 'how hot is the kiln?', k: 5, filter: { where: { topic: 'pottery' } } },
    answers: { 200: json('Hits, best first', 'SearchAnswer', examples.searchAnswer) },
  },
  'GET /v2/search': {
    tag: 'search',
    answers: { 200: json('Hits, best first', 'SearchAnswer', examples.searchAnswer) },
  },
  'POST /v2/watch': {
    tag: 'search',
    asks: { near: { text: 'kilns' }, filter: { tagsAll: ['pottery'] } },
    answers: { 200: watched },
  },
  'GET /v2/watch': { tag: 'search', answers: { 200: watched } },
  'GET /v1/models': { tag: 'search', answers: { 200: json('Spaces', 'Models', examples.models) } },
  'POST /v1/embeddings': {
    tag: 'search',
    asks: { input: ['The kiln fires at 1240 °C.'], encoding_format: 'float' },
    answers: { 200: json('A vector for each text, in order', 'Embeddings', examples.embeddings) },
  },
  'GET /v2/map': {
    tag: 'search',
    answers: {
      200: {
        says: 'The map as it is now (specs/map.md); while it is made, as far as it is',
        content: { 'application/vnd.cosmicembeddings.map': { schema: BYTES } },
      },
      304: { says: 'You have it', content: {} },
    },
  },
  'POST /v2/map/rows': {
    tag: 'search',
    asks: { labels: [0, 1] },
    answers: { 200: json('In the order asked', 'MapRows', examples.mapRows) },
  },
  'POST /v2/facets': {
    tag: 'search',
    asks: { filter: { tagsAll: ['pottery'] }, values: 3 },
    answers: { 200: json('The most frequent of each', 'Facets', examples.facets) },
  },
  'GET /v2/spaces': { tag: 'search', answers: { 200: json('As of now', 'Spaces', examples.spaces) } },
  'GET /v2/plugins': { tag: 'views', answers: {} },
  'GET /v2/status': { tag: 'machines', answers: { 200: json('As of now', 'NodeStatus', examples.status) } },
  'GET /v2/operator': {
    tag: 'operators',
    operator: true,
    answers: { 200: json('As of now', 'Operating', examples.operating) },
  },
  'GET /v2/peers': {
    tag: 'operators',
    answers: { 200: json('Peers, and who is banned', 'PeersAndBans', { ...examples.peers, ...examples.bans }) },
  },
  'POST /v2/peers': {
    tag: 'operators',
    operator: true,
    asks: { url: 'wss://node.example/v2/peer' },
    answers: { 200: json('All peers', 'Peers', examples.peers) },
  },
  'DELETE /v2/peers': {
    tag: 'operators',
    operator: true,
    answers: { 200: json('Those that are left', 'Peers', examples.peers) },
  },
  'POST /v2/peers/sync': {
    tag: 'operators',
    operator: true,
    asks: { url: 'wss://node.example/v2/peer' },
    answers: { 200: json('In step or not', 'InStep', { inStep: true, peer: examples.peers.peers[0] }) },
  },
  'POST /v2/peers/ban': {
    tag: 'operators',
    operator: true,
    asks: { did: examples.hit.author, for_ms: 86_400_000 },
    answers: { 200: json('All bans', 'Bans', examples.bans) },
  },
  'POST /v2/peers/allow': {
    tag: 'operators',
    operator: true,
    asks: { did: examples.hit.author },
    answers: { 200: json('The bans that are left', 'Bans', { banned: [] }) },
  },
  'GET /v2/respond': {
    tag: 'operators',
    operator: true,
    answers: { 200: json('As of now', 'Responses', examples.responses) },
  },
  'POST /v2/respond/undo': {
    tag: 'operators',
    operator: true,
    asks: { id: 'r12' },
    answers: { 200: json('What was ended', 'RespondAction', examples.responses.actions[0]) },
  },
  'POST /v2/erase': {
    tag: 'operators',
    operator: true,
    asks: { ids: [examples.hit.id], reason: 'takedown' },
    answers: { 200: json('Done', 'Erased', { seqs: [3] }) },
  },
  'GET /health': { tag: 'machines', answers: { 200: json('Alive', 'Health', { status: 'alive' }) } },
  'GET /ready': {
    tag: 'machines',
    answers: {
      200: json('It can serve', 'Ready', { ready: true, reasons: [] }),
      503: json('Not now', 'Ready', { ready: false, reasons: ['text is 120000 blocks behind'] }),
    },
  },
  'GET /metrics': {
    tag: 'machines',
    answers: { 200: { says: 'Prometheus text format', content: { 'text/plain': { schema: { type: 'string' } } } } },
  },
  'GET /openapi.json': {
    tag: 'machines',
    answers: {
      200: {
        says: 'OpenAPI 3.1',
        content: {
          'application/json': {
            schema: { type: 'object', additionalProperties: true },
            example: { openapi: '3.1.0', info: { title: 'CosmicEmbeddings node' }, paths: {} },
          },
        },
      },
    },
  },
};
