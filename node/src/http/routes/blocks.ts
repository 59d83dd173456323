import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  codes,
  CosmicError,
  problemOf,
  rejected,
  type Accepted,
  type Rejected,
  type SignedBlock,
  type Source,
} from '@cosmicembeddings/sdk';
import {
  filterOfTexts,
  filterSchema,
  filterTexts,
  pageFields,
  type Filter,
  type Page,
} from '@cosmicembeddings/sdk/filter';
import { sourceOf, type Visitor } from '../access.js';
import { isKnown, tagOf, vary } from '../conditional.js';
import { smallMs } from '../dear.js';
import { costOfForm, costOfJudging, costOfList, isText, sharedBy, takeTurn } from '../cost.js';
import type { VectorForm } from '../forms-worker.js';
import { jsonFormMaxChars, numbersMaxBytes } from '../forms.js';
import { cborBlocks, jsonBlocks, roomsFor, type Incoming } from '../incoming.js';
import { sendProblem } from '../problem.js';
import type { Routes } from './routes.js';

/** Blocks of one request under way at a time: while some hundreds are being written, the next are being checked. */
const WINDOW = 1536;

/** How long a block of a stream waits for room, and how often it asks. */
const PATIENCE_MS = 30_000;
const BUSY_PAUSE_MS = 20;

/** Of one related block: it is searched for, and read. */
const RELATED_MS = 0.5;

interface PublishQuery {
  readonly wait?: string;
}

export function blockRoutes(app: FastifyInstance, routes: Routes): void {
  app.post<{ Querystring: PublishQuery }>(
    '/v2/blocks',
    {
      schema: {
        summary: 'Publish blocks: a CBOR sequence, or JSON Lines of JSON forms; each is judged on its own, in order',
        consumes: ['application/cbor-seq', 'application/x-ndjson'],
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            wait: {
              type: 'string',
              maxLength: 64,
              default: 'durable',
              description: 'durable; indexed: found by every search; or the name of a follower in the status',
            },
          },
        },
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
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: { vectors: { type: 'string', enum: ['base64', 'json', 'none'] } },
        },
      },
    },
    (request, reply) => fetchBlock(request, reply, routes),
  );
  app.get<{ Params: { id: string }; Querystring: { limit?: number } }>(
    '/v2/blocks/:id/related',
    {
      config: { costMs: ({ query }) => RELATED_MS * ((query as { limit?: number }).limit ?? 10) },
      schema: {
        summary: 'Linked and near blocks, each with the reason',
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: { limit: { type: 'integer', minimum: 1, maximum: 100, default: 10 } },
        },
      },
    },
    async (request) => routes.related(request.params.id, request.query.limit ?? 10),
  );
  app.get<{ Querystring: Readonly<Record<string, unknown>> & Page }>(
    '/v2/blocks',
    {
      config: {
        costMs: ({ query }) =>
          costOfList(filterOfTexts(query as Readonly<Record<string, unknown>>), (query as Page).limit),
      },
      schema: {
        summary: 'Ids of blocks that pass a filter, newest first',
        querystring: { type: 'object', additionalProperties: false, properties: { ...filterTexts, ...pageFields } },
        response: { 200: foundIds },
      },
    },
    async ({ query }) => routes.api.find(filterOfTexts(query), pageOf(query)),
  );
  app.post<{ Body: Page & { readonly filter?: Filter } }>(
    '/v2/blocks/find',
    {
      config: {
        costMs: ({ body }) => {
          const { filter, limit } = body as Page & { readonly filter?: Filter };
          return costOfList(filter, limit);
        },
      },
      schema: {
        summary: 'The same for a filter of any size, as JSON',
        body: {
          type: 'object',
          additionalProperties: false,
          properties: { filter: filterSchema, ...pageFields },
        },
        response: { 200: foundIds },
      },
    },
    async ({ body }) => routes.api.find(body.filter ?? {}, pageOf(body)),
  );
}

const foundIds = {
  description: 'Ids in order; `next` where there are more',
  type: 'object',
  required: ['ids'],
  properties: { ids: { type: 'array', items: { type: 'string' } }, next: { type: 'string' } },
} as const;

function pageOf({ limit, after, order, hidden }: Page): Page {
  return {
    limit,
    ...(order === undefined ? {} : { order }),
    ...(after === undefined ? {} : { after }),
    ...(hidden === undefined ? {} : { hidden }),
  };
}

