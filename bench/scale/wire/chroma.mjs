/** Chroma's own server, as its Python client speaks to it: HTTP and JSON, rows that are added with their vectors in base64. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpRequest, opened } from '../connection.mjs';
import { isRare } from '../layout.mjs';
import { python, spawnPeer } from './set-up.mjs';

const ROOT = '/api/v2/tenants/default_tenant/databases/default_database/collections';
const VERSION = 'chromadb==1.5.9';

export const packages = [VERSION];
export const settings =
  'HNSW, cosine, 16 neighbours, efC 100 (its defaults), ef as said; rows with document and four fields of metadata';
export const durable = 'its SQLite log, as it comes';
/** What it is loaded with: the largest requests that it takes gladly. */
export const load = { batch: 1000, connections: 2 };
export const efs = [10, 20, 40, 60, 100, 200];
export const hasWords = false;

export const wireOf = ({ port, collection }) => ({
  framing: 'http',
  searchOf: ({ vector, filtered }) =>
    httpRequest(port, 'POST', `${ROOT}/${collection}/query`, {
      query_embeddings: [Array.from(vector)],
      n_results: 10,
      include: ['documents', 'metadatas', 'distances'],
      ...(filtered && { where: { tag: 'rare' } }),
    }),
  answerOf: (body) => ({ rows: JSON.parse(body.toString('utf8')).ids[0].map((id) => Number(id.slice(4))) }),
  addOf: (rows) =>
    httpRequest(port, 'POST', `${ROOT}/${collection}/add`, {
      ids: rows.map(({ row }) => `doc-${row}`),
      embeddings: rows.map(({ vector }) =>
        Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64'),
      ),
      documents: rows.map(({ text }) => text),
      metadatas: rows.map(({ row, author, timeMs }) => ({ row, author, timeMs, tag: isRare(row) ? 'rare' : 'common' })),
    }),
});

/** A server on a folder that outlives it. */
export async function start(folder, { port, environment }) {
  const data = join(folder, 'chroma');
  mkdirSync(data, { recursive: true });
  // Told nobody, and allowed to be large requests.
  const config = join(folder, 'chroma.yaml');
  writeFileSync(
    config,
    `port: ${port}\nlisten_address: "127.0.0.1"\npersist_path: ${JSON.stringify(data)}\nallow_reset: false\n`,
  );
  return spawnPeer(python(environment, 'chroma'), ['run', config], { env: { ANONYMIZED_TELEMETRY: 'False' } });
}

async function call(port, method, path, body) {
  const connection = await opened(port, { framing: 'http' });
  try {
    const answer = await connection.ask(httpRequest(port, method, path, body));
    return answer.length === 0 ? {} : JSON.parse(answer.toString('utf8'));
  } finally {
    connection.close();
  }
}

/** What a client must know besides the port. */
export async function create(port) {
  const { id } = await call(port, 'POST', ROOT, {
    name: 'rows',
    configuration: { hnsw: { space: 'cosine' } },
    get_or_create: true,
  });
  return { port, collection: id };
}

/** An index that is open keeps what it was opened with. */
export async function setEf({ port, collection }, ef) {
  await call(port, 'PUT', `${ROOT}/${collection}`, { new_configuration: { hnsw: { ef_search: ef } } });
  return 'read at start';
}

export const versions = () => [VERSION];
export const afterLoad = () => ({});
export const bytesOf = () => ({});
