import { CosmicError, type BlockId, type SearchAnswer, type SearchRequest } from '@cosmicembeddings/sdk';
import type { SearchParts } from './parts.js';

export interface RelatedBlock {
  readonly id: BlockId;
  /** Why it is here: `links to it`, `linked from it`, `near`. A block can have several reasons. */
  readonly reasons: readonly RelatedReason[];
  readonly author?: string;
  readonly kind?: string;
  readonly timeMs?: number;
  readonly label?: string;
  readonly heading?: string;
  readonly passage?: string;
}

export type RelatedReason =
  | { readonly reason: 'links_to'; readonly rel: string }
  | { readonly reason: 'linked_from'; readonly rel: string }
  | { readonly reason: 'near'; readonly cosine: number; readonly space: string };

export interface Related {
  readonly id: BlockId;
  readonly related: readonly RelatedBlock[];
}

interface RelatedHost {
  readonly parts: Pick<SearchParts, 'store' | 'catalogue'>;
  readonly search: (request: SearchRequest) => Promise<SearchAnswer>;
}

/** Links from other blocks that are looked at. */
const LINKING_MAX = 1000;
/** Of all places, so many (at least one) go to links of other authors before near blocks; keys are free. */
const STRANGERS_SHARE = 0.1;

/**
 * The author's own links first, out of this block and to it, then a few of others' to it, then near blocks, and where these
 * leave room the other links; at most `limit` in all.
 */
export async function findRelated(id: BlockId, limit: number, { parts, search }: RelatedHost): Promise<Related> {
  const [block] = await parts.store.get([id]);
  if (block === undefined) throw new CosmicError('block.not_found', id.slice(0, 128));
  const { entry } = block;
  const reasons = new Map<BlockId, RelatedReason[]>();
  const add = (other: BlockId, reason: RelatedReason): void => {
    if (other === id) return;
    const known = reasons.get(other);
    if (known === undefined) reasons.set(other, [reason]);
    else if (!known.some((one) => JSON.stringify(one) === JSON.stringify(reason))) known.push(reason);
  };
  for (const { rel, id: other } of [...entry.links, ...entry.refs]) add(other, { reason: 'links_to', rel });
  if (entry.prev !== undefined) add(entry.prev, { reason: 'links_to', rel: 'prev' });
  const linking = (await parts.catalogue.linksTo(id)).slice(0, LINKING_MAX);
  const authors = new Map(
    (await parts.catalogue.entriesOf(linking.map((one) => one.id))).map((found, i) => [
      linking[i]!.id,
      found?.entry.author,
    ]),
  );
  const own = linking.filter((one) => authors.get(one.id) === entry.author);
  for (const { rel, id: other } of own) add(other, { reason: 'linked_from', rel });
  const lead = [...reasons.keys()];
  const strangers = linking.filter((one) => authors.get(one.id) !== entry.author && !reasons.has(one.id));
  for (const { rel, id: other } of linking) add(other, { reason: 'linked_from', rel });
  const hits =
    entry.rows > 0 && (block.body !== null || block.format === 'python/1')
      ? (await search({ like: { id }, k: limit, trusted: [entry.author] })).hits
      : [];
  for (const hit of hits) add(hit.id, { reason: 'near', cosine: hit.cosine!, space: hit.space! });
  const first = onePerAuthor(strangers, authors).slice(0, Math.max(1, Math.floor(limit * STRANGERS_SHARE)));
  const taken = new Set([...lead, ...first]);
  // A stranger's link does not make near what is near by itself.
  const nearOnly = hits.map((hit) => hit.id).filter((other) => !authors.has(other));
  const ids = [...new Set([...taken, ...nearOnly, ...strangers.map((one) => one.id), ...reasons.keys()])].slice(
    0,
    limit,
  );
  const shown = new Map(hits.map((hit) => [hit.id, hit]));
  const stored = await parts.catalogue.entriesOf(ids);
  return {
    id,
    related: ids.map((other, i): RelatedBlock => {
      const hit = shown.get(other);
      const found = stored[i];
      return {
        id: other,
        reasons: reasons.get(other)!,
        ...(found === undefined ? {} : { author: found.entry.author, kind: found.entry.kind, timeMs: found.timeMs }),
        ...(hit?.skyLabel === undefined ? {} : { skyLabel: hit.skyLabel }),
        ...(hit?.heading === undefined ? {} : { heading: hit.heading }),
        ...(hit?.passage === undefined ? {} : { passage: hit.passage }),
      };
    }),
  };
}

function onePerAuthor(
  linking: readonly { readonly id: BlockId }[],
  authors: ReadonlyMap<BlockId, string | undefined>,
): BlockId[] {
  const seen = new Set<string | undefined>();
  return linking.flatMap(({ id }) => {
    const author = authors.get(id);
    if (seen.has(author)) return [];
    seen.add(author);
    return [id];
  });
}
