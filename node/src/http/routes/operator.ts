import type { FastifyInstance } from 'fastify';
import { CosmicError, type EraseReason } from '@cosmicembeddings/sdk';
import type { Routes } from './routes.js';

const url = { type: 'string', maxLength: 2048 } as const;

/** Status for everybody; what configures or erases only with the token of the data folder. */
export function operatorRoutes(app: FastifyInstance, routes: Routes): void {
  const operatorOnly = async (request: { headers: { authorization?: string | undefined } }): Promise<void> => {
    if (!routes.isOperator(request.headers.authorization))
      throw new CosmicError('request.unauthorised', 'the token is in the file `token` of the data folder');
  };
  app.get('/v2/status', { schema: { summary: 'What this node is, holds and runs on' } }, async () =>
    routes.api.status(),
  );
  app.get('/v2/peers', { schema: { summary: 'Peers and their state' } }, async () => ({
    peers: await routes.api.peers(),
  }));
  app.post<{ Body: { url: string } }>(
    '/v2/peers',
    {
      onRequest: operatorOnly,
      schema: {
        summary: 'Add a peer (operator)',
        body: { type: 'object', required: ['url'], additionalProperties: false, properties: { url } },
      },
    },
    async (request) => {
      await routes.addPeer(request.body.url);
      return { peers: await routes.api.peers() };
    },
  );
  app.delete<{ Querystring: { url: string } }>(
    '/v2/peers',
    {
      onRequest: operatorOnly,
      schema: {
        summary: 'Remove a peer (operator)',
        querystring: { type: 'object', required: ['url'], additionalProperties: false, properties: { url } },
      },
    },
    async (request) => {
      await routes.removePeer(request.query.url);
      return { peers: await routes.api.peers() };
    },
  );
  app.post<{ Body: { ids: string[]; reason: EraseReason; withhold?: ('body' | 'text')[] } }>(
    '/v2/erase',
    {
      onRequest: operatorOnly,
      schema: {
        summary: 'Erase bodies for good; headers stay (operator)',
        body: {
          type: 'object',
          required: ['ids', 'reason'],
          additionalProperties: false,
          properties: {
            ids: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 10_000 },
            reason: { type: 'string', enum: ['retracted', 'takedown', 'retention', 'quota'] },
            withhold: {
              type: 'array',
              items: { type: 'string', enum: ['body', 'text'] },
              description: 'What to keep out besides the ids. Default for a takedown: body.',
            },
          },
        },
      },
    },
    async (request) => ({ seqs: await routes.erase(request.body.ids, request.body.reason, request.body.withhold) }),
  );
}
