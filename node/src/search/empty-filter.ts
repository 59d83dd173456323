import type { Catalogue, Filter } from '@cosmicembeddings/sdk';

/** Conditions that are looked at one by one. */
const LOOKED_MAX = 20;

/** Why a filter lets nothing through: conditions that no block here meets, by name, or that none meets them all. */
export async function whyEmpty(filter: Filter | undefined, catalogue: Pick<Catalogue, 'find'>): Promise<string[]> {
  const conditions = filter === undefined ? [] : singleConditions(filter);
  if (conditions.length === 0 || (await isMet(filter!, catalogue))) return [];
  const notes: string[] = [];
  for (const { one, says } of conditions.slice(0, LOOKED_MAX)) if (!(await isMet(one, catalogue))) notes.push(says);
  if (notes.length > 0) return notes;
  return [`each of these conditions is met by blocks here, but none meets them all`];
}

async function isMet(filter: Filter, catalogue: Pick<Catalogue, 'find'>): Promise<boolean> {
  return (await catalogue.find(filter, { limit: 1 })).ids.length > 0;
}

function singleConditions(filter: Filter): { readonly one: Filter; readonly says: string }[] {
  const { tagsAll = [], tagsAny = [], authors = [], kinds = [], links = [], language, fromMs, toMs } = filter;
  const range = { ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs }) };
  return [
    ...[...tagsAll, ...tagsAny].map((tag) => ({
      one: { tagsAll: [tag] },
      says: `no block here has the tag ${quoted(tag)}`,
    })),
    ...authors.map((author) => ({
      one: { authors: [author] },
      says: `no block here is by the author ${quoted(author)}`,
    })),
    ...kinds.map((kind) => ({ one: { kinds: [kind] }, says: `no block here is of the kind ${quoted(kind)}` })),
    ...links.map((link) => ({ one: { links: [link] }, says: `no block here links to ${quoted(link.id)}` })),
    ...(language === undefined
      ? []
      : [{ one: { language }, says: `no text here is said to be in the language ${quoted(language)}` }]),
    ...(fromMs === undefined && toMs === undefined ? [] : [{ one: range, says: 'no block here is of that time' }]),
  ];
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
