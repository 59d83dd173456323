import type { Catalogue, Clock, Filter } from '@cosmicembeddings/sdk';
import type { FacetValue, Facets } from '@cosmicembeddings/sdk/api';

export interface FacetParts {
  readonly catalogue: Pick<Catalogue, 'find' | 'entriesOf'>;
  readonly isHidden: (id: string) => boolean;
  /** Resolves when what is hidden is known for all that is here. */
  readonly settled: () => Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  /** Lets everything else go on for a turn of the event loop. */
  readonly pause: () => Promise<void>;
}

/** Blocks that are counted at most, so many in one turn of the event loop, and how long: further ones make it *at least*. */
export const facetLimits = { blocks: 5000, step: 250, ms: 300 } as const;

/** What the newest blocks that pass a filter have in common: each tag, author, kind, language and space with its count. */
export function createFacets({ catalogue, isHidden, settled, clock, pause }: FacetParts) {
  return async (filter: Filter, values: number, hidden: 'hide' | 'show' = 'hide'): Promise<Facets> => {
    if (hidden === 'hide') await settled();
    const counts = {
      tags: new Map<string, number>(),
      authors: new Map<string, number>(),
      kinds: new Map<string, number>(),
      languages: new Map<string, number>(),
      spaces: new Map<string, number>(),
    };
    const add = (name: keyof typeof counts, value: string): void =>
      void counts[name].set(value, (counts[name].get(value) ?? 0) + 1);
    const untilMs = clock.now() + facetLimits.ms;
    let blocks = 0;
    let after: string | undefined;
    do {
      const page = await catalogue.find(filter, {
        limit: facetLimits.step,
        order: 'newest',
        ...(after === undefined ? {} : { after }),
      });
      for (const block of await catalogue.entriesOf(
        hidden === 'show' ? page.ids : page.ids.filter((id) => !isHidden(id)),
      )) {
        if (block === undefined) continue;
        const { author, kind, tags, languages = [], space } = block.entry;
        blocks += 1;
        add('authors', author);
        add('kinds', kind);
        for (const tag of new Set(tags)) add('tags', tag);
        for (const language of languages) add('languages', language);
        if (space !== undefined) add('spaces', space);
      }
      after = page.next;
      await pause();
    } while (after !== undefined && blocks < facetLimits.blocks && clock.now() < untilMs);
    const most = (of: ReadonlyMap<string, number>): FacetValue[] =>
      [...of]
        .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
        .slice(0, values)
        .map(([value, n]) => ({ value, blocks: n }));
    return {
      blocks,
      whole: after === undefined,
      tags: most(counts.tags),
      authors: most(counts.authors),
      kinds: most(counts.kinds),
      languages: most(counts.languages),
      spaces: most(counts.spaces),
      of: {
        tags: counts.tags.size,
        authors: counts.authors.size,
        kinds: counts.kinds.size,
        languages: counts.languages.size,
        spaces: counts.spaces.size,
      },
    };
  };
}
