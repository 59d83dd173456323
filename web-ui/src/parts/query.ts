import type { Filter } from '@cosmicembeddings/sdk';

/** What the page asks for, as its address says it: `?q=words&tag=sea&author=did:key:…&space=…&like=ID`. */
export interface Query {
  readonly words: string;
  /** Id of a block: more like it, in place of words. */
  readonly like?: string | undefined;
  /** All of them. */
  readonly tags: readonly string[];
  readonly author?: string | undefined;
  readonly space?: string | undefined;
}

export function queryOf(search: string): Query {
  const params = new URLSearchParams(search);
  const one = (name: string): string | undefined => params.get(name)?.trim() || undefined;
  return {
    words: one('q') ?? '',
    like: one('like'),
    tags: [...new Set(params.getAll('tag').map((tag) => tag.trim()))].filter((tag) => tag !== ''),
    author: one('author'),
    space: one('space'),
  };
}

/** The address of a query, relative to the page. */
export function addressOf({ words, like, tags, author, space }: Query): string {
  const params = new URLSearchParams();
  if (like !== undefined) params.set('like', like);
  else if (words !== '') params.set('q', words);
  for (const tag of tags) params.append('tag', tag);
  if (author !== undefined) params.set('author', author);
  if (space !== undefined) params.set('space', space);
  const text = params.toString();
  return text === '' ? './' : `?${text}`;
}

export function filterOf({ tags, author, space }: Query): Filter {
  return {
    ...(tags.length === 0 ? {} : { tagsAll: tags }),
    ...(author === undefined ? {} : { authors: [author] }),
    ...(space === undefined ? {} : { spaces: [space] }),
  };
}

/** Words, or something that takes their place: there is an order by likeness. */
export function isQuestion({ words, like }: Query): boolean {
  return words !== '' || like !== undefined;
}

export function hasFilter(query: Query): boolean {
  return query.tags.length > 0 || query.author !== undefined || query.space !== undefined;
}
