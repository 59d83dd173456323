import type { NodeClient } from '@cosmicembeddings/sdk/api';
import type { AnyWhere, Metadata } from '@cosmicembeddings/sdk/metadata';
import { bounds, letOthersBy } from './bounds.js';
import type { Collection, Collections, Measure } from './collections.js';
import { bothOf } from './filters.js';
import { spaceIdOfShelf, type Kept, type Record, type Records, type Shelf } from './records.js';
import { invalid, wrongDimension } from './refusal.js';

type Body = Readonly<{ [key: string]: unknown }>;

/** Up to here every record is compared; above it, where nearness is by cosine, the node's index is asked. */
const EXACT_MAX = 2_000;
/** What is measured otherwise is compared one by one up to here, and refused beyond. */
const SCAN_MAX = 20_000;
const BATCH_MAX = 5_000;
const K_MAX = 10_000;
const INCLUDABLE = ['documents', 'metadatas', 'embeddings', 'distances', 'uris'];

/** What Chroma's clients call on a collection. */
export class ChromaRecords {
  constructor(
    private readonly client: NodeClient,
    private readonly collections: Collections,
    private readonly records: Records,
    private readonly options: { readonly strict: boolean; say(line: string): void },
  ) {}

  /** A known id stays as it was, as there. */
  async add(id: string, body: Body): Promise<void> {
    const { collection, given } = this.given(id, body, true);
    const known = await this.records.byIds(
      shelfOf(collection),
      given.map((one) => one.id),
    );
    const fresh = given.filter((one) => !known.has(one.id));
    if (known.size > 0) {
      const said = `add: ${known.size} of ${given.length} ids are there already and stay as they were`;
      if (this.options.strict) throw invalid(said);
      this.options.say(said);
    }
    await this.records.write(shelfOf(collection), fresh.map(whole), new Map());
  }

  async upsert(id: string, body: Body): Promise<void> {
    const { collection, given } = this.given(id, body, true);
    const known = await this.records.byIds(
      shelfOf(collection),
      given.map((one) => one.id),
    );
    await this.records.write(
      shelfOf(collection),
      given.map((one) => merged(known.get(one.id)?.[0], one)),
      known,
    );
  }

  /** Merges metadata, null takes a key away; ids that are not there are passed over. */
  async update(id: string, body: Body): Promise<void> {
    const { collection, given } = this.given(id, body, false);
    const known = await this.records.byIds(
      shelfOf(collection),
      given.map((one) => one.id),
    );
    const there = given.filter((one) => known.has(one.id));
    await this.records.write(
      shelfOf(collection),
      there.map((one) => merged(known.get(one.id)![0], one)),
      known,
    );
  }

  async get(id: string, body: Body): Promise<Body> {
    const collection = this.collections.byId(id);
    const [from = 0, limit] = [countOf('offset', body['offset']), countOf('limit', body['limit'])];
    const include = includeOf(body, ['metadatas', 'documents']);
    const page = await this.matching(collection, body, { from, to: limit === undefined ? Infinity : from + limit });
    checkLength([page], include);
    return columns(page, include);
  }

  async count(id: string): Promise<number> {
    return (await this.records.find(shelfOf(this.collections.byId(id)))).length;
  }

  async remove(id: string, body: Body): Promise<Body> {
    const collection = this.collections.byId(id);
    const { ids, where, where_document: text } = body as { readonly [key: string]: unknown };
    const names = ids as readonly string[] | null | undefined;
    if ((names === undefined || names === null) && isNothing(where) && isNothing(text))
      throw invalid('delete: give ids, where or where_document; deleting the collection deletes all');
    if (names?.length === 0) throw invalid('delete: an empty list of ids names nothing');
    const gone = await this.matching(collection, body, { from: 0, to: countOf('limit', body['limit']) ?? Infinity });
    await this.records.retract(gone.map(({ block }) => block));
    return { deleted: new Set(gone.map((one) => one.id)).size };
  }