async function publish(
  request: FastifyRequest<{ Querystring: PublishQuery }>,
  reply: FastifyReply,
  routes: Routes,
): Promise<FastifyReply> {
  const body = request.body;
  if (!(body instanceof Readable))
    throw new CosmicError('request.malformed', 'send application/cbor-seq or application/x-ndjson');
  const lines = /ndjson|jsonl/.test(request.headers['content-type'] ?? '');
  const { forms } = routes;
  const who = sharedBy(request.visitor);
  const rooms = roomsFor(routes.rooms, who);
  const read = async (line: string): Promise<Uint8Array | Rejected> => {
    const done = await turnFor(costOfJudging(line.length, true), who, routes);
    return typeof done === 'function' ? forms.fromJson(line).finally(done) : done;
  };
  const items = lines ? jsonBlocks(body, rooms, read, jsonFormMaxChars) : cborBlocks(body, rooms);
  const streamed = request.headers['content-length'] === undefined;
  const { wait = 'durable' } = request.query;
  const waits = ['durable', 'indexed', ...routes.followers()];
  if (!waits.includes(wait)) throw new CosmicError('request.malformed', `wait: give one of ${waits.join(', ')}`);
  const answers = judgeInOrder(items, request.visitor, routes, wait, streamed);
  const first: Accepted[] = [];
  while (first.length < 2) {
    const next = await answers.next();
    if (next.done === true) break;
    first.push(...next.value);
  }
  if (first.length === 0) throw new CosmicError('request.malformed', 'no block in the request');
  if (first.length === 1) return answerOne(reply, first[0]!);
  async function* document(): AsyncGenerator<string> {
    yield `{"results":[${textOf(first)}`;
    for await (const more of answers) yield `,${textOf(more)}`;
    yield ']}';
  }
  return reply.code(200).type('application/json').send(Readable.from(document()));
}

const textOf = (answers: readonly Accepted[]): string => answers.map((answer) => JSON.stringify(answer)).join(',');

function answerOne(reply: FastifyReply, answer: Accepted): FastifyReply {
  if (answer.status === 'stored') return reply.code(201).send({ results: [answer] });
  if (answer.status === 'known') return reply.code(200).send({ results: [answer] });
  const code = answer.status === 'later' ? 'block.in_future' : answer.code;
  const detail = answer.status === 'later' ? `retry at ${answer.retryAtMs}` : answer.detail;
  if (codes[code].retry) void reply.header('retry-after', secondsUntil(answer.retryAtMs));
  return reply
    .code(codes[code].http)
    .type('application/problem+json')
    .send({ ...problemOf(code, detail), results: [answer] });
}

export function secondsUntil(retryAtMs: number | undefined): string {
  return String(retryAtMs === undefined ? 1 : Math.max(1, Math.ceil((retryAtMs - Date.now()) / 1000)));
}

/** A block under way, and its answer as soon as it is there. */
interface UnderWay {
  /** Resolves either way. */
  readonly done: Promise<void>;
  answer?: Accepted;
  fault?: { readonly thrown: unknown };
}

function begin(judging: Promise<Accepted>, release: () => void): UnderWay {
  const one: UnderWay = {
    done: judging.then(
      (answer) => {
        one.answer = answer;
        release();
      },
      (thrown: unknown) => {
        one.fault = { thrown };
        release();
      },
    ),
  };
  return one;
}

/**
 * Keeps up to WINDOW blocks under way and answers in order, with all that is settled at a time; a full node slows the
 * sender down instead of failing it.
 */
async function* judgeInOrder(
  items: AsyncIterable<readonly Incoming[]>,
  visitor: Visitor,
  routes: Routes,
  wait: string,
  streamed: boolean,
): AsyncGenerator<readonly Accepted[]> {
  const window: UnderWay[] = [];
  const source = sourceOf(visitor);
  const who = sharedBy(visitor);
  let lastSeq = 0;
  // A block that comes alone is refused at once when the node is full: its sender decides when to come again.
  let patient = streamed;
  const settle = async (): Promise<readonly Accepted[]> => {
    const first = window[0]!;
    await first.done;
    if (first.fault !== undefined) throw first.fault.thrown;
    let settled = 1;
    while (window[settled]?.answer !== undefined) settled++;
    const answers = window.splice(0, settled).map(({ answer }) => answer!);
    for (const answer of answers) if (answer.status === 'stored') lastSeq = Math.max(lastSeq, answer.seq);
    if (wait !== 'durable' && window.length === 0 && lastSeq > 0) await routes.waitFor(wait, lastSeq);
    return answers;
  };
  for await (const some of items) {
    for (const { item, release } of some) {
      const judging =
        item instanceof Uint8Array ? acceptOnce(item, source, who, routes, patient) : Promise.resolve(item);
      patient = true;
      window.push(begin(judging, release));
    }
    while (window.length >= WINDOW) yield await settle();
  }
  while (window.length > 0) yield await settle();
}

