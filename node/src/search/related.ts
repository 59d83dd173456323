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

/** Links first (this block's own, then those of others to it), then near blocks; at most `limit` in all. */
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
  for (const { rel, id: other } of await parts.catalogue.linksTo(id)) add(other, { reason: 'linked_from', rel });
  const hits =
    entry.rows > 0 && block.body !== null
      ? (await search({ like: { id }, k: limit })).hits
      : entry.rows > 0 && block.format === 'python/1'
        ? (await search({ like: { id }, k: limit })).hits
        : [];
  for (const hit of hits) add(hit.id, { reason: 'near', cosine: hit.cosine!, space: hit.space! });
  const ids = [...reasons.keys()].slice(0, limit);
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
