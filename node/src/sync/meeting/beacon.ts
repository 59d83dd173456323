import { publicKeyOfDid, toHex, type Did } from '@cosmicembeddings/sdk';
import { SUBPROTOCOL } from '@cosmicembeddings/sdk/sync';

/** Bytes of a datagram; whatever is longer is not looked at. */
export const BEACON_BYTES = 1024;
/** The port of the Python `DiscoveryService`. */
export const BEACON_PORT = 8091;

export interface BeaconOf {
  readonly did: Did;
  readonly network: string;
  readonly port: number;
  readonly tls: boolean;
  readonly version: string;
}

const FIELDS = ['address', 'capabilities', 'last_seen', 'node_id', 'port', 'public_key', 'version'];
const NETWORK = 'network:';

/**
 * A beacon as the Python nodes send and read it: JSON of exactly these seven fields. What this node adds stands in
 * `capabilities`: `cosmic.1`, its network, `tls`. `address` is empty: whoever hears it takes the packet's.
 */
export function writeBeacon({ did, network, port, tls, version }: BeaconOf, nowMs: number): Uint8Array {
  const text = JSON.stringify({
    node_id: did,
    public_key: toHex(publicKeyOfDid(did)!),
    address: '',
    port,
    version,
    capabilities: [SUBPROTOCOL, `${NETWORK}${network}`, ...(tls ? ['tls'] : [])],
    last_seen: nowMs / 1000,
  });
  return new TextEncoder().encode(text);
}

/**
 * The peer's address and who must answer there, from a datagram and where it came from. undefined for everything else:
 * other programs, Python nodes (which are no peers), other networks, this node itself.
 */
export function readBeacon(
  data: Uint8Array,
  fromIp: string,
  own: Pick<BeaconOf, 'did' | 'network'>,
): string | undefined {
  if (data.length > BEACON_BYTES) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (Object.keys(value).sort().join() !== FIELDS.join()) return undefined;
  const { node_id: did, public_key: key, port, capabilities, address, version, last_seen: seen } = value;
  const isSound =
    typeof did === 'string' &&
    typeof address === 'string' &&
    typeof version === 'string' &&
    typeof seen === 'number' &&
    Number.isInteger(port) &&
    (port as number) > 0 &&
    (port as number) < 65_536 &&
    Array.isArray(capabilities);
  if (!isSound || did === own.did) return undefined;
  const publicKey = publicKeyOfDid(did);
  if (publicKey === undefined || key !== toHex(publicKey)) return undefined;
  const can = capabilities as readonly unknown[];
  if (!can.includes(SUBPROTOCOL) || !can.includes(`${NETWORK}${own.network}`)) return undefined;
  const host = fromIp.includes(':') ? `[${fromIp.replace(/%.*$/, '')}]` : fromIp;
  return `${can.includes('tls') ? 'wss' : 'ws'}://${host}:${port as number}/v2/peer#${did}`;
}
