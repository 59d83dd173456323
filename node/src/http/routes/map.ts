import type { FastifyInstance } from 'fastify';
import { CosmicError } from '@cosmicembeddings/sdk';
import { isKnown, vary } from '../conditional.js';
import { sharedBy } from '../cost.js';
import type { Routes } from './routes.js';

/** Rows of one question. */
const ROWS_MAX = 1000;
const MAP_TYPE = 'application/vnd.cosmicembeddings.map';
/** To write and send a megabyte of it. */
const MAP_MS = 20;

interface Asked {
  readonly labels?: readonly number[];
  readonly hits?: readonly { readonly id: string; readonly row: number }[];
}

/** A space in two dimensions, and which rows its points are. */
export function mapRoutes(app: FastifyInstance, { mapOf, rowsAt, firstRows }: Routes): void {
  app.get<{ Querystring: { space: string } }>(
    '/v2/map',
    {
      config: { costMs: () => MAP_MS },
      schema: {
        summary: 'A space in two dimensions: a point for each row, coloured by tag, author, model and time',
        description:
          'Laid out when it is first asked for: ask again while its state is not ready. Near means alike; far, left and up mean nothing. Of more than 100,000 rows an even sample is drawn.',
        produces: [MAP_TYPE],
        querystring: {
          type: 'object',
          required: ['space'],
          additionalProperties: false,
          properties: { space: { type: 'string', maxLength: 128, description: 'id of the space' } },
        },
      },
    },
    async (request, reply) => {
      if (mapOf === undefined) throw new CosmicError('request.not_found', 'this node draws no maps');
      const { bytes, tag } = await mapOf(request.query.space, sharedBy(request.visitor));
      const etag = `"${tag}.map"`;
      void vary(reply, 'accept-encoding').header('etag', etag).header('cache-control', 'no-cache');
      if (isKnown(request, etag)) return reply.code(304).send();
      return reply.type(MAP_TYPE).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
  );
  app.post<{ Body: Asked }>(
    '/v2/map/rows',
    {
      schema: {
        summary: 'Which rows of which blocks points of a map are, or which points rows are',
        body: {
          type: 'object',
          additionalProperties: false,
          properties: {
            labels: { type: 'array', maxItems: ROWS_MAX, items: { type: 'integer', minimum: 0, maximum: 0xffff_ffff } },
            hits: {
              type: 'array',
              maxItems: ROWS_MAX,
              items: {
                type: 'object',
                required: ['id', 'row'],
                additionalProperties: false,
                properties: { id: { type: 'string', maxLength: 128 }, row: { type: 'integer', minimum: 0 } },
              },
            },
          },
        },
      },
    },
    async ({ body: { labels = [], hits = [] } }) => {
      const [places, firsts] = await Promise.all([rowsAt(labels), firstRows(hits.map(({ id }) => id))]);
      return {
        rows: [
          ...labels.map((label, i) => ({ label, ...(places[i] && { id: places[i].id, row: places[i].row }) })),
          ...hits.map(({ id, row }, i) => ({ ...(firsts[i] !== undefined && { label: firsts[i] + row }), id, row })),
        ],
      };
    },
  );
}