  /** All of one's own records of it; the collection itself is the caller's to drop. */
  async clear(collection: Collection): Promise<void> {
    await this.records.retract(await this.records.find(shelfOf(collection)));
  }

  async query(id: string, body: Body): Promise<Body> {
    const collection = this.collections.byId(id);
    const { query_embeddings: questions, n_results: n = 10 } = body as { readonly [key: string]: unknown };
    if (!Array.isArray(questions) || questions.length === 0)
      throw invalid('query_embeddings: expected a list of vectors');
    if (!Number.isInteger(n) || (n as number) < 1 || (n as number) > K_MAX) throw invalid(`n_results: 1 to ${K_MAX}`);
    if (questions.length > bounds.questionsMax || questions.length * (n as number) > bounds.hitsMax)
      throw invalid(
        `${questions.length} questions: at most ${bounds.questionsMax}, of ${bounds.hitsMax} results in all`,
      );
    const vectors = (questions as unknown[]).map((one) => vectorOf(one));
    for (const vector of vectors)
      if (collection.dims !== undefined && vector.length !== collection.dims)
        throw wrongDimension(
          `Collection expecting embedding with dimension of ${collection.dims}, got ${vector.length}`,
        );
    const include = includeOf(body, ['metadatas', 'documents', 'distances']);
    const found = await this.nearest(collection, vectors, n as number, body);
    checkLength(
      found.map((hits) => hits.map(([record]) => record)),
      include,
    );
    const answers = found.map((hits) =>
      columns(
        hits.map(([record]) => record),
        include,
      ),
    );
    const gathered = (name: string): unknown => (answers[0]?.[name] === null ? null : answers.map((one) => one[name]));
    return {
      ids: gathered('ids'),
      documents: gathered('documents'),
      metadatas: gathered('metadatas'),
      embeddings: gathered('embeddings'),
      uris: gathered('uris'),
      distances: include.includes('distances') ? found.map((hits) => hits.map(([, distance]) => distance)) : null,
      include,
    };
  }

  private async nearest(
    collection: Collection,
    vectors: readonly Float32Array[],
    n: number,
    body: Body,
  ): Promise<(readonly [Kept, number])[][]> {
    const { measure } = collection;
    const blocks = await this.records.find(shelfOf(collection), this.scope(body));
    if (blocks.length > EXACT_MAX && measure === 'cosine')
      return inTurn(vectors, (vector) => this.asked(collection, vector, n, body));
    if (blocks.length > SCAN_MAX)
      throw invalid(
        `${blocks.length} records: ${measure} is compared one by one, to ${SCAN_MAX}; use space "cosine" or a narrower where`,
      );
    const products = vectors.reduce((sum, { length }) => sum + length * blocks.length, 0);
    if (products > bounds.productsMax)
      throw invalid(`${vectors.length} questions to ${blocks.length} records one by one: ask fewer at once`);
    const records = newest(await this.records.read(blocks));
    return inTurn(vectors, (vector) =>
      records
        .map((record) => [record, distance(measure, vector, record.vector)] as const)
        .sort((a, b) => a[1] - b[1])
        .slice(0, n),
    );
  }

  private async asked(
    collection: Collection,
    vector: Float32Array,
    n: number,
    body: Body,
  ): Promise<(readonly [Kept, number])[]> {
    const answer = await this.client.search({
      vector: { space: spaceIdOfShelf(shelfOf(collection)), values: vector },
      k: n,
      filter: this.records.filter(shelfOf(collection), this.scope(body)),
      mode: 'vectors',
      collapse: false,
      unvouched: 'open',
      authorShare: 'open',
    });
    const records = await this.records.read(answer.hits.map((hit) => hit.id));
    return records
      .map((record) => [record, distance('cosine', vector, record.vector)] as const)
      .sort((a, b) => a[1] - b[1]);
  }

  /** `where`, `where_document` and `ids` as one filter. */
  private scope({ where, where_document: document, ids }: Body): AnyWhere | undefined {
    const said = bothOf(where, document);
    if (!Array.isArray(ids)) return said;
    const named: AnyWhere = { '#id': { $in: ids as string[] } };
    return said === undefined ? named : { $and: [named, said] };
  }

