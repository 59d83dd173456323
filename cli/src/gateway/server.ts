import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bounds, busy, checkShape, createTurns, type Turns } from './bounds.js';
import type { ChromaRecords } from './chroma.js';
import type { Collection, Collections, Wanted } from './collections.js';
import { invalid, notFound, notHere, Refusal, refusalOf } from './refusal.js';

/** The version of Chroma whose interface this is. */
const VERSION = '1.5.9';
const TENANT = 'default_tenant';
const DATABASE = 'default_database';
const DATABASE_ID = '00000000-0000-0000-0000-000000000000';

export interface GatewayParts {
  readonly collections: Collections;
  readonly records: ChromaRecords;
}

type Body = Readonly<{ [key: string]: unknown }>;

/** Chroma's interface for one's own memory, on this machine alone: no page of any origin and no other name gets in. */
export function createGateway(parts: GatewayParts): Server {
  const turns = createTurns(bounds.workingMax, bounds.waitingMax);
  const held = { bytes: 0 };
  const server = createServer((request, response) => {
    answer(request, parts, turns, held)
      .then(({ status, value }) => send(response, status, value))
      .catch((error: unknown) => {
        const { status, error: name, message } = refusalOf(error);
        // What is left of a body that was refused is not read.
        if (!request.complete) response.setHeader('connection', 'close');
        send(response, status, { error: name, message });
      });
  });
  server.requestTimeout = bounds.bodyWithinMs;
  server.maxConnections = bounds.connectionsMax;
  return server;
}

function send(response: ServerResponse, status: number, value: unknown): void {
  // Made before the first line is sent: what cannot be made is answered too.
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  });
  response.end(body);
}

async function answer(
  request: IncomingMessage,
  parts: GatewayParts,
  turns: Turns,
  held: { bytes: number },
): Promise<{ status: number; value: unknown }> {
  const { method = 'GET', headers, url = '/' } = request;
  const site = headers['sec-fetch-site'];
  const isPage = headers.origin !== undefined || (site !== undefined && site !== 'none');
  if (isPage || !/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(headers.host ?? ''))
    throw new Refusal(400, 'InvalidArgumentError', 'this gateway is for programs on this machine');
  const [path = '', query = ''] = url.split('?');
  if (!path.startsWith('/api/v2/')) throw notFound(`${path}: only /api/v2 is spoken here`);
  const steps = path.slice('/api/v2/'.length).split('/').map(stepOf);
  const mine = { bytes: 0 };
  try {
    const bytes = method === 'POST' || method === 'PUT' ? await bytesOf(request, held, mine) : Buffer.alloc(0);
    const work = async (): Promise<unknown> => route(method, steps, bodyOf(bytes), new URLSearchParams(query), parts);
    // What tells whether it is there is answered while others work.
    const value = await (steps[0] === 'tenants' ? turns.take(work) : work());
    return { status: method === 'POST' && ['add'].includes(steps.at(-1)!) ? 201 : 200, value };
  } finally {
    held.bytes -= mine.bytes;
  }
}

function stepOf(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    throw invalid(`${step.slice(0, 100)}: no text behind the %`);
  }
}

