import type { Filter } from '@cosmicembeddings/sdk';

/** What the page asks for, as its address says it: `?q=words&tag=sea&author=did:key:…&space=…&since=2026-01-31&like=ID.3`. */
export interface Query {
  readonly words: string;
  /** Id of a block, perhaps with a row (`ID.3`): more like it, in place of words. */
  readonly like?: string | undefined;
  /** A vector in place of words, which only this tab has (`vector=pasted`). */
  readonly pasted?: boolean | undefined;
  /** All of them. */
  readonly tags: readonly string[];
  readonly author?: string | undefined;
  readonly space?: string | undefined;
  readonly kind?: string | undefined;
  /** BCP 47; finer ones pass, too. */
  readonly language?: string | undefined;
  /** Days of UTC, `YYYY-MM-DD`: claimed from the one, before the other. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** What was retracted or replaced, too. */
  readonly retracted?: boolean | undefined;
}

const DAY = /^\d{4}-\d\d-\d\d$/;

export function queryOf(search: string): Query {
  const params = new URLSearchParams(search);
  const one = (name: string): string | undefined => params.get(name)?.trim() || undefined;
  const day = (name: string): string | undefined => {
    const text = one(name);
    return text !== undefined && DAY.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
  };
  return {
    words: one('q') ?? '',
    like: one('like'),
    pasted: one('vector') === 'pasted' || undefined,
    tags: [...new Set(params.getAll('tag').map((tag) => tag.trim()))].filter((tag) => tag !== ''),
    author: one('author'),
    space: one('space'),
    kind: one('kind'),
    language: one('lang'),
    since: day('since'),
    until: day('until'),
    retracted: one('show') === 'retracted' || undefined,
  };
}

/** The query's own part of an address; empty where nothing is asked. */
export function searchOf(query: Query): string {
  const { words, like, pasted, tags, author, space, kind, language, since, until, retracted } = query;
  const params = new URLSearchParams();
  if (like !== undefined) params.set('like', like);
  else if (pasted === true) params.set('vector', 'pasted');
  else if (words !== '') params.set('q', words);
  for (const tag of tags) params.append('tag', tag);
  for (const [name, value] of Object.entries({ author, space, kind, lang: language, since, until }))
    if (value !== undefined) params.set(name, value);
  if (retracted === true) params.set('show', 'retracted');
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** The address of a query: of search, or of the first page where nothing is asked. */
export function addressOf(query: Query): string {
  const search = searchOf(query);
  return search === '' ? '#/' : `#/search${search}`;
}

export function filterOf({ tags, author, space, kind, language, since, until }: Query): Filter {
  return {
    ...(tags.length === 0 ? {} : { tagsAll: tags }),
    ...(author === undefined ? {} : { authors: [author] }),
    ...(space === undefined ? {} : { spaces: [space] }),
    ...(kind === undefined ? {} : { kinds: [kind] }),
    ...(language === undefined ? {} : { language }),
    ...(since === undefined ? {} : { fromMs: Date.parse(since) }),
    ...(until === undefined ? {} : { toMs: Date.parse(until) }),
  };
}

/** What `like` names. */
export function likeOf(like: string): { readonly id: string; readonly row?: number } {
  const [, id = like, row] = /^([^.]+)\.(\d+)$/.exec(like) ?? [];
  return row === undefined ? { id } : { id, row: Number(row) };
}

/** Words, or something that takes their place: there is an order by likeness. */
export function isQuestion({ words, like, pasted }: Query): boolean {
  return words !== '' || like !== undefined || pasted === true;
}

export function hasFilter({ tags, author, space, kind, language, since, until, retracted }: Query): boolean {
  return tags.length > 0 || [author, space, kind, language, since, until, retracted].some((one) => one !== undefined);
}
