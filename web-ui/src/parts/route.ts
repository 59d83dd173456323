/** What the address says after `#/`: which page, about what, with which questions. */
export interface Route {
  readonly page: string;
  /** Decoded; empty where the page alone is named. */
  readonly target: string;
  /** Begins with `?`, or is empty. */
  readonly search: string;
}

/** Questions stay in the fragment: no proxy reads them. */
export function routeOf(hash: string): Route {
  const [, page = '', target = '', search = ''] = /^#\/([^/?]*)\/?([^?]*)(\?.*)?$/.exec(hash) ?? [];
  return { page, target: decoded(target), search };
}

export function hrefOf(page: string, target = '', search = ''): string {
  // `:` and `/` may stand in a fragment (RFC 3986 section 3.5); ids and names of questions stay readable.
  const place = encodeURIComponent(target).replace(/%3A/g, ':').replace(/%2F/g, '/');
  return `#/${page}${target === '' ? '' : `/${place}`}${search}`;
}

/** Addresses of earlier pages: `?q=…`, `#block=ID`, `#views`, `#view=NAME/QUESTION?…`, `#form=KIND`. Undefined: it is one of today. */
export function rewritten({ search, hash }: Pick<Location, 'search' | 'hash'>): string | undefined {
  const [, page, target = '', query = ''] = /^#(block|views|view|form)(?:=([^?]+))?(\?.*)?$/.exec(hash) ?? [];
  if (page !== undefined) return hrefOf(page, decoded(target), query);
  return search.length > 1 && !hash.startsWith('#/') ? hrefOf('search', '', search) : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
