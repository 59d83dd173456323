import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { createServer, STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchemaCompiler,
} from 'fastify';
import swagger from '@fastify/swagger';
import serveStatic from '@fastify/static';
import { codes, CosmicError, problemOf, type Code } from '@cosmicembeddings/sdk';
import type { JsonSchema } from '@cosmicembeddings/sdk/schema';
import { compileSchema } from '../json-schema.js';
import type { Log } from '../log.js';
import { safeHeaders } from '../safe-headers.js';
import { packageFolder } from '../version.js';
import { scopeOf, type Access, type Visitor } from './access.js';
import { questionMaxBytes } from './cbor.js';
import { jsonFormMaxChars } from './forms.js';
import { largeWithinMs, smallMaxBytes, type IncomingRooms } from './incoming.js';
import { costOfParsing, sharedBy, takeTurn } from './cost.js';
import { compressAnswers } from './compress.js';
import { watchConnections, type ConnectionLimits } from './connections.js';
import { describe, type Document } from './interface/describe.js';
import { sendProblem } from './problem.js';
import { nameRequest } from './request-name.js';
import { blockRoutes } from './routes/blocks.js';
import { embeddingRoutes } from './routes/embeddings.js';
import { operatorRoutes } from './routes/operator.js';
import { mapRoutes } from './routes/map.js';
import { pythonRoutes } from './routes/python.js';
import { mcpRoutes } from './routes/mcp.js';
import { queryRoutes } from './routes/query.js';
import { readBlocksRoute } from './routes/read-blocks.js';
import { checkRoutes } from './routes/check.js';
import { healthRoutes } from './routes/health.js';
import type { Routes } from './routes/routes.js';
import { judgeVisit, type VisitorRules } from './visitors.js';
import { viewRoutes } from './routes/views.js';
import { watchRoutes } from './routes/watch.js';
import { createWaitingRoom, type WaitingRoomLimits } from './waiting-room.js';

interface TracedRequest {
  within(next: () => void): void;
  answered(status: number): void;
}

export interface HttpOptions {
  readonly routes: Routes;
  readonly log: Log;
  readonly requestMaxBytes: number;
  readonly version: string;
  readonly limits: ConnectionLimits & WaitingRoomLimits & VisitorRules;
  /** Who may do what; without it everybody may do everything but what needs the operator's token. */
  readonly access?: Access;
  /** Each answer is a span, from its headers to its last byte. */
  readonly traces?: { request(name: string, headers: IncomingMessage['headers']): TracedRequest };
  /** A connection was cut because nothing moved on it. */
  onCut?(reason: string): void;
  /** Path of the route, as it is declared, and status of each answer. */
  onAnswered?(route: string, status: number): void;
}

