import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { pluginInfo, viewInfo, type QuestionInfo } from '@cosmicembeddings/sdk/api';
import type { JsonSchema } from '@cosmicembeddings/sdk/schema';
import { sharedBy } from '../cost.js';
import { createWatches, type Watches } from '../watch.js';
import type { Routes } from './routes.js';

const open = { type: 'object', additionalProperties: true } as const;
const named = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string' } },
  additionalProperties: true,
};

const plugins = {
  type: 'object',
  required: ['plugins'],
  properties: {
    plugins: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'kinds', 'views', 'commands', 'panels'],
        properties: {
          name: { type: 'string' },
          kinds: {
            type: 'array',
            items: {
              type: 'object',
              required: ['name', 'maxBytes', 'schema'],
              properties: {
                name: { type: 'string' },
                describe: { type: 'string' },
                maxBytes: { type: 'integer' },
                schema: { ...open, description: 'JSON Schema 2020-12 of the kind’s own fields, in DAG-JSON' },
                refs: { type: 'array', items: open },
                links: { type: 'array', items: open },
              },
            },
          },
          views: {
            type: 'array',
            items: {
              type: 'object',
              required: ['name', 'version', 'questions'],
              properties: {
                name: { type: 'string' },
                version: { type: 'integer' },
                describe: { type: 'string' },
                questions: {
                  type: 'array',
                  items: {
                    type: 'object',
                    required: ['name', 'describe', 'params', 'answer'],
                    properties: {
                      name: { type: 'string' },
                      describe: { type: 'string' },
                      params: open,
                      answer: open,
                      example: open,
                      page: { const: true },
                    },
                  },
                },
              },
            },
          },
          commands: { type: 'array', items: named },
          panels: { type: 'array', items: named },
        },
      },
    },
  },
} as const;

export const verdictSchema = {
  type: 'object',
  required: ['view', 'says', 'why'],
  properties: {
    view: { type: 'string', description: 'name of the view that says so' },
    says: { type: 'string', description: 'in a word or two' },
    why: { type: 'string' },
    by: { type: 'array', items: { type: 'string' }, description: 'blocks on which it rests' },
    local: { const: true, description: 'it rests on when this node first saw something' },
  },
} as const;

const verdicts = {
  type: 'object',
  required: ['verdicts'],
  properties: { verdicts: { type: 'array', items: verdictSchema } },
} as const;

/** Kinds and views of all plug-ins, from their own schemas. */
export function viewRoutes(app: FastifyInstance, routes: Routes): void {
  const { api, registry } = routes;
  const watches = createWatches();
  app.addHook('preClose', async () => watches.close());
  app.get(
    '/v2/plugins',
    {
      schema: {
        summary: 'Kinds, views, commands and panels of this node’s plug-ins, with their schemas',
        response: { 200: { description: 'All plug-ins', ...plugins } },
      },
    },
    () => ({ plugins: registry.plugins.map(pluginInfo) }),
  );
  app.get<{ Params: { id: string } }>(
    '/v2/blocks/:id/verdicts',
    {
      schema: {
        summary: 'What views say of a block: withdrawn, superseded, …',
        response: { 200: { description: 'Of the views that have something to say', ...verdicts } },
      },
    },
    async ({ params }) => ({ verdicts: await api.verdicts(params.id) }),
  );
  for (const view of registry.views)
    for (const question of viewInfo(view).questions) questionRoute(app, routes, watches, view.name, question);
  // What no view here answers: the refusal names what there is.
  app.get<{ Params: { name: string; question: string } }>(
    '/v2/views/:name/:question',
    { schema: { hide: true } },
    ({ params }) => api.view(params.name, params.question, {}),
  );
}

function questionRoute(
  app: FastifyInstance,
  routes: Routes,
  watches: Watches,
  view: string,
  { name, describe, params, answer, example }: QuestionInfo,
): void {
  app.get<{ Querystring: Record<string, unknown> }>(
    `/v2/views/${view}/${name}`,
    {
      schema: {
        summary: describe,
        tags: ['views'],
        produces: ['application/json', 'text/event-stream'],
        querystring: withScope(params),
        response: {
          200: {
            description: 'As of the cursor; as text/event-stream again whenever it changes',
            ...answerOf(answer, example),
          },
        },
      },
    },
    (request, reply) => answerQuestion(request, reply, routes, watches, view, name),
  );
}

/** `at`: of some views, only the blocks of one scope. */
function withScope(params: JsonSchema): JsonSchema {
  const properties = (params['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const at = { type: 'string', description: 'only blocks of this scope, where the view knows scopes' };
  return { ...params, properties: { ...properties, ...(Object.hasOwn(properties, 'at') ? {} : { at }) } };
}

function answerOf(result: JsonSchema, example: unknown): JsonSchema {
  const whole = { result: example, cursor: { epoch: 'd39807737ca0428e4924d9f8', seq: 2 }, missing: [] };
  return {
    type: 'object',
    ...(example === undefined ? {} : { examples: [whole] }),
    required: ['result', 'cursor', 'missing'],
    properties: {
      result,
      cursor: {
        type: 'object',
        required: ['epoch', 'seq'],
        properties: { epoch: { type: 'string' }, seq: { type: 'integer' } },
      },
      missing: {
        type: 'array',
        items: { type: 'string' },
        description: 'blocks that would be needed and are not here',
      },
      local: { const: true, description: 'it rests on when this node first saw something' },
    },
  };
}

async function answerQuestion(
  request: FastifyRequest<{ Querystring: Record<string, unknown> }>,
  reply: FastifyReply,
  routes: Routes,
  watches: Watches,
  view: string,
  name: string,
): Promise<unknown> {
  const { at, ...params } = request.query;
  if ((request.headers.accept ?? '').includes('text/event-stream'))
    return watches.send(
      reply,
      (signal) => routes.watchView(view, name, params, signal, sharedBy(request.visitor)),
      (answer) => `id: ${answer.cursor.epoch}.${answer.cursor.seq}\ndata: ${JSON.stringify(answer)}\n\n`,
      sharedBy(request.visitor),
    );
  return routes.askView(view, name, params, at as string | undefined, sharedBy(request.visitor));
}
