import { CosmicError } from '@cosmicembeddings/sdk';
import { foreignOf, isObject, type Foreign } from './record.js';

const PAGE = 200;

type Fields = Readonly<Record<string, unknown>>;

/** Records of a collection of a Chroma server, page by page (API v2, the default tenant and database). */
export async function* chromaRecords(url: string, collection: string): AsyncGenerator<Foreign> {
  const base = `${url.replace(/\/+$/, '')}/api/v2/tenants/default_tenant/databases/default_database/collections`;
  const { id } = (await ask(`${base}/${encodeURIComponent(collection)}`)) as { readonly id: string };
  const include = ['documents', 'metadatas', 'embeddings', 'uris'];
  for (let offset = 0; ; offset += PAGE) {
    const page = (await ask(`${base}/${id}/get`, { limit: PAGE, offset, include })) as Readonly<
      Record<string, unknown[] | null>
    >;
    const ids = page['ids'] ?? [];
    for (const [i, name] of ids.entries())
      yield {
        id: String(name),
        vector: Float32Array.from(page['embeddings']![i] as number[]),
        text: (page['documents']?.[i] as string | null) ?? null,
        metadata: (page['metadatas']?.[i] as Fields | null) ?? {},
        uri: (page['uris']?.[i] as string | null) ?? null,
      };
    if (ids.length < PAGE) return;
  }
}

/** Points of a collection of a Qdrant server, with their payloads. `name`: of several vectors of a point. */
export async function* qdrantPoints(url: string, collection: string, name?: string): AsyncGenerator<Foreign> {
  const path = `${url.replace(/\/+$/, '')}/collections/${encodeURIComponent(collection)}/points/scroll`;
  for (let offset: unknown = null; ;) {
    const answer = (await ask(path, {
      limit: PAGE,
      with_payload: true,
      with_vector: name === undefined ? true : [name],
      ...(offset === null ? {} : { offset }),
    })) as { readonly result: { readonly points: readonly Fields[]; readonly next_page_offset?: unknown } };
    for (const { id, vector, payload } of answer.result.points) {
      const one = isObject(vector) ? (name === undefined ? undefined : vector[name]) : vector;
      if (!Array.isArray(one))
        throw new CosmicError(
          'input.unsupported',
          `point ${String(id)} has vectors ${isObject(vector) ? Object.keys(vector).join(', ') : 'of another form'}; choose one with --vector`,
        );
      const record = foreignOf({ id, vector: one, payload: payload ?? {} }, String(id));
      if (typeof record !== 'string') yield record;
    }
    offset = answer.result.next_page_offset ?? null;
    if (offset === null) return;
  }
}

async function ask(url: string, body?: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  let response: Response;
  try {
    response = await fetch(url, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) });
  } catch (cause) {
    throw new CosmicError('node.unreachable', `${url}: nobody answers there`, { cause });
  }
  const text = await response.text();
  if (!response.ok) throw new CosmicError('request.malformed', `${url}: HTTP ${response.status} ${text.slice(0, 200)}`);
  return JSON.parse(text);
}
