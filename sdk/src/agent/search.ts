import { verifyIn, type HitVerification } from '../api/verify-hit.js';
import type { BlockId } from '../block/types.js';
import type { Did } from '../crypto/identity.js';
import { CosmicError } from '../errors.js';
import { checkAny } from '../formats/index.js';
import type { Filter } from '../filter/index.js';
import type { Where } from '../metadata/index.js';
import type { Hit as NodeHit, SearchAnswer, SearchRequest } from '../ports/index.js';
import { cosine, spaceIdOf, unpackRow } from '../space/index.js';
import { itemOf, keysOf, type Documents } from './document.js';
import type { ReaderParts } from './parts.js';
import { rowsThatPass } from './sealed.js';
import type { Authors, Hit, Hits, Scope, SearchOptions, Strength } from './types.js';

export type Question = string | { readonly vector: Float32Array } | { readonly like: BlockId };

const ORDER: readonly Strength[] = ['weak', 'fair', 'strong'];

/** Asks the node, fetches each hit's block and checks the hit against it. */
export async function search(
  question: Question,
  options: SearchOptions,
  parts: ReaderParts,
  documents: Documents,
): Promise<Hits> {
  const { k = 8, minStrength, minCosine, mode, spaces, after, verdicts = false, signal } = options;
  if (options.private === true) checkPrivate(question, parts);
  const request = await requestOf(question, parts, signal);
  const filter = filterOf(options, parts);
  // A page behind the first has only what the node has.
  const sealed = after === undefined ? await sealedHits(request, filter, options, parts, documents) : [];
  if (options.private === true) return Object.assign(sealed.slice(0, k), { dropped: [], exhausted: true });
  const asked: SearchRequest = {
    ...request,
    k,
    filter,
    trusted: trustedOf(parts),
    ...(verdicts ? { verdicts } : {}),
    ...(minCosine === undefined ? {} : { minCosine }),
    ...(mode === undefined ? {} : { mode }),
    ...(spaces === undefined ? {} : { spaces }),
    ...(after === undefined ? {} : { after }),
  };
  const answer = await parts.api.search(asked, signal).catch((error: unknown) => {
    // Nobody has published in this space yet: there is nothing to find.
    if (error instanceof CosmicError && error.code === 'space.unknown') return undefined;
    throw error;
  });
  if (answer === undefined) return Object.assign(sealed.slice(0, k), { dropped: [], exhausted: true });
  const api = await readAhead(
    answer.hits.map(({ id }) => id),
    parts.api,
    signal,
  );
  const judged = await judgeAll(answer, options, { ...parts, api }, documents, signal);
  const hits = judged.flatMap(({ hit }) => (hit === undefined ? [] : [hit]));
  const dropped = judged.flatMap((one) => (one.hit === undefined ? [{ block: one.block, why: one.why }] : []));
  const enough = hits.filter(
    ({ strength }) =>
      minStrength === undefined || strength === 'unknown' || ORDER.indexOf(strength) >= ORDER.indexOf(minStrength),
  );
  const all = merged(enough, sealed);
  return Object.assign(all.slice(0, k), {
    dropped,
    exhausted: answer.exhausted && all.length <= k,
    // Behind it the node would pass over what the sealed ones took the place of.
    ...(answer.next === undefined || all.length > k ? {} : { next: answer.next }),
  });
}

/** The blocks of all hits in few requests, where the node is one that is asked over a network. */
async function readAhead(
  ids: readonly BlockId[],
  api: ReaderParts['api'],
  signal: AbortSignal | undefined,
): Promise<ReaderParts['api']> {
  if (api.read === undefined || ids.length < 2) return api;
  const asked = [...new Set(ids)];
  const read = await api.read(asked, signal);
  const blocks = new Map(asked.map((id, i) => [id, read[i]]));
  return { ...api, get: (id) => (blocks.has(id) ? Promise.resolve(blocks.get(id)) : api.get(id)) };
}

