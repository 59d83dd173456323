import { isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';
import type { Code } from '@cosmicembeddings/sdk';
import { safeHeaders } from '../safe-headers.js';

export interface VisitorRules {
  /** Names, without a port, under which this node is reached besides IP addresses and `localhost`. */
  readonly hosts: readonly string[];
  /** Origins (`https://app.example`) whose pages may use this node; `*`: any. */
  readonly cors: readonly string[];
}

/** What the first lines of a request decide, before anything of it is read. */
export type Visit =
  | { readonly refused: { readonly code: Code; readonly detail: string } }
  /** Headers of the answer; `preflight`: they are the whole answer. */
  | { readonly headers: Readonly<Record<string, string>>; readonly preflight: boolean };

const METHODS = 'GET, HEAD, POST, DELETE';
const ASKABLE =
  'accept, authorization, content-type, if-none-match, last-event-id, mcp-method, mcp-name, mcp-protocol-version, x-request-id';
const TOLD = 'cosmic-erased, cosmic-first-seen, cosmic-seq, etag, retry-after, x-request-id';
const PREFLIGHT_SECONDS = '600';

/**
 * Is this request for this node, and from whom it may be? A name in `Host` that is not ours is how DNS rebinding reads a
 * node on somebody's own machine; an `Origin` that is neither ours nor configured is somebody's web page, which could write
 * without reading the answer. Programs send no Origin, and addresses cannot be rebound.
 */
export function judgeVisit(method: string, headers: IncomingHttpHeaders, rules: VisitorRules): Visit {
  const host = headers.host;
  if (host !== undefined && !isOurHost(host, rules.hosts))
    return refuse('request.wrong_host', `${JSON.stringify(host.slice(0, 100))}; the operator can add it to "hosts"`);
  const origin = headers.origin;
  if (origin === undefined)
    return isFromElsewhere(headers)
      ? refuse('request.wrong_origin', 'a page of another origin asks without saying which')
      : { headers: safeHeaders, preflight: false };
  if (isSameHost(origin, host)) return { headers: safeHeaders, preflight: false };
  if (!rules.cors.includes('*') && !rules.cors.includes(origin))
    return refuse('request.wrong_origin', `${origin.slice(0, 100)}; the operator can add it to "cors"`);
  const shared = {
    ...safeHeaders,
    'access-control-allow-origin': rules.cors.includes('*') ? '*' : origin,
    'access-control-expose-headers': TOLD,
    vary: 'origin',
  };
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined)
    return { headers: shared, preflight: false };
  return {
    headers: {
      ...shared,
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': ASKABLE,
      'access-control-max-age': PREFLIGHT_SECONDS,
      'access-control-allow-private-network': 'true',
    },
    preflight: true,
  };
}

function refuse(code: Code, detail: string): Visit {
  return { refused: { code, detail } };
}

/** `Host` as RFC 9110 section 7.2 has it: a name or an address, and perhaps a port. */
const HOST = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/;

/** No browser asks without a Host, so a program that does is let in. */
export function isOurHost(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined) return true;
  const name = HOST.exec(host)?.[1]?.toLowerCase().replace(/\.$/, '');
  if (name === undefined) return false;
  if (name.startsWith('[')) return isIP(name.slice(1, -1)) === 6;
  return isIP(name) === 4 || name === 'localhost' || names.some((own) => own.toLowerCase() === name);
}

/** An Origin is a scheme and what stands in Host; a proxy may have taken TLS off on the way. */
function isSameHost(origin: string, host: string | undefined): boolean {
  const match = /^https?:\/\/([^/]+)$/.exec(origin);
  return match !== null && host !== undefined && match[1]!.toLowerCase() === host.toLowerCase();
}

/** Browsers say so (Fetch Metadata) where they send no Origin: images, scripts, plain GETs. A link that is followed is fine. */
function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}
