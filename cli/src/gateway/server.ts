import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ChromaRecords } from './chroma.js';
import type { Collection, Collections, Wanted } from './collections.js';
import { invalid, notFound, notHere, Refusal, refusalOf } from './refusal.js';

/** The version of Chroma whose interface this is. */
const VERSION = '1.5.9';
const TENANT = 'default_tenant';
const DATABASE = 'default_database';
const DATABASE_ID = '00000000-0000-0000-0000-000000000000';
const BODY_MAX_BYTES = 128 * 1024 * 1024;

export interface GatewayParts {
  readonly collections: Collections;
  readonly records: ChromaRecords;
}

type Body = Readonly<{ [key: string]: unknown }>;

/** Chroma's interface for one's own memory, on this machine alone: no page of any origin and no other name gets in. */
export function createGateway(parts: GatewayParts): Server {
  return createServer((request, response) => {
    answer(request, parts)
      .then(({ status, value }) => send(response, status, value))
      .catch((error: unknown) => {
        const { status, error: name, message } = refusalOf(error);
        send(response, status, { error: name, message });
      });
  });
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' });
  response.end(JSON.stringify(value));
}

async function answer(request: IncomingMessage, parts: GatewayParts): Promise<{ status: number; value: unknown }> {
  const { method = 'GET', headers, url = '/' } = request;
  if (headers.origin !== undefined || !/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(headers.host ?? ''))
    throw new Refusal(400, 'InvalidArgumentError', 'this gateway is for programs on this machine');
  const [path = '', query = ''] = url.split('?');
  if (!path.startsWith('/api/v2/')) throw notFound(`${path}: only /api/v2 is spoken here`);
  const steps = path.slice('/api/v2/'.length).split('/').map(decodeURIComponent);
  const body = method === 'POST' || method === 'PUT' ? await bodyOf(request) : {};
  const value = await route(method, steps, body, new URLSearchParams(query), parts);
  return { status: method === 'POST' && ['add'].includes(steps.at(-1)!) ? 201 : 200, value };
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) throw invalid(`more than ${BODY_MAX_BYTES} bytes at once`);
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
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