/** A large block has its turn first. */
function acceptOnce(
  wire: Uint8Array,
  source: Source,
  who: string,
  routes: Routes,
  patient: boolean,
): Promise<Accepted> {
  const costMs = costOfJudging(wire.length, isText(wire));
  if (costMs >= smallMs) return acceptInTurn(wire, source, who, routes, patient, costMs);
  void routes.dear.enter(costMs, who);
  return acceptSoon(wire, source, routes, patient);
}

async function acceptInTurn(
  wire: Uint8Array,
  source: Source,
  who: string,
  routes: Routes,
  patient: boolean,
  costMs: number,
): Promise<Accepted> {
  const done = await turnFor(costMs, who, routes);
  return typeof done === 'function' ? acceptSoon(wire, source, routes, patient).finally(done) : done;
}

/** A refusal is the answer for one block, not for the stream in which it came. */
async function turnFor(costMs: number, who: string, { dear }: Routes): Promise<(() => void) | Rejected> {
  try {
    return await dear.enter(costMs, who);
  } catch (error) {
    if (error instanceof CosmicError) return rejected(error.code, error.detail);
    throw error;
  }
}

/** Tries again for a while when the node is full, if `patient`: the window fills meanwhile, and no more is read. */
async function acceptSoon(wire: Uint8Array, source: Source, routes: Routes, patient: boolean): Promise<Accepted> {
  for (let tries = 0; ; tries++) {
    const answer = await routes.accept(wire, source);
    const isBusy = answer.status === 'rejected' && answer.code === 'node.busy';
    if (!isBusy || !patient || tries * BUSY_PAUSE_MS >= PATIENCE_MS) return answer;
    await sleep(BUSY_PAUSE_MS);
  }
}

/** Vectors as numbers where that is no great matter, else as base64: both say the same. */
function formOf(bytes: number): 'json' | 'base64' {
  return bytes <= numbersMaxBytes ? 'json' : 'base64';
}

async function fetchBlock(
  request: FastifyRequest<{ Params: { id: string }; Querystring: { vectors?: 'base64' | 'json' | 'none' } }>,
  reply: FastifyReply,
  routes: Routes,
): Promise<FastifyReply> {
  const accept = request.headers.accept ?? '';
  const wantsJson = request.query.vectors !== undefined || accept.includes('application/json');
  const bytes = routes.bytesOf(request.params.id);
  const cost = costOfForm(bytes, wantsJson ? (request.query.vectors ?? formOf(bytes)) : 'cbor');
  await takeTurn(request, reply, routes.dear, cost);
  const view = await routes.api.get(request.params.id);
  if (view === undefined) return sendProblem(reply, 'block.not_found', request.params.id.slice(0, 100));
  const form = wantsJson ? (request.query.vectors ?? formOf(view.wire.length)) : 'cbor';
  const tag = tagOf(view.wire, form);
  vary(reply, 'accept')
    .header('cosmic-seq', String(view.seq))
    .header('cosmic-first-seen', String(view.firstSeenMs))
    .header(
      'cache-control',
      (view.erased ?? view.headerOnly) ? 'no-cache' : routes.readsAreOpen ? KEPT : KEPT_BY_READER,
    );
  if (view.erased !== undefined) return answerErased(reply, view, form, accept, routes);
  void reply.header('etag', tag);
  if (isKnown(request, tag)) return reply.code(304).send();
  if (form === 'cbor') return reply.type('application/cbor-seq').send(Buffer.from(view.wire));
  return reply.type('application/json').send(await routes.forms.toJson(view.wire, form));
}

/** The bytes under an id never change. Whoever stands between asks once a day, so that an erasure reaches them. */
const KEPT = 'public, max-age=31536000, s-maxage=86400, immutable';
const KEPT_BY_READER = 'private, max-age=31536000, immutable';

/** 410; what is left of the block, its signed header, for whoever asked for blocks, else inside the problem object. */
async function answerErased(
  reply: FastifyReply,
  { id, wire, erased = 'takedown' }: SignedBlock,
  form: 'cbor' | VectorForm,
  accept: string,
  { forms }: Routes,
): Promise<FastifyReply> {
  void reply.code(410).header('cosmic-erased', erased);
  if (form === 'cbor' && accept.includes('application/cbor-seq'))
    return reply.type('application/cbor-seq').send(Buffer.from(wire));
  const block: unknown = JSON.parse(await forms.toJson(wire, 'none'));
  return reply
    .type('application/problem+json')
    .send({ ...problemOf('policy.erased', `${id}: ${erased}`), erased, block });
}
