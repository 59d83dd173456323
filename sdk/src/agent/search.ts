import { verifyHit } from '../api/verify-hit.js';
import type { BlockId } from '../block/types.js';
import { CosmicError } from '../errors.js';
import type { Filter } from '../filter/index.js';
import type { Where } from '../metadata/index.js';
import type { Hit as NodeHit, SearchAnswer, SearchRequest } from '../ports/index.js';
import { spaceIdOf } from '../space/index.js';
import { itemOf, type Documents } from './document.js';
import type { MemoryParts } from './parts.js';
import type { Authors, Hit, Hits, Scope, SearchOptions, Strength } from './types.js';

export type Question = string | { readonly vector: Float32Array } | { readonly like: BlockId };

const ORDER: readonly Strength[] = ['weak', 'fair', 'strong'];

/** Asks the node, fetches each hit's block and checks the hit against it. */
export async function search(
  question: Question,
  options: SearchOptions,
  parts: MemoryParts,
  documents: Documents,
): Promise<Hits> {
  const { k = 8, minStrength, minCosine, mode, after, signal } = options;
  const asked: SearchRequest = {
    ...(await requestOf(question, parts, signal)),
    k,
    filter: filterOf(options, parts),
    trusted: [parts.did, ...Object.values(parts.trust)],
    ...(minCosine === undefined ? {} : { minCosine }),
    ...(mode === undefined ? {} : { mode }),
    ...(after === undefined ? {} : { after }),
  };
  const answer = await parts.api.search(asked, signal).catch((error: unknown) => {
    // Nobody has published in this space yet: there is nothing to find.
    if (error instanceof CosmicError && error.code === 'space.unknown') return undefined;
    throw error;
  });
  if (answer === undefined) return Object.assign([], { dropped: [], exhausted: true });
  const judged = await Promise.all(answer.hits.map((hit) => judge(hit, answer, parts, documents)));
  const hits = judged.flatMap(({ hit }) => (hit === undefined ? [] : [hit]));
  const dropped = judged.flatMap((one) => (one.hit === undefined ? [{ block: one.block, why: one.why }] : []));
  const enough = hits.filter(
    ({ strength }) =>
      minStrength === undefined || strength === 'unknown' || ORDER.indexOf(strength) >= ORDER.indexOf(minStrength),
  );
  return Object.assign(enough, {
    dropped,
    exhausted: answer.exhausted,
    ...(answer.next === undefined ? {} : { next: answer.next }),
  });
}

async function requestOf(
  question: Question,
  { embedder }: MemoryParts,
  signal: AbortSignal | undefined,
): Promise<Pick<SearchRequest, 'text' | 'vector' | 'like'>> {
  if (typeof question !== 'string')
    return 'like' in question
      ? { like: { id: question.like } }
      : { vector: { space: spaceIdOf(embedder.space), values: question.vector } };
  if (question.trim() === '') throw new CosmicError('search.bad_query', 'the question is empty');
  const { vectors } = await embedder.embed([question], { role: 'query', ...(signal === undefined ? {} : { signal }) });
  return { text: question, vector: { space: spaceIdOf(embedder.space), values: vectors[0]! } };
}

/** What a scope leaves of the ledger, as a node's filter. */
export function filterOf(
  { where, authors = 'trusted', collection }: Scope,
  parts: Pick<MemoryParts, 'did' | 'trust' | 'collection'>,
): Filter {
  const named = collection ?? parts.collection;
  const inCollection: Where = { '#collection': typeof named === 'string' ? named : { $in: named } };
  const dids = didsOf(authors, parts);
  return {
    kinds: ['embedding/1'],
    ...(dids === undefined ? {} : { authors: dids }),
    where: where === undefined ? inCollection : { $and: [inCollection, where as Where] },
  };
}

function didsOf(authors: Authors, { did, trust }: Pick<MemoryParts, 'did' | 'trust'>): readonly string[] | undefined {
  if (authors === 'all') return undefined;
  if (authors === 'mine') return [did];
  return authors === 'trusted' ? [did, ...Object.values(trust)] : authors;
}

type Judged =
  | { readonly hit: Hit; readonly block: BlockId }
  | { readonly hit?: undefined; readonly block: BlockId; readonly why: string };

async function judge(hit: NodeHit, answer: SearchAnswer, parts: MemoryParts, documents: Documents): Promise<Judged> {
  const block = hit.id;
  let why: readonly string[] = [];
  if (parts.verify !== 'off') {
    const found = await verifyHit(hit, answer, parts.api, parts.checks);
    why = [
      ...(found.signed ? [] : [found.detail ?? 'not signed by the author shown']),
      ...(found.cosine === false ? ['the cosine is not the one of this row'] : []),
      ...(found.passage === false ? ['the passage is not the one that was signed'] : []),
    ];
    if (why.length > 0 && parts.verify === 'drop') return { block, why: why.join('; ') };
  }
  const [document] = await documents.read([block]);
  if (document === undefined) return { block, why: 'block.not_found: the node does not give the document away' };
  return {
    block,
    hit: {
      ...itemOf(document, hit.row, 1, parts),
      ...(hit.cosine === undefined ? {} : { cosine: hit.cosine }),
      score: hit.score,
      strength: (hit as { readonly strength?: Strength }).strength ?? 'unknown',
      verified: parts.verify !== 'off' && why.length === 0,
      why,
    },
  };
}
