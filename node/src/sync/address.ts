import { CosmicError, publicKeyOfDid } from '@cosmicembeddings/sdk';

const PATH = '/v2/peer';
const SCHEMES: Readonly<Record<string, string>> = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' };

/**
 * The one spelling of a peer's address: `ws://host:port/v2/peer` or `wss:…`, behind a `#` the did:key that must answer there,
 * if it is known. Also takes the node's `http:` address and a bare `host:port`. @throws CosmicError request.malformed
 */
export function peerAddress(text: string): string {
  const bad = (why: string): CosmicError =>
    new CosmicError('request.malformed', `peer address ${JSON.stringify(text.slice(0, 200))}: ${why}`);
  let url: URL;
  try {
    url = new URL(text.includes('://') ? text : `ws://${text}`);
  } catch {
    throw bad('not a URL; expected ws://host:port or http://host:port');
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) throw bad('expected ws:, wss:, http: or https:');
  if (url.username !== '' || url.password !== '') throw bad('credentials are not allowed');
  if (url.search !== '') throw bad('a query is not allowed');
  const expects = url.hash.slice(1);
  if (expects !== '' && publicKeyOfDid(expects) === undefined)
    throw bad('expected nothing behind #, or the did:key of the node');
  const path = url.pathname === '/' ? PATH : url.pathname;
  return `${scheme}//${url.host}${path}${expects === '' ? '' : `#${expects}`}`;
}

/** Where to dial, and who has to answer there. */
export function partsOf(address: string): { readonly url: string; readonly expects?: string } {
  const [url = '', expects] = address.split('#');
  return expects === undefined ? { url } : { url, expects };
}
