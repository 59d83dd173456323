import type { FastifyInstance } from 'fastify';
import type { SearchRequest } from '@cosmicembeddings/sdk';
import { filterOfTexts, filterSchema, filterTexts, readFilter, type Filter } from '@cosmicembeddings/sdk/filter';
import { speakCbor } from '../cbor.js';
import { costOfFacets, costOfSearch } from '../cost.js';
import { sendHits } from '../large-answer.js';
import type { Routes } from './routes.js';

const k = { type: 'integer', minimum: 0, maximum: 10_000, default: 10 } as const;

/** A thousand spaces to write; thousands more to look through: anybody can make them. */
const SPACES_MS = 10;

/** What something can be near to. */
export const nearSchema = {
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
  },
} as const;

const searchRequest = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...nearSchema.properties,
    k,
    filter: filterSchema,
    spaces: {
      oneOf: [
        { type: 'string', enum: ['all', 'same'] },
        { type: 'array', items: { type: 'string', maxLength: 128 }, minItems: 1, maxItems: 1000 },
      ],
      description:
        'all (default): wherever the question can be put, by embedders, translators and among vectors that the node made of texts; same: among authors’ own vectors alone, in the spaces of the given vector or of embedders at hand; or a list of space ids',
    },
    translate: {
      type: 'string',
      enum: ['judged', 'always'],
      description:
        'judged (default): translated only where enough of the relevance is expected to be kept, else the space is left out; always: all the same',
    },
    mode: { type: 'string', enum: ['hybrid', 'vectors', 'words'] },
    minCosine: { type: 'number', minimum: -1, maximum: 1 },
    rows: { type: 'string', enum: ['best', 'all'] },
    collapse: { type: 'boolean' },
    perAuthor: { type: 'integer', minimum: 1, description: 'places of an author over all pages' },
    authorShare: {
      type: 'string',
      enum: ['bounded', 'open'],
      description:
        'bounded (default): of a page an author has max(2, a fifth) or, if more, a tenth and twice the share of the blocks; a block’s rows max(2, a fifth); what is over comes when hits of others run out, or on later pages',
    },
    trusted: {
      type: 'array',
      items: { type: 'string', maxLength: 2048 },
      maxItems: 1000,
      description: 'authors whose share is not bounded',
    },
    unvouched: { type: 'string', enum: ['bounded', 'open'] },
    hidden: { type: 'string', enum: ['hide', 'show'] },
    verdicts: { type: 'boolean', description: 'say what views say of each hit' },
    after: { type: 'string' },
    explain: { type: 'boolean' },
    weights: {
      type: 'object',
      additionalProperties: false,
      properties: { vectors: { type: 'number' }, words: { type: 'number' } },
    },
  },
} as const;

interface SearchQuery extends Readonly<Record<string, unknown>> {
  readonly q: string;
  readonly k: number;
  readonly mode?: 'hybrid' | 'vectors' | 'words';
  readonly spaces?: string;
  readonly explain?: boolean;
  readonly after?: string;
}

/** `all`, `same`, or ids with commas between. */
function spacesOfText(text: string): NonNullable<SearchRequest['spaces']> {
  return text === 'all' || text === 'same' ? text : text.split(',').map((one) => one.trim());
}

interface FacetQuery {
  readonly filter?: Filter;
  readonly values: number;
  readonly hidden: 'hide' | 'show';
}

export function queryRoutes(app: FastifyInstance, { api, dear, facets }: Routes): void {
  app.removeContentTypeParser('application/cbor');
  speakCbor(app, dear);
  app.post<{ Body: SearchRequest }>(
    '/v2/search',
    {
      config: { costMs: ({ body }) => costOfSearch(body as SearchRequest) },
      schema: { summary: 'What is near this? By text, by vector, or like a block', body: searchRequest },
    },
    async (request, reply) => {
      const { body } = request;
      const answer = await api.search(body.filter === undefined ? body : { ...body, filter: readFilter(body.filter) });
      // A vector that stands alone is the query as it came: the asker has it, and it is half of the answer's bytes.
      const isOwn = body.vector !== undefined && body.text === undefined && body.like === undefined;
      return sendHits(request, reply, isOwn ? { ...answer, queries: [] } : answer);
    },
  );
  app.post<{ Body: FacetQuery }>(
    '/v2/facets',
    {
      config: { costMs: ({ body }) => costOfFacets((body as FacetQuery).filter) },
      schema: {
        summary: 'Which tags, authors, kinds, languages and spaces the blocks that pass a filter have, with counts',
        description:
          'Counted over the newest 5,000 that pass, for 300 ms at most; where there are more, `whole` is false and each number is at least so many.',
        body: {
          type: 'object',
          additionalProperties: false,
          properties: {
            filter: filterSchema,
            values: { type: 'integer', minimum: 1, maximum: 100, default: 12, description: 'of each at most' },
            hidden: { type: 'string', enum: ['hide', 'show'], default: 'hide' },
          },
        },
      },
    },
    async ({ body: { filter, values, hidden } }) =>
      facets(filter === undefined ? {} : readFilter(filter), values, hidden),
  );
  app.get(
    '/v2/spaces',
    {
      config: { costMs: () => SPACES_MS },
      schema: {
        summary:
          'Spaces that have rows here or an embedder: rows, siblings, translators, what they are compared by, and what speaks against them',
      },
    },
    async () => ({ spaces: await api.spaces() }),
  );
  app.get<{ Querystring: SearchQuery }>(
    '/v2/search',
    {
      config: {
        costMs: ({ query }) => {
          const { q, k, after } = query as SearchQuery;
          return costOfSearch({ k, text: q, ...(after === undefined ? {} : { after }) });
        },
      },
      schema: {
        summary: 'The same for words in a query string',
        querystring: {
          type: 'object',
          required: ['q'],
          additionalProperties: false,
          properties: {
            q: { type: 'string' },
            k,
            ...filterTexts,
            mode: searchRequest.properties.mode,
            spaces: { type: 'string', maxLength: 65_536, description: 'all, same, or space ids with commas between' },
            explain: { type: 'boolean' },
            after: { type: 'string' },
          },
        },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const answer = await api.search({
        text: query.q,
        k: query.k,
        filter: filterOfTexts(query),
        ...(query.mode === undefined ? {} : { mode: query.mode }),
        ...(query.spaces === undefined ? {} : { spaces: spacesOfText(query.spaces) }),
        ...(query.explain === undefined ? {} : { explain: query.explain }),
        ...(query.after === undefined ? {} : { after: query.after }),
      });
      return sendHits(request, reply, answer);
    },
  );
}
