import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import swagger from '@fastify/swagger';
import serveStatic from '@fastify/static';
import { codes, CosmicError } from '@cosmicembeddings/sdk';
import type { JsonSchema } from '@cosmicembeddings/sdk/filter';
import { compileSchema } from '../json-schema.js';
import type { Log } from '../log.js';
import { guardConnections, type ConnectionLimits } from './connections.js';
import { sendProblem } from './problem.js';
import { blockRoutes } from './routes/blocks.js';
import { operatorRoutes } from './routes/operator.js';
import { pythonRoutes } from './routes/python.js';
import { queryRoutes } from './routes/query.js';
import { healthRoutes } from './routes/health.js';
import type { Routes } from './routes/routes.js';
import { createWaitingRoom, type WaitingRoomLimits } from './waiting-room.js';

export interface HttpOptions {
  readonly routes: Routes;
  readonly log: Log;
  readonly requestMaxBytes: number;
  readonly version: string;
  readonly limits: ConnectionLimits & WaitingRoomLimits;
  /** A connection was cut for standing still. */
  onCut?(reason: string): void;
}

/** The HTTP face of a node: maps codes to statuses in one place and knows nothing of how answers are found. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { limits } = options;
  const room = createWaitingRoom(limits);
  const app = fastify({
    // Fastify sets these times on the server that it is given.
    keepAliveTimeout: limits.idleMs,
    serverFactory: (handler) => {
      const server = createServer(
        {
          // A body takes as long as it takes; `guardConnections` looks whether it moves.
          requestTimeout: 0,
          headersTimeout: limits.headersMs,
          keepAliveTimeout: limits.idleMs,
          connectionsCheckingInterval: Math.max(100, limits.headersMs / 4),
          noDelay: true,
        },
        (request, response) => {
          const publishing = isPublishing(request);
          const serve = (): void => handler(request, response);
          guard.enter(request, response, !publishing, () =>
            publishing ? room.enter(request, response, serve) : serve(),
          );
        },
      );
      const guard = guardConnections(server, limits, options.onCut);
      server.once('close', () => guard.close());
      return server;
    },
    bodyLimit: options.requestMaxBytes,
    requestIdHeader: 'x-request-id',
    genReqId: () => Math.random().toString(36).slice(2, 12),
    routerOptions: { maxParamLength: 256 },
    forceCloseConnections: true,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, 'request.malformed', error.message.slice(0, 300)),
  });
  app.setValidatorCompiler<JsonSchema>(({ schema, httpPart }) =>
    compileSchema(schema, httpPart === 'body' ? 'values' : 'texts'),
  );
  // Schemas of answers describe them; they do not decide what is sent.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler((error, request, reply) => sendError(error as FastifyError, request, reply, options.log));
  app.addHook('preClose', async () => room.close());
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 'request.not_found', `${request.method} ${request.url.slice(0, 200)}`),
  );
  acceptBlockBodies(app);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'CosmicEmbeddings node',
        version: options.version,
        description: 'Publish, fetch and find signed embedding blocks.',
      },
    },
  });
  await app.register((scope) => blockRoutes(scope, options.routes));
  await app.register((scope) => queryRoutes(scope, options.routes));
  await app.register((scope) => operatorRoutes(scope, options.routes));
  await app.register((scope) => healthRoutes(scope, options.routes));
  await app.register((scope) => pythonRoutes(scope, options.routes));
  await servePage(app);
  return app;
}

/** Told from the first line alone: whoever waits has not been routed yet. */
function isPublishing({ method, url = '' }: IncomingMessage): boolean {
  return method === 'POST' && /^(?:\/v2)?\/blocks(?:\?|$)/.test(url);
}

/** Block bodies stay streams: the route reads them block by block, whatever their size. */
function acceptBlockBodies(app: FastifyInstance): void {
  for (const type of [
    'application/cbor-seq',
    'application/cbor',
    'application/octet-stream',
    'application/x-ndjson',
    'application/jsonl',
  ])
    app.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
}

async function servePage(app: FastifyInstance): Promise<void> {
  const folder = pageFolder();
  if (folder === undefined) return;
  await app.register(serveStatic, { root: folder, prefix: '/', wildcard: false });
}

function pageFolder(): string | undefined {
  try {
    const folder = join(
      dirname(createRequire(import.meta.url).resolve('@cosmicembeddings/web-ui/package.json')),
      'dist',
    );
    return existsSync(join(folder, 'index.html')) ? folder : undefined;
  } catch {
    const folder = fileURLToPath(new URL('../../../web-ui/dist', import.meta.url));
    return existsSync(join(folder, 'index.html')) ? folder : undefined;
  }
}

function sendError(error: FastifyError, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  if (error instanceof CosmicError) {
    if (codes[error.code].fault === 'node')
      log.warn({ request: request.id, code: error.code, detail: error.detail }, 'request failed');
    return sendProblem(reply, error.code, error.detail);
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return sendProblem(reply, 'request.too_large', error.message);
  const unknown = error.validation?.[0]?.params['additionalProperty'];
  if (typeof unknown === 'string')
    return sendProblem(reply, 'request.malformed', `${error.validationContext ?? 'request'}: unknown field ${unknown}`);
  if (error.statusCode !== undefined && error.statusCode < 500)
    return sendProblem(reply, 'request.malformed', error.message);
  log.error(
    { request: request.id, route: request.routeOptions.url, error: error.message, stack: error.stack },
    'defect',
  );
  return sendProblem(reply, 'node.internal', `request ${request.id}`);
}
