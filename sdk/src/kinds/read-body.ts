import type { ValueMap } from '../codec/value.js';
import { Cid } from '../codec/cid.js';
import type { Kind, KindHeader, Link, Need, Parsed } from './kind.js';

const DETAIL_MAX = 300;

/**
 * A kind's verdict on a decoded body, its bounds included: the one way to ask. `bodyBytes`: length of the encoded body.
 */
export function readBody<B>(kind: Kind<B>, header: KindHeader, body: ValueMap, bodyBytes: number): Parsed<B> {
  if (bodyBytes > kind.maxBytes)
    return {
      ok: false,
      code: 'kind.malformed',
      detail: `body: ${bodyBytes} bytes, ${kind.name} allows ${kind.maxBytes}`,
    };
  const fault =
    needFault('header.refs', kind.refs, header.refs) ?? needFault('body.linked_blocks', kind.links, linksOf(body));
  if (fault !== undefined) return { ok: false, code: 'kind.malformed', detail: fault };
  try {
    return kind.parse(header, body);
  } catch (error) {
    return { ok: false, code: 'kind.malformed', detail: thrownBy(kind, error) };
  }
}

/** What a kind throws is no reason to lose other blocks: this one is inert. */
export function thrownBy({ name }: Pick<Kind, 'name'>, error: unknown): string {
  return `${name} cannot read it: ${String(error)}`.slice(0, DETAIL_MAX);
}

function needFault(where: string, needs: readonly Need[] | undefined, links: readonly Link[]): string | undefined {
  for (const { rel, min = 0, max } of needs ?? []) {
    const n = links.reduce((count, link) => count + (link.rel === rel ? 1 : 0), 0);
    if (n < min || (max !== undefined && n > max))
      return `${where}: expected ${min}${max === min ? '' : `${max === undefined ? ' or more' : ` to ${max}`}`} ${rel}, got ${n}`;
  }
  return undefined;
}

function linksOf(body: ValueMap): readonly Link[] {
  const links = body['linked_blocks'];
  if (!Array.isArray(links)) return [];
  return (links as readonly ValueMap[]).map(({ rel, id }) => ({
    rel: rel as string,
    id: id instanceof Cid ? id.text : String(id),
  }));
}
