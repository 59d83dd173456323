import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CosmicError, type WatchEvent, type WatchRequest } from '@cosmicembeddings/sdk';
import { filterOfTexts, filterSchema, filterTexts, readFilter } from '@cosmicembeddings/sdk/filter';
import { sharedBy } from '../cost.js';
import { createWatches } from '../watch.js';
import { nearSchema } from './query.js';
import type { Routes } from './routes.js';

const minScore = { type: 'number', minimum: -1, maximum: 1, description: 'the least cosine' } as const;
const after = { type: 'string', maxLength: 128, description: 'cursor of an earlier event' } as const;

export const watchSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { near: nearSchema, minScore, filter: filterSchema, after },
} as const;

interface WatchQuery extends Readonly<Record<string, unknown>> {
  readonly near?: string;
  readonly 'min-score'?: number;
  readonly after?: string;
}

const produces = ['text/event-stream'];
/** Questions that stand, as server-sent events. */
export function watchRoutes(app: FastifyInstance, routes: Routes): void {
  const watches = createWatches();
  app.addHook('preClose', async () => watches.close());
  const send = (request: FastifyRequest, reply: Parameters<typeof watches.send>[0], asked: WatchRequest) => {
    const last = request.headers['last-event-id'];
    const from = typeof last === 'string' && last !== '' ? { after: last } : {};
    return watches.send<WatchEvent>(
      reply,
      (signal) => routes.watch({ ...asked, ...from }, signal, sharedBy(request.visitor)),
      ({ cursor, ...event }) => `id: ${cursor}\ndata: ${JSON.stringify({ cursor, ...event })}\n\n`,
      sharedBy(request.visitor),
    );
  };
  app.post<{ Body: WatchRequest }>(
    '/v2/watch',
    { schema: { summary: 'Tell me when something near this is published', produces, body: watchSchema } },
    (request, reply) => send(request, reply, readWatch(request.body)),
  );
  app.get<{ Querystring: WatchQuery }>(
    '/v2/watch',
    {
      schema: {
        summary: 'The same for words in a query string, as EventSource asks',
        produces,
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            near: { type: 'string', maxLength: 8192 },
            'min-score': minScore,
            after,
            ...filterTexts,
          },
        },
      },
    },
    (request, reply) => {
      const { near, 'min-score': least, after: cursor } = request.query;
      return send(request, reply, {
        ...(near === undefined ? {} : { near: { text: near } }),
        ...(least === undefined ? {} : { minScore: least }),
        ...(cursor === undefined ? {} : { after: cursor }),
        filter: filterOfTexts(request.query),
      });
    },
  );
}

/** @throws CosmicError request.malformed, filter.malformed */
export function readWatch(asked: WatchRequest): WatchRequest {
  if (asked.near !== undefined && Object.keys(asked.near).length === 0)
    throw new CosmicError('request.malformed', 'near: give text, vector or like');
  return asked.filter === undefined ? asked : { ...asked, filter: readFilter(asked.filter) };
}