/** The HTTP face of a node: maps codes to statuses in one place and knows nothing of how answers are found. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { limits } = options;
  const { dear } = options.routes;
  const room = createWaitingRoom(limits);
  const app = fastify({
    // Fastify sets these times on the server that it is given.
    keepAliveTimeout: limits.idleMs,
    serverFactory: (handler) => {
      const server = createServer(
        {
          // A body takes as long as it takes; `watchConnections` looks whether it moves.
          requestTimeout: 0,
          headersTimeout: limits.headersMs,
          keepAliveTimeout: limits.idleMs,
          connectionsCheckingInterval: Math.max(100, limits.headersMs / 4),
          noDelay: true,
        },
        (request, response) => {
          try {
            nameRequest(request, response);
            if (!greet(request, response, limits)) return;
            const publishing = isPublishing(request);
            const serve = (): void => handler(request, response);
            connections.enter(request, response, !publishing, () =>
              publishing ? room.enter(request, response, serve) : serve(),
            );
          } catch (error) {
            options.log.error({ error: String(error), stack: (error as Error).stack }, 'defect');
            response.destroy();
          }
        },
      );
      const connections = watchConnections(server, limits, options.onCut);
      server.once('close', () => connections.close());
      return server;
    },
    bodyLimit: options.requestMaxBytes,
    requestIdHeader: 'x-request-id',
    routerOptions: { maxParamLength: 256 },
    forceCloseConnections: true,
    schemaController: {
      compilersFactory: {
        buildValidator: (() => checkWhenAsked) as never,
        // Schemas of answers describe them; they do not decide what is sent.
        buildSerializer: () => () => (value) => JSON.stringify(value),
      },
    },
    clientErrorHandler: refuseLine,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, 'request.malformed', error.message.slice(0, 300)),
  });
  app.setErrorHandler((error, request, reply) => sendError(error as FastifyError, request, reply, options.log));
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    options.onAnswered?.(route, reply.statusCode);
    options.log.debug(
      {
        request: request.id,
        method: request.method,
        route,
        status: reply.statusCode,
        ms: Math.ceil(reply.elapsedTime),
      },
      'answered',
    );
  });
  if (options.traces !== undefined) traceRequests(app, options.traces);
  app.addHook('preClose', async () => room.close());
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 'request.not_found', `${request.method} ${request.url.slice(0, 200)}`),
  );
  // What a route takes it says itself: a text that a web page can send without asking is taken by none.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: questionMaxBytes },
    async (request: FastifyRequest, body: string) => {
      await takeTurn(request, undefined, dear, costOfParsing(body.length));
      return readJson(body);
    },
  );
  acceptBlockBodies(app);
  compressAnswers(app);
  app.decorateRequest('visitor');
  app.decorateRequest('done', undefined);
  app.addHook('onRequest', (request, reply) => admit(request, reply, options.access));
  app.addHook('onRequest', (request, reply) => makeRoom(request, reply, options.routes.rooms));
  app.addHook('preHandler', async (request, reply) => {
    const { url, config } = request.routeOptions;
    // What watches a node is no work of it: it is never waited for.
    if (scopeOf(request.method, url) === undefined || url === '/metrics') return;
    await takeTurn(request, reply, dear, config.costMs?.(request) ?? 0);
  });
  // Who takes an answer slowly, or goes on watching, holds up nobody; one that is large is sent first.
  app.addHook('onSend', async (request, _reply, payload) => {
    const { done } = request;
    const isLarge = (typeof payload === 'string' || Buffer.isBuffer(payload)) && payload.length > LARGE_BYTES;
    if (done !== undefined && isLarge) setTimeout(done, SENT_MS).unref();
    else done?.();
    return payload;
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'CosmicEmbeddings node',
        version: options.version,
        description: 'Publish, fetch and find signed embedding blocks. What stays and what may change: docs/http.md.',
      },
    },
    transformObject: (document) => describe((document as { openapiObject: Document }).openapiObject) as never,
  });
  await app.register((scope) => blockRoutes(scope, options.routes));
  await app.register((scope) => readBlocksRoute(scope, options.routes));
  await app.register((scope) => checkRoutes(scope, options.routes));
  await app.register((scope) => queryRoutes(scope, options.routes));
  await app.register((scope) => mapRoutes(scope, options.routes));
  await app.register((scope) => embeddingRoutes(scope, options.routes));
  await app.register((scope) => viewRoutes(scope, options.routes));
  await app.register((scope) => watchRoutes(scope, options.routes));
  await app.register((scope) => mcpRoutes(scope, options.routes, options.version));
  await app.register((scope) => operatorRoutes(scope, options.routes));
  await app.register((scope) => healthRoutes(scope, options.routes));
  await app.register((scope) => pythonRoutes(scope, options.routes));
  await servePage(app);
  return app;
}

/** Whatever a body's arrival does to the context of asynchronous work: the handler runs within its request. */
function traceRequests(app: FastifyInstance, traces: NonNullable<HttpOptions['traces']>): void {
  const open = new WeakMap<FastifyRequest, TracedRequest>();
  app.addHook('onRequest', (request, reply, done) => {
    const traced = traces.request(`${request.method} ${request.routeOptions.url ?? 'none'}`, request.headers);
    open.set(request, traced);
    reply.raw.once('close', () => traced.answered(reply.statusCode));
    traced.within(done);
  });
  app.addHook('preHandler', (request, _reply, done) => open.get(request)!.within(done));
}

type RouteCheck = ReturnType<FastifySchemaCompiler<JsonSchema>>;

interface RouteSchema {
  readonly schema: JsonSchema;
  readonly httpPart?: string;
}

/** A route's schema becomes a check with the first request: most routes of a node are never asked. */
function checkWhenAsked({ schema, httpPart }: RouteSchema): RouteCheck {
  let check: ReturnType<typeof compileSchema> | undefined;
  const whenAsked: RouteCheck = (value: unknown) => {
    check ??= compileSchema(schema, httpPart === 'body' ? 'values' : 'texts');
    const isValid = check(value);
    whenAsked.errors = check.errors as never;
    return isValid;
  };
  return whenAsked;
}

/** An answer that takes a while to be sent, and how long others wait for that at most. */
const LARGE_BYTES = 256 * 1024;
const SENT_MS = 250;

/** False when the first lines of the request were answered already. */
function greet(request: IncomingMessage, response: ServerResponse, rules: VisitorRules): boolean {
  const visit = judgeVisit(request.method ?? '', request.headers, rules);
  const headers = 'refused' in visit ? safeHeaders : visit.headers;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if ('refused' in visit) {
    // What would come as its body is not read.
    response.setHeader('connection', 'close');
    endWithProblem(response, visit.refused.code, visit.refused.detail);
  } else if (visit.preflight) response.writeHead(204).end();
  else return true;
  return false;
}

export function endWithProblem(response: ServerResponse, code: Code, detail: string): void {
  const body = JSON.stringify(problemOf(code, detail));
  response.writeHead(codes[code].http, {
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(body)),
  });
  response.end(body);
}

/** Bytes that are no HTTP: said so where the line still stands, in the form of every other refusal. */
function refuseLine(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const code: Code = error.code === 'HPE_HEADER_OVERFLOW' ? 'request.too_large' : 'request.malformed';
  const body = JSON.stringify(problemOf(code, `not HTTP: ${error.message.slice(0, 100)}`));
  const { http } = codes[code];
  const head = [
    `HTTP/1.1 ${http} ${STATUS_CODES[http]}`,
    'content-type: application/problem+json',
    'connection: close',
  ];
  const headers = Object.entries(safeHeaders).map(([name, value]) => `${name}: ${value}`);
  socket.end([...head, ...headers, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
}

/** A JSON body as its value; the same that JSON.parse makes, `__proto__` a key like any other that nobody knows. */
function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    const why = (cause as Error).message.slice(0, 200);
    throw new CosmicError('request.malformed', `the body is no JSON: ${why}`, { cause });
  }
}

