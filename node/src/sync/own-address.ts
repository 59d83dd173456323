const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\]|::1)$/;

/** The machine itself: what is sent there crosses no line. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Is `url`, as a dialler has it, one of this node's own addresses: where the connection came in (`local`, host:port), or
 * one that the operator has named? Anything else may be the address of somebody who passes the connection on.
 */
export function isOwnAddress(url: string, local: string | undefined, named: readonly string[]): boolean {
  if (named.includes(url) || url === local) return true;
  if (local === undefined || !URL.canParse(url) || !URL.canParse(`ws://${local}`)) return false;
  const dialled = new URL(url);
  const here = new URL(`ws://${local}`);
  if (portOf(dialled) !== portOf(here)) return false;
  return dialled.hostname === here.hostname || (dialled.hostname === 'localhost' && isLoopback(here.hostname));
}

function portOf(url: URL): string {
  return url.port !== '' ? url.port : url.protocol === 'wss:' ? '443' : '80';
}

/** What connections are counted by: an IPv4 /24 or an IPv6 /48, of `host:port`; the text itself where it is neither. */
export function prefixOf(address: string): string {
  const v4 = /^(?:\[::ffff:)?(\d+)\.(\d+)\.(\d+)\.\d+\]?(?::\d+)?$/.exec(address);
  if (v4 !== null) return `${v4[1]}.${v4[2]}.${v4[3]}.0/24`;
  const v6 = /^\[([0-9a-f:]+)(?:%[^\]]*)?\](?::\d+)?$/.exec(address);
  if (v6 === null) return address;
  const [head = ''] = v6[1]!.split('::');
  const groups = head.split(':').slice(0, 3);
  return `${[...groups, '0', '0', '0'].slice(0, 3).join(':')}::/48`;
}
