import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { codes, CosmicError, nextBlock, problemOf, rejected, toJson, wireMaxBytes, type Accepted, type Rejected } from '@cosmicembeddings/sdk';
import { wireOfJson } from '@cosmicembeddings/sdk/archive';
import { sendProblem } from '../problem.js';
import type { Routes } from './routes.js';

/** Blocks of one request that are judged at a time: enough for full batches, little memory. */
const WINDOW = 256;

interface PublishQuery {
  readonly wait?: 'durable' | 'indexed';
}

interface ListQuery {
  readonly space?: readonly string[];
  readonly author?: readonly string[];
  readonly kind?: readonly string[];
  readonly tag?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly after?: string;
  readonly order?: 'newest' | 'oldest';
}

const texts = { type: 'array', items: { type: 'string' } } as const;

export function blockRoutes(app: FastifyInstance, routes: Routes): void {
  app.post<{ Querystring: PublishQuery }>(
    '/v2/blocks',
    {
      schema: {
        summary: 'Publish blocks: a CBOR sequence, or JSON Lines of JSON forms; each is judged on its own, in order',
        consumes: ['application/cbor-seq', 'application/x-ndjson'],
        querystring: { type: 'object', additionalProperties: false, properties: { wait: { type: 'string', enum: ['durable', 'indexed'], default: 'durable' } } },
      },
    },
    (request, reply) => publish(request, reply, routes),
  );
  app.get<{ Params: { id: string }; Querystring: { vectors?: 'base64' | 'json' | 'none' } }>(
    '/v2/blocks/:id',
    {
      schema: {
        summary: 'One block: its signed bytes, or its JSON form',
        produces: ['application/cbor-seq', 'application/json'],
        querystring: { type: 'object', additionalProperties: false, properties: { vectors: { type: 'string', enum: ['base64', 'json', 'none'] } } },
      },
    },
    (request, reply) => fetchBlock(request, reply, routes),
  );
  app.get<{ Params: { id: string }; Querystring: { limit?: number } }>(
    '/v2/blocks/:id/related',
    { schema: { summary: 'Linked and near blocks, each with the reason', querystring: { type: 'object', additionalProperties: false, properties: { limit: { type: 'integer', minimum: 1, maximum: 100, default: 10 } } } } },
    async (request) => routes.related(request.params.id, request.query.limit ?? 10),
  );
  app.get<{ Querystring: ListQuery }>(
    '/v2/blocks',
    {
      schema: {
        summary: 'Ids of blocks that pass a filter, newest first',
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            space: texts,
            author: texts,
            kind: texts,
            tag: texts,
            from: { type: 'integer' },
            to: { type: 'integer' },
            limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
            after: { type: 'string' },
            order: { type: 'string', enum: ['newest', 'oldest'], default: 'newest' },
          },
        },
      },
    },
    async ({ query }) =>
      routes.api.find(
        {
          ...(query.space === undefined ? {} : { spaces: query.space }),
          ...(query.author === undefined ? {} : { authors: query.author }),
          ...(query.kind === undefined ? {} : { kinds: query.kind }),
          ...(query.tag === undefined ? {} : { tagsAll: query.tag }),
          ...(query.from === undefined ? {} : { fromMs: query.from }),
          ...(query.to === undefined ? {} : { toMs: query.to }),
        },
        { limit: query.limit ?? 100, order: query.order ?? 'newest', ...(query.after === undefined ? {} : { after: query.after }) },
      ),
  );
}

async function publish(request: FastifyRequest<{ Querystring: PublishQuery }>, reply: FastifyReply, routes: Routes): Promise<FastifyReply> {
  const body = request.body;
  if (!(body instanceof Readable)) throw new CosmicError('request.malformed', 'send application/cbor-seq or application/x-ndjson');
  const lines = /ndjson|jsonl/.test(request.headers['content-type'] ?? '');
  const items = lines ? jsonBlocks(body) : cborBlocks(body);
  const answers = judgeInOrder(items, routes, request.query.wait ?? 'durable');
  const first = await answers.next();
  if (first.done === true) throw new CosmicError('request.malformed', 'no block in the request');
  const second = await answers.next();
  if (second.done === true) return answerOne(reply, first.value);
  async function* document(): AsyncGenerator<string> {
    yield `{"results":[${JSON.stringify(first.value)},${JSON.stringify(second.value)}`;
    for await (const answer of answers) yield `,${JSON.stringify(answer)}`;
    yield ']}';
  }
  return reply.code(200).type('application/json').send(Readable.from(document()));
}