const EVERYBODY: Visitor = { from: 'unknown', trusted: true, isOperator: false };

/** Who asks, whether that is allowed, and not too often. */
async function admit(request: FastifyRequest, reply: FastifyReply, access: Access | undefined): Promise<unknown> {
  // Of a connection that broke off while its request waited nothing is left.
  const socket = request.raw.socket as Socket | null;
  request.visitor = access?.visitorOf(request.headers, socket?.remoteAddress) ?? EVERYBODY;
  if (access === undefined) return undefined;
  const scope = scopeOf(request.method, request.routeOptions.url);
  if (scope === undefined) return undefined;
  if (!access.may(request.visitor, scope)) throw new CosmicError('request.unauthorised', `scope ${scope}`);
  const nowMs = Date.now();
  const retryAtMs = access.spend(request.visitor, nowMs);
  if (retryAtMs === undefined) return undefined;
  return sendProblem(reply, 'request.too_many', request.visitor.from, Math.ceil((retryAtMs - nowMs) / 1000));
}

/** A body that is read as a whole takes room before it is; one that is a stream of blocks takes it block by block. */
async function makeRoom(request: FastifyRequest, reply: FastifyReply, rooms: IncomingRooms | undefined): Promise<void> {
  const { headers, routeOptions } = request;
  if (rooms === undefined || routeOptions.url === '/v2/blocks') return;
  const chunked = headers['transfer-encoding'] !== undefined;
  const bytes = chunked ? jsonFormMaxChars : Math.min(Number(headers['content-length'] ?? 0), jsonFormMaxChars);
  if (!(bytes > smallMaxBytes)) return;
  const release = await rooms.large.take(bytes, sharedBy(request.visitor));
  if (release === undefined) throw new CosmicError('node.busy', 'no room for another large request');
  // Who went away while waiting takes nothing: nobody would give it back.
  if ((request.raw.socket as Socket | null)?.destroyed !== false) return release();
  const late = setTimeout(() => request.raw.complete || request.raw.destroy(), largeWithinMs);
  reply.raw.once('close', () => {
    clearTimeout(late);
    release();
  });
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
  await app.register(serveStatic, {
    root: folder,
    prefix: '/',
    wildcard: false,
    preCompressed: true,
    // Each file is a route, and costs a start. What compiling left beside the page is none of it; compressed forms are found by the name of the plain one.
    globIgnore: ['types/**', '**/*.{br,gz,tsbuildinfo}'],
  });
  app.get('/docs', { schema: { hide: true } }, (_request, reply) => reply.sendFile('docs.html'));
  // The page makes vectors by itself; what it needs for that stands in the SDK already.
  const model = createRequire(import.meta.url).resolve('@cosmicembeddings/sdk/assets/english-1.bin');
  app.get('/assets/english-1.bin', { schema: { hide: true } }, (_request, reply) =>
    reply.sendFile(basename(model), dirname(model), { maxAge: '1d' }),
  );
}

/** As it was built beside this workspace, or as the package brings it along. */
function pageFolder(): string | undefined {
  return ['../web-ui/dist', 'page']
    .map((path) => join(packageFolder, path))
    .find((folder) => existsSync(join(folder, 'index.html')));
}

function takenBy({ routeOptions, headers }: FastifyRequest): string {
  const { consumes = ['application/json'] } = (routeOptions.schema ?? {}) as { consumes?: readonly string[] };
  return `${JSON.stringify(headers['content-type'] ?? '').slice(0, 100)}; send ${consumes.join(' or ')}`;
}

function sendError(error: FastifyError, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  if (error instanceof CosmicError) {
    if (codes[error.code].fault === 'node')
      log.warn({ request: request.id, code: error.code, detail: error.detail }, 'request failed');
    return sendProblem(reply, error.code, error.detail);
  }
  // Nobody is left to read it; it is the sender's doing all the same.
  if (error.code === 'ECONNRESET' && request.raw.destroyed)
    return sendProblem(reply, 'request.malformed', 'the body broke off');
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return sendProblem(reply, 'request.too_large', error.message);
  const unknown = error.validation?.[0]?.params['additionalProperty'];
  if (typeof unknown === 'string')
    return sendProblem(reply, 'request.malformed', `${error.validationContext ?? 'request'}: unknown field ${unknown}`);
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return sendProblem(reply, 'request.unsupported_type', takenBy(request));
  if (error.statusCode !== undefined && error.statusCode < 500)
    return sendProblem(reply, 'request.malformed', error.message);
  log.error(
    { request: request.id, route: request.routeOptions.url, error: error.message, stack: error.stack },
    'defect',
  );
  return sendProblem(reply, 'node.internal', `request ${request.id}`);
}
