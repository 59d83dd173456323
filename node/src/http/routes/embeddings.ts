import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { codes, CosmicError, problemOf, type Code, type Embedder } from '@cosmicembeddings/sdk';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { FairQueue } from '../../fair-queue.js';
import { sharedBy } from '../cost.js';
import type { Routes } from './routes.js';

/** Texts of one request, and what a stranger may have embedded in one, in texts and characters. */
const TEXTS_MAX = 2048;
const STRANGERS_TEXTS = 64;
const STRANGERS_CHARS = 64 * 1024;
/** Texts that are embedded before others have their turn. */
const SLICE = 16;
/** Requests that are embedded one after another; one more is refused. */
const WAITING_MAX = 16;
/** Of one address or key. */
const WAITING_EACH = 4;

interface Wanted {
  readonly input: string | readonly string[];
  readonly model?: string;
  readonly encoding_format?: 'float' | 'base64';
  readonly dimensions?: number;
  readonly input_type?: 'query' | 'passage';
}

const wanted = {
  type: 'object',
  required: ['input'],
  additionalProperties: false,
  properties: {
    input: {
      description: 'a text, or up to 2,048; no tokens',
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', minItems: 1, maxItems: TEXTS_MAX, items: { type: 'string', minLength: 1 } },
      ],
    },
    model: { type: 'string', maxLength: 512, description: 'id of a space, or name of its model; default: the first' },
    encoding_format: { type: 'string', enum: ['float', 'base64'], default: 'float' },
    dimensions: { type: 'integer', minimum: 1, description: 'those that the space has, or none' },
    input_type: { type: 'string', enum: ['query', 'passage'], default: 'passage', description: 'which prefix applies' },
    user: { type: 'string', maxLength: 512 },
  },
} as const;

/** The shape of OpenAI's interface for the embedders of this node, so that its clients work here; refusals carry both forms. */
export function embeddingRoutes(app: FastifyInstance, { embedders }: Routes): void {
  app.setErrorHandler((error, _request, reply) => refuse(error as Error, reply));
  const waiting = new FairQueue<() => Promise<void>>(WAITING_MAX, WAITING_EACH);
  let isBusy = false;
  const next = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await one();
    isBusy = false;
  };
  app.get('/v1/models', { schema: { summary: 'Spaces that this node embeds into' } }, async (request) => ({
    object: 'list',
    data: (await offered(request)).map(({ space }) => ({
      id: spaceIdOf(space),
      object: 'model',
      created: 0,
      owned_by: space.model,
      space,
    })),
  }));
  app.post<{ Body: Wanted }>(
    '/v1/embeddings',
    { schema: { summary: 'Vectors of texts, in the shape of OpenAI’s interface', body: wanted } },
    async (request, reply) => {
      const { input, model, encoding_format: format, dimensions, input_type: role = 'passage' } = request.body;
      const texts = typeof input === 'string' ? [input] : input;
      const isStranger = !request.visitor.trusted && request.visitor.key === undefined;
      if (isStranger && (texts.length > STRANGERS_TEXTS || lengthOf(texts) > STRANGERS_CHARS))
        throw new CosmicError(
          'request.too_large',
          `at most ${STRANGERS_TEXTS} texts of ${STRANGERS_CHARS} characters together without a key`,
        );
      const embedder = pick(await offered(request), model);
      if (dimensions !== undefined && dimensions !== embedder.space.dims)
        throw new CosmicError('request.malformed', `dimensions: this space has ${embedder.space.dims}`);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort(new CosmicError('node.stopping', 'nobody waits any more')));
      const { vectors, tokens } = await new Promise<Awaited<ReturnType<typeof embedAll>>>((resolve, reject) => {
        const mine = (): Promise<void> => embedAll(embedder, texts, role, gone.signal).then(resolve, reject);
        if (!waiting.push(mine, sharedBy(request.visitor)))
          return reject(new CosmicError('node.busy', `${waiting.size} requests wait to be embedded`));
        void next();
      });
      const used = { prompt_tokens: tokens, total_tokens: tokens };
      const data = vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: format === 'base64' ? base64Of(vector) : Array.from(vector),
      }));
      return { object: 'list', data, model: spaceIdOf(embedder.space), usage: used };
    },
  );

  /** What costs the operator money at a service is for those whom the operator knows. */
  function offered({ visitor }: FastifyRequest): Promise<Embedder[]> {
    return visitor.trusted || visitor.key !== undefined ? embedders.ready() : embedders.own();
  }
}

function pick(offered: readonly Embedder[], model: string | undefined): Embedder {
  const found =
    model === undefined ? offered[0] : offered.find(({ space }) => [spaceIdOf(space), space.model].includes(model));
  if (found === undefined)
    throw new CosmicError(
      'search.no_embedder',
      `${model ?? 'none'}; here are ${offered.map(({ space }) => space.model).join(', ') || 'none'}`,
    );
  return found;
}

async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
  role: 'query' | 'passage',
  signal: AbortSignal,
): Promise<{ readonly vectors: readonly Float32Array[]; readonly tokens: number }> {
  const vectors: Float32Array[] = [];
  let tokens = 0;
  for (let from = 0; from < texts.length; from += SLICE) {
    signal.throwIfAborted();
    const done = await embedder.embed(texts.slice(from, from + SLICE), { role, signal });
    vectors.push(...done.vectors);
    for (const count of done.tokens) tokens += count ?? 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { vectors, tokens };
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/** Little-endian float32 numbers, as OpenAI's clients read them. */
function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length);
  vector.forEach((number, i) => bytes.writeFloatLE(number, 4 * i));
  return bytes.toString('base64');
}

/** A problem object that OpenAI's clients find their `error` in. */
function refuse(error: Error & { readonly statusCode?: number }, reply: FastifyReply): FastifyReply {
  const code: Code | undefined =
    error instanceof CosmicError ? error.code : (error.statusCode ?? 500) < 500 ? 'request.malformed' : undefined;
  if (code === undefined) throw error;
  const detail = error instanceof CosmicError ? error.detail : error.message;
  const problem = problemOf(code, detail);
  if (codes[code].retry) void reply.header('retry-after', '1');
  return reply
    .code(codes[code].http)
    .type('application/problem+json')
    .send({
      ...problem,
      error: { message: `${detail} ${problem.advice}`, type: codes[code].fault, param: null, code },
    });
}
