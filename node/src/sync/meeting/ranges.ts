import { BlockList, isIP } from 'node:net';

/** What an IP address is for; only `public` ones may be dialled by hearsay without the operator's word. */
export type Range = 'public' | 'private' | 'link-local' | 'loopback' | 'none';
export const namedRanges = ['private', 'link-local', 'loopback'] as const;

/** IANA special-purpose registries (RFC 6890 and its updates); what is in none of them is public. */
const lists: readonly (readonly [Range, BlockList])[] = [
  ['loopback', listOf('127.0.0.0/8', '::1/128')],
  ['link-local', listOf('169.254.0.0/16', 'fe80::/10')],
  ['private', listOf('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7')],
  [
    'none',
    listOf(
      ...['0.0.0.0/8', '192.0.0.0/24', '192.0.2.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
      ...['224.0.0.0/4', '240.0.0.0/4', '::/128', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23'],
      ...['2001:db8::/32', '2002::/16', 'fec0::/10', 'ff00::/8'],
    ),
  ],
];

function listOf(...subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [net = '', bits] = subnet.split('/');
    list.addSubnet(net, Number(bits), net.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Of an address as `node:net` has it; `none` for what is no address, or is for nobody. */
export function rangeOf(ip: string): Range {
  // An IPv4 address in IPv6 dress is what it is underneath.
  const plain = ip.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 0) return 'none';
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (family === 6 && /^::(ffff:)?[0-9a-f]{1,4}:[0-9a-f]{1,4}$/i.test(plain)) return 'none';
  return lists.find(([, list]) => list.check(plain, type))?.[0] ?? 'public';
}

/** The host of a URL without the brackets of IPv6. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** May this address be dialled because somebody said so? Names are judged by what they resolve to, when they do. */
export function mayBeDialled(ip: string, allowed: readonly Range[]): boolean {
  const range = rangeOf(ip);
  return range === 'public' || allowed.includes(range);
}

/** May others be told of this address? An address of the open network, or a name that others told us. */
export function isTellable(address: string, isHearsay: boolean): boolean {
  const host = hostOf(address);
  return isIP(host) === 0 ? isHearsay : rangeOf(host) === 'public';
}