  /** Records that pass, oldest write first. */
  private async matching(
    collection: Collection,
    { ids, where, where_document: text }: Body,
    { from, to }: { readonly from: number; readonly to: number },
  ): Promise<Kept[]> {
    const said = bothOf(where, text);
    const names = Array.isArray(ids) ? [...new Set(ids as string[])] : undefined;
    if (names !== undefined && names.length > bounds.idsMax)
      throw invalid(`${names.length} ids, at most ${bounds.idsMax} at once`);
    let blocks: readonly string[];
    if (names === undefined) blocks = await this.records.find(shelfOf(collection), said);
    else {
      const there = [...(await this.records.byIds(shelfOf(collection), names)).values()]
        .flat()
        .map(({ block }) => block);
      const passing = said === undefined ? undefined : new Set(await this.records.find(shelfOf(collection), said));
      blocks = passing === undefined ? there : there.filter((block) => passing.has(block));
    }
    const isMany = blocks.length > bounds.readMax;
    if (isMany && to - from > bounds.readMax)
      throw invalid(`${blocks.length} records, at most ${bounds.readMax} at once: give limit and offset, or where`);
    const read = (await this.records.read(isMany ? blocks.slice(from, to) : blocks)).sort(
      (a, b) => a.timeMs - b.timeMs,
    );
    return isMany ? newest(read) : newest(read).slice(from, to);
  }

  private given(id: string, body: Body, needsVectors: boolean): { collection: Collection; given: Partly[] } {
    const { ids, embeddings, documents, metadatas, uris } = body as {
      readonly [key: string]: unknown[] | null | undefined;
    };
    if (!Array.isArray(ids) || ids.length === 0 || ids.some((one) => typeof one !== 'string' || one === ''))
      throw invalid('ids: expected a list of texts');
    if (ids.length > BATCH_MAX) throw invalid(`${ids.length} records, at most ${BATCH_MAX} at once`);
    if (new Set(ids).size !== ids.length) throw invalid('ids: one stands twice');
    for (const column of [embeddings, documents, metadatas, uris])
      if (Array.isArray(column) && column.length !== ids.length) throw invalid('columns of different lengths');
    if (needsVectors && !Array.isArray(embeddings)) throw invalid('embeddings: give them; this gateway has no model');
    const given = (ids as string[]).map((name, i): Partly => {
      const vector = embeddings?.[i];
      return {
        id: name,
        ...(vector === undefined || vector === null ? {} : { vector: vectorOf(vector) }),
        ...(typeof documents?.[i] === 'string' ? { text: documents[i] } : {}),
        ...(metadatas?.[i] === undefined || metadatas[i] === null ? {} : { metadata: metadatas[i] as Metadata }),
        ...(typeof uris?.[i] === 'string' ? { uri: uris[i] } : {}),
      };
    });
    const collection = this.collections.byId(id);
    const dims = given.find((one) => one.vector !== undefined)?.vector?.length;
    return {
      collection:
        collection.dims !== undefined || dims === undefined ? collection : this.collections.change(id, { dims }),
      given,
    };
  }
}

/** Records stand under the collection's id: its name may change. */
function shelfOf({ id, model, dims = 0 }: Collection): Shelf {
  return { place: `chroma/${id}`, model, dims };
}

interface Partly {
  readonly id: string;
  readonly vector?: Float32Array;
  readonly text?: string;
  readonly metadata?: Metadata;
  readonly uri?: string;
}

function whole({ id, vector, text, metadata, uri }: Partly): Record {
  if (vector === undefined) throw invalid(`${id}: give its embedding`);
  return { id, vector, text: text ?? null, metadata: withoutNulls(metadata ?? {}), uri: uri ?? null };
}

function merged(before: Record | undefined, change: Partly): Record {
  if (before === undefined) return whole(change);
  return {
    id: change.id,
    vector: change.vector ?? before.vector,
    text: change.text ?? before.text,
    metadata: withoutNulls({ ...before.metadata, ...change.metadata }),
    uri: change.uri ?? before.uri,
  };
}

