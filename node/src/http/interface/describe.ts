import * as examples from './examples.js';
import { operations, type Answer } from './operations.js';
import { ref, schemas } from './schemas.js';

/** As much of an OpenAPI 3.1 document as is touched here. */
export interface Document {
  paths?: Record<string, Record<string, Described> | undefined>;
  components?: Record<string, unknown>;
  [key: string]: unknown;
}
interface Described {
  tags?: readonly string[];
  operationId?: string;
  security?: readonly unknown[];
  requestBody?: { content: Record<string, Media>; [key: string]: unknown };
  responses?: Record<string, { content?: Record<string, Media>; [key: string]: unknown }>;
}
interface Media {
  schema?: unknown;
  example?: unknown;
}

const TAGS = {
  blocks: 'Publish, fetch and list signed blocks',
  search: 'Find passages by meaning and by words',
  views: 'What plug-ins say of blocks',
  operators: 'Peers and erasure: with the token of the data folder',
  machines: 'For whoever watches the node',
} as const;

/** What the routes said themselves has its example here. */
const FOUND: Readonly<Record<string, unknown>> = {
  'GET /v2/blocks': examples.found,
  'GET /v2/plugins': examples.plugins,
  'POST /v2/blocks/find': examples.found,
  'POST /v2/check': examples.checked,
  'GET /v2/blocks/{id}/verdicts': examples.verdicts,
};

const refusal = {
  description: 'A refusal; with Retry-After where time helps',
  content: { 'application/problem+json': { schema: ref('Problem') } },
};

/** Completes what the routes declare: answers, examples, refusals, who may, and names for makers of clients. */
export function describe(document: Document): Document {
  for (const [path, methods] of Object.entries(document.paths ?? {}))
    for (const [method, operation] of Object.entries(methods ?? {}))
      complete(`${method.toUpperCase()} ${path}`, operation);
  return {
    ...document,
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    components: {
      ...document.components,
      schemas,
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'the operator’s token or an API key' } },
    },
  };
}

function complete(name: string, operation: Described): void {
  const known = operations[name];
  const [method = '', path = ''] = name.split(' ');
  operation.tags = [known?.tag ?? 'views'];
  operation.operationId = [method.toLowerCase(), ...path.split(/[^A-Za-z0-9]+/)]
    .filter((part) => part !== '')
    .join('_');
  const own = Object.entries(operation.responses ?? {}).filter(([, { content }]) => content !== undefined);
  const responses = Object.entries(known?.answers ?? {}).map(([code, one]) => [code, spell(one)] as const);
  const all: NonNullable<Described['responses']> = { ...Object.fromEntries(own), ...Object.fromEntries(responses) };
  if (FOUND[name] !== undefined) all['200']!.content!['application/json']!.example = FOUND[name];
  operation.responses = { ...all, default: refusal };
  if (known?.takes !== undefined) operation.requestBody = { required: true, ...spell(known.takes) };
  if (known?.asks !== undefined) operation.requestBody!.content['application/json']!.example = known.asks;
  if (known?.operator === true) operation.security = [{ token: [] }];
}

function spell({ says, content }: Answer): { description: string; content: Record<string, Media> } {
  return { description: says, content: { ...content } };
}
