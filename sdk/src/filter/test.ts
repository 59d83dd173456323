import type { BlockId, CatalogueEntry } from '../block/types.js';
import { matches, textsAsked, type Condition, type MetadataValue } from '../metadata/index.js';

/**
 * One question that a filter asks about a block; all of them must hold. Whoever answers filters (the memory matcher, SQL)
 * knows these and nothing of how a filter is spelled.
 */
export type Test =
  | { readonly test: 'among'; readonly fact: 'space' | 'author' | 'kind'; readonly values: readonly string[] }
  /** At least one of its tags is among these. */
  | { readonly test: 'tagged'; readonly values: readonly string[] }
  /** A link of the body, a ref of the header, or `prev` (rel `prev`) to this block. */
  | { readonly test: 'linked'; readonly rel?: string; readonly id: BlockId }
  /** A lower-case language range (RFC 4647 section 3.3.1); `*` is any. */
  | { readonly test: 'language'; readonly range: string }
  /** Claimed time, milliseconds: inclusive. */
  | { readonly test: 'from'; readonly timeMs: number }
  /** Exclusive. */
  | { readonly test: 'before'; readonly timeMs: number }
  | { readonly test: 'rows'; readonly has: boolean }
  /** At least one of its rows passes; a block without rows counts as one row. */
  | { readonly test: 'where'; readonly condition: Condition };

/** What a block is asked. Of an erased or header-only block the entry holds the header's facts alone. */
export interface Facts {
  readonly timeMs: number;
  readonly entry: CatalogueEntry;
  /** One for each row, or all of a block without rows; asked for where a filter looks into texts. Absent: there are none. */
  texts?(): readonly (string | undefined)[];
}

export function passes(facts: Facts, tests: readonly Test[]): boolean {
  return tests.every((test) => holds(facts, test));
}

function holds(facts: Facts, test: Test): boolean {
  const { entry, timeMs } = facts;
  switch (test.test) {
    case 'among': {
      const value = entry[test.fact];
      return value !== undefined && test.values.includes(value);
    }
    case 'tagged':
      return entry.tags.some((tag) => test.values.includes(tag));
    case 'linked':
      return relationsOf(entry).some(({ rel, id }) => id === test.id && (test.rel === undefined || rel === test.rel));
    case 'language':
      return (entry.languages ?? []).some(
        (language) => test.range === '*' || language === test.range || language.startsWith(`${test.range}-`),
      );
    case 'from':
      return timeMs >= test.timeMs;
    case 'before':
      return timeMs < test.timeMs;
    case 'rows':
      return entry.rows > 0 === test.has;
    case 'where':
      return rowsPassing(facts, test.condition).length > 0;
  }
}

/** Rows that pass a `where`; row 0 stands for a block without rows. */
export function rowsPassing({ entry, timeMs, texts }: Facts, condition: Condition): number[] {
  const { author, kind, tags, facts = [] } = entry;
  const block: Record<string, MetadataValue> = { '#author': author, '#kind': kind, '#tag': tags, '#time': timeMs };
  const all = textsAsked(condition).length === 0 ? [] : (texts?.() ?? []);
  return Array.from({ length: Math.max(1, entry.rows) }, (_, row) => row).filter((row) => {
    const known: Record<string, MetadataValue> = Object.create(null) as Record<string, MetadataValue>;
    for (const fact of facts) if (fact.row === row || fact.row === -1) known[fact.key] = fact.value;
    const text = entry.rows > 0 ? all[row] : all.filter((one) => one !== undefined);
    if (text !== undefined && text.length > 0) known['#text'] = text;
    return matches(condition, { metadata: known, facts: { ...known, ...block } });
  });
}

/** All relations of a block to others, each pair once: links of the body, refs of the header, and `prev`. */
export function relationsOf(entry: CatalogueEntry): { readonly rel: string; readonly id: BlockId }[] {
  const all = [...entry.links, ...entry.refs, ...(entry.prev === undefined ? [] : [{ rel: 'prev', id: entry.prev }])];
  return [...new Map(all.map((link) => [`${link.rel} ${link.id}`, link])).values()];
}