/** Each sealed document by its best passage. */
async function sealedHits(
  { vector }: Pick<SearchRequest, 'vector'>,
  filter: Filter,
  { minCosine = -1, signal }: SearchOptions,
  parts: ReaderParts,
  documents: Documents,
): Promise<Hit[]> {
  const opened = await documents.sealed.passing(filter, signal);
  if (vector === undefined) return [];
  const hits = opened.flatMap((document): Hit[] => {
    const { embedding, space } = document.body;
    if (document.space !== vector.space) return [];
    const open = rowsThatPass(document, filter);
    const [best] = open
      .map((row) => ({ row, cosine: cosine(Float32Array.from(vector.values), unpackRow(embedding, space.dims, row)) }))
      .sort((a, b) => b.cosine - a.cosine);
    if (best === undefined || best.cosine < minCosine) return [];
    const found = { cosine: best.cosine, score: best.cosine, space: document.space } as const;
    return [{ ...itemOf(document, best.row, 1, parts), ...found, strength: 'unknown', verified: true, why: [] }];
  });
  return hits.sort((a, b) => b.cosine! - a.cosine!);
}

/** Sealed hits among the node's, each before the first that is less near; with the score of its place. */
function merged(hits: readonly Hit[], sealed: readonly Hit[]): Hit[] {
  const out = [...hits];
  for (const one of sealed) {
    const found = out.findIndex(({ cosine }) => cosine !== undefined && cosine < one.cosine!);
    const at = found < 0 ? out.length : found;
    out.splice(at, 0, { ...one, score: (out[at] ?? out[at - 1] ?? one).score });
  }
  return out;
}

/** An answer with nothing in it would say that there is nothing. */
function checkPrivate(question: Question, { embedder, identities = [] }: ReaderParts): void {
  if (identities.length === 0)
    throw new CosmicError('request.malformed', 'private: searches what identities open, and none are given');
  if (typeof question !== 'string' && 'like' in question)
    throw new CosmicError(
      'request.malformed',
      'private: takes words or a vector, since what is like a block only a node knows',
    );
  if (embedder === undefined)
    throw new CosmicError(
      'embedder.unavailable',
      'private: the question has to be embedded here, and no embedder is given',
    );
}

async function requestOf(
  question: Question,
  { embedder }: ReaderParts,
  signal: AbortSignal | undefined,
): Promise<Pick<SearchRequest, 'text' | 'vector' | 'like'>> {
  if (typeof question !== 'string' && 'like' in question) return { like: { id: question.like } };
  if (typeof question === 'string' && question.trim() === '')
    throw new CosmicError('search.bad_query', 'the question is empty');
  if (embedder === undefined) {
    if (typeof question === 'string') return { text: question };
    throw new CosmicError('search.bad_query', 'a vector means nothing without the embedder whose space it is of');
  }
  if (typeof question !== 'string') return { vector: { space: spaceIdOf(embedder.space), values: question.vector } };
  const { vectors } = await embedder.embed([question], { role: 'query', ...(signal === undefined ? {} : { signal }) });
  return { text: question, vector: { space: spaceIdOf(embedder.space), values: vectors[0]! } };
}

/** What a scope leaves of the ledger, as a node's filter. */
export function filterOf(
  { where, authors, collection }: Scope,
  parts: Pick<ReaderParts, 'did' | 'trust' | 'collection'>,
): Filter {
  const named = collection ?? parts.collection;
  const conditions: Where[] = [
    ...(named === undefined ? [] : [{ '#collection': typeof named === 'string' ? named : { $in: named } }]),
    ...(where === undefined ? [] : [where as Where]),
  ];
  const dids = didsOf(authors ?? (parts.did === undefined ? 'all' : 'trusted'), parts);
  return {
    kinds: ['embedding/1'],
    ...(dids === undefined ? {} : { authors: dids }),
    ...(conditions.length === 0 ? {} : { where: conditions.length === 1 ? conditions[0]! : { $and: conditions } }),
  };
}

/** One's own key and those that are trusted. */
function trustedOf({ did, trust }: Pick<ReaderParts, 'did' | 'trust'>): readonly Did[] {
  return [...(did === undefined ? [] : [did]), ...Object.values(trust).flatMap(keysOf)];
}

function didsOf(authors: Authors, parts: Pick<ReaderParts, 'did' | 'trust'>): readonly string[] | undefined {
  if (authors === 'all') return undefined;
  if (authors === 'mine') return parts.did === undefined ? [] : [parts.did];
  if (authors === 'trusted') return trustedOf(parts);
  return authors.flatMap((name) => {
    if (Object.hasOwn(parts.trust, name)) return keysOf(parts.trust[name]!);
    if (name.startsWith('did:')) return [name as Did];
    throw new CosmicError('request.malformed', `authors: ${name.slice(0, 100)} is no did and no name in trust`);
  });
}

