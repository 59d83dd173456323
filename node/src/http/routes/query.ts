import type { FastifyInstance } from 'fastify';
import { CosmicError, type SearchRequest } from '@cosmicembeddings/sdk';
import { speakCbor } from '../cbor.js';
import type { Routes } from './routes.js';

const texts = { type: 'array', items: { type: 'string' }, maxItems: 1000 } as const;

const filter = {
  type: 'object',
  additionalProperties: false,
  properties: {
    spaces: texts,
    authors: texts,
    kinds: texts,
    tagsAll: texts,
    tagsAny: texts,
    links: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id'],
        additionalProperties: false,
        properties: { rel: { type: 'string' }, id: { type: 'string' } },
      },
    },
    language: { type: 'string' },
    fromMs: { type: 'integer' },
    toMs: { type: 'integer' },
    hasRows: { type: 'boolean' },
  },
} as const;

const k = { type: 'integer', minimum: 0, maximum: 10_000, default: 10 } as const;

const searchRequest = {
  type: 'object',
  additionalProperties: false,
  properties: {
    text: { type: 'string', maxLength: 65_536 },
    vector: {
      type: 'object',
      required: ['space', 'values'],
      additionalProperties: false,
      properties: { space: { type: 'string' }, values: { type: 'array', items: { type: 'number' }, maxItems: 8192 } },
    },
    like: {
      type: 'object',
      required: ['id'],
      additionalProperties: false,
      properties: { id: { type: 'string' }, row: { type: 'integer', minimum: 0 } },
    },
    k,
    filter,
    mode: { type: 'string', enum: ['hybrid', 'vectors', 'words'] },
    minCosine: { type: 'number', minimum: -1, maximum: 1 },
    rows: { type: 'string', enum: ['best', 'all'] },
    collapse: { type: 'boolean' },
    perAuthor: { type: 'integer', minimum: 1 },
    hidden: { type: 'string', enum: ['hide', 'show'] },
    after: { type: 'string' },
    explain: { type: 'boolean' },
    weights: {
      type: 'object',
      additionalProperties: false,
      properties: { vectors: { type: 'number' }, words: { type: 'number' } },
    },
  },
} as const;

interface SearchQuery {
  readonly q: string;
  readonly k?: number;
  readonly tag?: readonly string[];
  readonly author?: readonly string[];
  readonly kind?: readonly string[];
  readonly space?: readonly string[];
  readonly mode?: 'hybrid' | 'vectors' | 'words';
  readonly explain?: boolean;
  readonly after?: string;
}

/** Query strings are texts and get their types from the schema; a body already has them, so its are not bent. */
function refuseOtherTypes(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  for (const [name, rule] of Object.entries(searchRequest.properties)) {
    const value: unknown = Reflect.get(body, name);
    if (value === undefined) continue;
    const expected = rule.type === 'integer' ? 'number' : rule.type;
    if (typeof value !== expected)
      throw new CosmicError('request.malformed', `body.${name}: expected ${rule.type}, got ${typeof value}`);
  }
}

export function queryRoutes(app: FastifyInstance, { api }: Routes): void {
  app.removeContentTypeParser('application/cbor');
  speakCbor(app);
  app.post<{ Body: Omit<SearchRequest, 'k'> & { k?: number } }>(
    '/v2/search',
    {
      preValidation: async (request) => refuseOtherTypes(request.body),
      schema: { summary: 'What is near this? By text, by vector, or like a block', body: searchRequest },
    },
    async ({ body }) => {
      const answer = await api.search({ ...body, k: body.k ?? 10 });
      // A vector that stands alone is the query as it came: the asker has it, and it is half of the answer's bytes.
      const isOwn = body.vector !== undefined && body.text === undefined && body.like === undefined;
      return isOwn ? { ...answer, queries: [] } : answer;
    },
  );
  app.get<{ Querystring: SearchQuery }>(
    '/v2/search',
    {
      schema: {
        summary: 'The same for words in a query string',
        querystring: {
          type: 'object',
          required: ['q'],
          additionalProperties: false,
          properties: {
            q: { type: 'string' },
            k,
            tag: texts,
            author: texts,
            kind: texts,
            space: texts,
            mode: searchRequest.properties.mode,
            explain: { type: 'boolean' },
            after: { type: 'string' },
          },
        },
      },
    },
    async ({ query }) =>
      api.search({
        text: query.q,
        k: query.k ?? 10,
        filter: {
          ...(query.tag === undefined ? {} : { tagsAll: query.tag }),
          ...(query.author === undefined ? {} : { authors: query.author }),
          ...(query.kind === undefined ? {} : { kinds: query.kind }),
          ...(query.space === undefined ? {} : { spaces: query.space }),
        },
        ...(query.mode === undefined ? {} : { mode: query.mode }),
        ...(query.explain === undefined ? {} : { explain: query.explain }),
        ...(query.after === undefined ? {} : { after: query.after }),
      }),
  );
  app.get<{ Params: { name: string; query: string }; Querystring: Record<string, string> }>(
    '/v2/views/:name/:query',
    { schema: { summary: 'Ask a view: what the blocks mean, folded from them' } },
    async (request) => ({ result: await api.view(request.params.name, request.params.query, request.query) }),
  );
}