/** The body, as long as there is room for it among the others that are there. */
async function bytesOf(request: IncomingMessage, held: { bytes: number }, mine: { bytes: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    mine.bytes += chunk.length;
    held.bytes += chunk.length;
    if (mine.bytes > bounds.bodyMaxBytes) throw invalid(`more than ${bounds.bodyMaxBytes} bytes at once`);
    if (held.bytes > bounds.bodyMaxBytes) throw busy(`${bounds.bodyMaxBytes} bytes of other requests are here`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function bodyOf(bytes: Buffer): Body {
  if (bytes.length === 0) return {};
  checkShape(bytes);
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Body;
  } catch {
    // Said below.
  }
  throw invalid('send a JSON object');
}

async function route(
  method: string,
  steps: readonly string[],
  body: Body,
  query: URLSearchParams,
  parts: GatewayParts,
): Promise<unknown> {
  const [first, tenant, second, database, third, name, verb] = steps;
  switch (`${method} ${first}`) {
    case 'GET heartbeat':
      return { 'nanosecond heartbeat': Date.now() * 1_000_000 };
    case 'GET version':
      return VERSION;
    case 'GET healthcheck':
      return { is_executor_ready: true, is_log_client_ready: true };
    case 'GET pre-flight-checks':
      return { max_batch_size: 5000, supports_base64_encoding: true };
    case 'GET auth':
      return { user_id: '', tenant: TENANT, databases: [DATABASE] };
    case 'POST reset':
      throw invalid('reset: this would forget everything; delete the collections one by one');
  }
  if (first !== 'tenants') throw notFound(`${method} ${steps.join('/')}`);
  if (tenant !== TENANT || (database !== undefined && database !== DATABASE))
    throw method === 'GET'
      ? notFound(`tenant ${tenant}, database ${database}`)
      : notHere('other tenants and databases');
  if (second === undefined && method === 'GET') return { name: TENANT };
  if (third === undefined) {
    if (method === 'GET' && second === 'databases') return database === undefined ? [databaseInfo] : databaseInfo;
    throw notHere('other tenants and databases');
  }
  const { collections, records } = parts;
  if (third === 'collections_count') return collections.list().length;
  if (third !== 'collections') throw notHere(third);
  if (name === undefined) return ofAll(method, body, query, collections);
  if (verb !== undefined && name !== 'by-id') return ofRecords(`${method} ${verb}`, name, body, records);
  if (method === 'GET') return show(name === 'by-id' ? collections.byId(verb!) : collections.byName(name));
  if (method === 'PUT') {
    const { new_name: newName, new_metadata: metadata } = body as {
      readonly new_name?: string | null;
      readonly new_metadata?: Collection['metadata'];
    };
    collections.change(name, {
      ...(typeof newName === 'string' ? { name: newName } : {}),
      ...(metadata === undefined || metadata === null ? {} : { metadata }),
    });
    return {};
  }
  if (method === 'DELETE') {
    const collection = collections.byName(name);
    await records.clear(collection);
    collections.remove(collection.id);
    return {};
  }
  throw notHere(`${method} ${name}`);
}

const databaseInfo = { id: DATABASE_ID, name: DATABASE, tenant: TENANT };

function ofAll(method: string, body: Body, query: URLSearchParams, collections: Collections): unknown {
  if (method === 'GET') {
    const from = Number(query.get('offset') ?? 0);
    const limit = query.get('limit');
    return collections
      .list()
      .slice(from, limit === null ? undefined : from + Number(limit))
      .map(show);
  }
  if (method !== 'POST') throw notHere(`${method} collections`);
  const {
    name,
    metadata,
    configuration,
    get_or_create: getOrCreate,
  } = body as {
    readonly name: string;
    readonly metadata?: Wanted['metadata'];
    readonly configuration?: Wanted['configuration'];
    readonly get_or_create?: boolean;
  };
  return show(
    collections.create({
      name,
      metadata: metadata ?? null,
      configuration: configuration ?? null,
      getOrCreate: getOrCreate === true,
    }),
  );
}

async function ofRecords(what: string, id: string, body: Body, records: ChromaRecords): Promise<unknown> {
  switch (what) {
    case 'POST add':
      await records.add(id, body);
      return {};
    case 'POST upsert':
      await records.upsert(id, body);
      return {};
    case 'POST update':
      await records.update(id, body);
      return {};
    case 'POST get':
      return records.get(id, body);
    case 'POST query':
      return records.query(id, body);
    case 'POST delete':
      return records.remove(id, body);
    case 'GET count':
      return records.count(id);
    case 'GET indexing_status':
      return {
        num_indexed_ops: await records.count(id),
        num_unindexed_ops: 0,
        total_ops: await records.count(id),
        op_indexing_progress: 1,
      };
    default:
      throw notHere(what);
  }
}

function show({ id, name, metadata, configuration, measure, dims }: Collection): unknown {
  const hnsw = {
    space: measure,
    ef_construction: 100,
    ef_search: 100,
    max_neighbors: 16,
    resize_factor: 1.2,
    sync_threshold: 1000,
  };
  return {
    id,
    name,
    metadata,
    configuration_json: { hnsw, spann: null, embedding_function: configuration['embedding_function'] ?? null },
    schema: null,
    dimension: dims ?? null,
    tenant: TENANT,
    database: DATABASE,
    log_position: 0,
    version: 0,
  };
}
