import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CosmicError, type EraseReason } from '@cosmicembeddings/sdk';
import type { Routes } from './routes.js';

const url = { type: 'string', maxLength: 2048 } as const;
const did = { type: 'string', maxLength: 100 } as const;
const DAY_MS = 86_400_000;

/** Status for everybody; what configures or erases only with the token of the data folder. */
export function operatorRoutes(app: FastifyInstance, routes: Routes): void {
  const operatorOnly = async ({ visitor }: FastifyRequest): Promise<void> => {
    if (!routes.isOperator(visitor))
      throw new CosmicError('request.unauthorised', 'scope admin: the token is in the file `token` of the data folder');
  };
  app.get('/v2/status', { schema: { summary: 'What this node is, holds and runs on' } }, async () =>
    routes.api.status(),
  );
  app.get(
    '/v2/operator',
    { onRequest: operatorOnly, schema: { summary: 'Disk, refusals, policies and quotas (operator)' } },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return routes.operating();
    },
  );
  app.get('/v2/peers', { schema: { summary: 'Peers and their state' } }, async () => ({
    peers: await routes.api.peers(),
    banned: routes.bannedPeers(),
  }));
  app.get<{ Params: { id: string } }>(
    '/v2/blocks/:id/trace',
    { schema: { summary: 'By which way a block came from peers, who has it, what it waits for' } },
    async ({ params }) => routes.trace(params.id),
  );
  app.post<{ Body: { url: string; wait_ms?: number } }>(
    '/v2/peers/sync',
    {
      onRequest: operatorOnly,
      schema: {
        summary: 'Compare with a peer now; answers when all it has is here, or after wait_ms (operator)',
        body: {
          type: 'object',
          required: ['url'],
          additionalProperties: false,
          properties: { url, wait_ms: { type: 'integer', minimum: 0, maximum: 20_000 } },
        },
      },
    },
    async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort(new CosmicError('node.stopping', 'nobody waits any more')));
      return routes.syncPeer(request.body.url, request.body.wait_ms ?? 10_000, gone.signal);
    },
  );
  app.post<{ Body: { did: string; for_ms?: number } }>(
    '/v2/peers/ban',
    {
      onRequest: operatorOnly,
      schema: {
        summary: 'Ban an identity for a time, a week unless said (operator)',
        body: {
          type: 'object',
          required: ['did'],
          additionalProperties: false,
          properties: { did, for_ms: { type: 'integer', minimum: 1000, maximum: 10 * 365 * DAY_MS } },
        },
      },
    },
    async (request) => {
      routes.banPeer(request.body.did, request.body.for_ms ?? 7 * DAY_MS);
      return { banned: routes.bannedPeers() };
    },
  );
  app.post<{ Body: { did: string } }>(
    '/v2/peers/allow',
    {
      onRequest: operatorOnly,
      schema: {
        summary: 'Lift a ban and forget the score of an identity (operator)',
        body: { type: 'object', required: ['did'], additionalProperties: false, properties: { did } },
      },
    },
    async (request) => {
      routes.allowPeer(request.body.did);
      return { banned: routes.bannedPeers() };
    },
  );
  app.get(
    '/v2/respond',
    { onRequest: operatorOnly, schema: { summary: 'Signals of abuse: what is done now, rules, journal (operator)' } },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return routes.responses();
    },
  );
  app.post<{ Body: { id: string } }>(
    '/v2/respond/undo',
    {
      onRequest: operatorOnly,
      schema: {
        summary: 'End what is done because of a signal before its time (operator)',
        body: {
          type: 'object',
          required: ['id'],
          additionalProperties: false,
          properties: { id: { type: 'string', maxLength: 40 } },
        },
      },
    },
    async (request) => routes.undoResponse(request.body.id),
  );
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