function withoutNulls(metadata: Metadata): Metadata | null {
  const kept = Object.entries(metadata).filter(([, value]) => value !== null);
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

/** Of records with one id the later write. */
function newest(records: readonly Kept[]): Kept[] {
  const last = new Map(records.map((one) => [one.id, one.block]));
  return records.filter((one) => last.get(one.id) === one.block);
}

/** Numbers, or base64 of little-endian float32. */
function vectorOf(given: unknown): Float32Array {
  if (typeof given === 'string' && Buffer.byteLength(given, 'base64') % 4 !== 0)
    throw invalid('a vector as base64 is a list of float32');
  const vector =
    typeof given === 'string'
      ? new Float32Array(Uint8Array.from(Buffer.from(given, 'base64')).buffer)
      : Array.isArray(given)
        ? Float32Array.from(given as number[])
        : undefined;
  if (vector === undefined || vector.length === 0) throw invalid('a vector is a list of numbers');
  if (vector.some((number) => !Number.isFinite(number))) throw invalid('a vector holds what is no finite number');
  if (vector.every((number) => number === 0)) throw invalid('a vector is all zeros');
  return vector;
}

/** As Chroma has them: 1 − cosine, squared distance, 1 − inner product. */
function distance(measure: Measure, a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb, apart] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    apart += (x - y) ** 2;
  }
  if (measure === 'l2') return apart;
  return measure === 'ip' ? 1 - dot : 1 - dot / Math.sqrt(aa * bb);
}

function includeOf({ include }: Body, otherwise: readonly string[]): readonly string[] {
  if (include === undefined || include === null) return otherwise;
  const unknown = Array.isArray(include) ? include.find((one) => !INCLUDABLE.includes(one as string)) : include;
  if (unknown !== undefined) throw invalid(`include: ${INCLUDABLE.join(', ')}`);
  return include as string[];
}

/** A whole number from 0 on; null is nothing. */
function countOf(name: string, given: unknown): number | undefined {
  if (given === undefined || given === null) return undefined;
  if (!Number.isSafeInteger(given) || (given as number) < 0) throw invalid(`${name}: a whole number from 0 on`);
  return given as number;
}

/** One after the other, and other requests between them. */
async function inTurn<T, R>(all: readonly T[], of: (one: T) => R | Promise<R>): Promise<R[]> {
  const made: R[] = [];
  for (const one of all) {
    await letOthersBy();
    made.push(await of(one));
  }
  return made;
}

/** About so many characters of JSON; texts may need a little more. */
function charsOf({ id, text, uri, metadata, vector }: Kept, include: readonly string[]): number {
  const has = (name: string): boolean => include.includes(name);
  return (
    id.length +
    (has('documents') ? (text?.length ?? 4) : 0) +
    (has('uris') ? (uri?.length ?? 4) : 0) +
    (has('metadatas') ? JSON.stringify(metadata).length : 0) +
    (has('embeddings') ? 20 * vector.length : 0)
  );
}

/** @throws Refusal where the answer would be too long to be made */
function checkLength(lists: readonly (readonly Kept[])[], include: readonly string[]): void {
  let chars = 0;
  for (const records of lists)
    for (const record of records) {
      chars += charsOf(record, include);
      if (chars > bounds.answerMaxChars)
        throw invalid(`more than ${bounds.answerMaxChars} characters: give a limit, or include less`);
    }
}

function columns(records: readonly Kept[], include: readonly string[]): Body {
  const column = (name: string, of: (record: Kept) => unknown): unknown =>
    include.includes(name) ? records.map(of) : null;
  return {
    ids: records.map(({ id }) => id),
    documents: column('documents', ({ text }) => text),
    metadatas: column('metadatas', ({ metadata }) => metadata),
    embeddings: column('embeddings', ({ vector }) => Array.from(vector)),
    uris: column('uris', ({ uri }) => uri),
    include,
  };
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