type Judged =
  | { readonly hit: Hit; readonly block: BlockId }
  | { readonly hit?: undefined; readonly block: BlockId; readonly why: string };

const GONE = 'block.not_found: the node does not give the document away';
const TOO_MUCH = 'request.too_large: the blocks of the hits before it are all that is read for one answer';

/** In the order of the hits. A block is read and checked once, however many of its rows are hits, and one after the other. */
async function judgeAll(
  answer: SearchAnswer,
  options: SearchOptions,
  parts: ReaderParts,
  documents: Documents,
  signal: AbortSignal | undefined,
): Promise<readonly Judged[]> {
  const { blocks: blocksMost = Infinity, bytes: bytesMost = Infinity } = parts.readMost ?? {};
  const byBlock = new Map<BlockId, number[]>();
  answer.hits.forEach(({ id }, i) => byBlock.set(id, [...(byBlock.get(id) ?? []), i]));
  const judged: Judged[] = [];
  let blocks = 0;
  let bytes = 0;
  for (const [block, places] of byBlock) {
    signal?.throwIfAborted();
    const hits = places.map((i) => answer.hits[i]!);
    if (blocks >= blocksMost || bytes >= bytesMost) {
      for (const i of places) judged[i] = { block, why: TOO_MUCH };
      continue;
    }
    const found = await judgeBlock(block, hits, answer, options, parts, documents);
    found.judged.forEach((one, i) => (judged[places[i]!] = one));
    blocks += 1;
    bytes += found.bytes;
  }
  return judged;
}

/** Checks a hit against its block. */
export async function judge(
  hit: NodeHit,
  answer: Pick<SearchAnswer, 'queries'>,
  options: SearchOptions,
  parts: ReaderParts,
  documents: Documents,
): Promise<Judged> {
  const { judged } = await judgeBlock(hit.id, [hit], answer, options, parts, documents);
  return judged[0]!;
}

async function judgeBlock(
  block: BlockId,
  hits: readonly NodeHit[],
  answer: Pick<SearchAnswer, 'queries'>,
  options: SearchOptions,
  parts: ReaderParts,
  documents: Documents,
): Promise<{ readonly judged: readonly Judged[]; readonly bytes: number }> {
  const view = await parts.api.get(block);
  if (view === undefined) return { judged: hits.map(() => ({ block, why: GONE })), bytes: 0 };
  const checked = checkAny(view.wire, parts.checks);
  const judged = hits.map((hit): Judged => {
    const why = parts.verify === 'off' ? [] : faultsOf(verifyIn(hit, answer, checked, parts.checks.registry));
    if (why.length > 0 && parts.verify === 'drop') return { block, why: why.join('; ') };
    if (checked.status === 'rejected') throw new CosmicError(checked.code, `${block}: ${checked.detail}`);
    if (checked.id !== block)
      throw new CosmicError('block.malformed', `asked for ${block}, the node gave ${checked.id}`);
    const document = documents.of(checked, view.wire.length);
    if (document === undefined) return { block, why: GONE };
    return {
      block,
      hit: {
        ...itemOf(document, hit.row, 1, parts),
        ...(hit.cosine === undefined ? {} : { cosine: hit.cosine }),
        ...(hit.computed === true ? { computed: hit.computed } : {}),
        ...(hit.space === undefined ? {} : { space: hit.space }),
        score: hit.score,
        strength: hit.strength ?? 'unknown',
        verified: parts.verify !== 'off' && why.length === 0,
        why,
        ...(options.verdicts === true ? { verdicts: hit.verdicts ?? [] } : {}),
      },
    };
  });
  return { judged, bytes: view.wire.length };
}

function faultsOf(found: HitVerification): readonly string[] {
  return [
    ...(found.signed ? [] : [found.detail ?? 'not signed by the author shown']),
    ...(found.cosine === false ? ['the cosine is not the one of this row'] : []),
    ...(found.passage === false ? ['the passage is not the one that was signed'] : []),
  ];
}