function answerOne(reply: FastifyReply, answer: Accepted): FastifyReply {
  if (answer.status === 'stored') return reply.code(201).send({ results: [answer] });
  if (answer.status === 'known') return reply.code(200).send({ results: [answer] });
  const code = answer.status === 'later' ? 'block.in_future' : answer.code;
  const detail = answer.status === 'later' ? `retry at ${answer.retryAtMs}` : answer.detail;
  if (codes[code].retry) void reply.header('retry-after', answer.status === 'later' ? String(Math.max(1, Math.ceil((answer.retryAtMs - Date.now()) / 1000))) : '1');
  return reply.code(codes[code].http).type('application/problem+json').send({ ...problemOf(code, detail), results: [answer] });
}

/** Keeps up to WINDOW blocks under way and answers in order; a full node slows the sender down instead of failing it. */
async function* judgeInOrder(items: AsyncIterable<Uint8Array | Rejected>, routes: Routes, wait: 'durable' | 'indexed'): AsyncGenerator<Accepted> {
  const window: Promise<Accepted>[] = [];
  let lastSeq = 0;
  const settle = async (): Promise<Accepted> => {
    const answer = await window.shift()!;
    if (answer.status === 'stored') lastSeq = Math.max(lastSeq, answer.seq);
    if (wait === 'indexed' && window.length === 0 && lastSeq > 0) await routes.waitIndexed(lastSeq);
    return answer;
  };
  for await (const item of items) {
    window.push(item instanceof Uint8Array ? routes.accept(item, { type: 'http' }) : Promise.resolve(item));
    if (window.length >= WINDOW) yield await settle();
  }
  while (window.length > 0) yield await settle();
}

/** The blocks of a CBOR sequence as they arrive; a framing fault is the last item. */
async function* cborBlocks(stream: Readable): AsyncGenerator<Uint8Array | Rejected> {
  let buffer: Uint8Array = new Uint8Array(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    for (;;) {
      const next = buffer.length === 0 ? { status: 'more' as const } : nextBlock(buffer);
      if (next.status === 'more') break;
      if (next.status === 'rejected') return void (yield next);
      yield buffer.subarray(0, next.end);
      buffer = buffer.subarray(next.end);
    }
  }
  if (buffer.length > 0) yield rejected('block.malformed', 'input ends inside a block');
}

/** JSON forms, one a line. A line that is none is refused by itself; the next line is read. */
async function* jsonBlocks(stream: Readable): AsyncGenerator<Uint8Array | Rejected> {
  let rest = '';
  const decoder = new TextDecoder('utf-8', { fatal: false });
  const lineMax = wireMaxBytes * 8;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    if (rest.length > lineMax) return void (yield rejected('block.too_large', `a line of more than ${lineMax} characters`));
    for (const line of lines) if (line.trim() !== '') yield wireOfJson(line);
  }
  if (rest.trim() !== '') yield wireOfJson(rest);
}

async function fetchBlock(request: FastifyRequest<{ Params: { id: string }; Querystring: { vectors?: 'base64' | 'json' | 'none' } }>, reply: FastifyReply, routes: Routes): Promise<FastifyReply> {
  const view = await routes.api.get(request.params.id);
  if (view === undefined) return sendProblem(reply, 'block.not_found', request.params.id.slice(0, 100));
  void reply.header('cosmic-seq', String(view.seq)).header('cosmic-first-seen', String(view.firstSeenMs)).header('vary', 'accept');
  const wantsJson = request.query.vectors !== undefined || (request.headers.accept ?? '').includes('application/json');
  if (wantsJson) return reply.type('application/json').send(toJson(view.wire, { vectors: request.query.vectors ?? 'json' }));
  return reply.type('application/cbor-seq').send(Buffer.from(view.wire));
}
