import { concatBytes, utf8 } from '../bytes.js';
import { rejected, type Rejected } from '../errors.js';
import { limits } from '../limits.js';

/**
 * COSE_Sign1 (RFC 9052) in its one allowed form: tag 18, protected {1: -19} (Ed25519, RFC 9864), empty unprotected
 * map, header bytes, 64-byte signature.
 */
const PREFIX = Uint8Array.of(0xd2, 0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0);
const SIGNATURE_HEAD = Uint8Array.of(0x58, 0x40);
const SIGNATURE_BYTES = 64;

export interface Envelope {
  readonly header: Uint8Array;
  readonly signature: Uint8Array;
  /** Offset behind the envelope in the bytes it was read from. */
  readonly end: number;
}

/** Reads the envelope at the start of `wire`; shares its memory. */
export function readEnvelope(wire: Uint8Array): { status: 'ok'; envelope: Envelope } | Rejected {
  if (wire.length < PREFIX.length + 1) return rejected('block.malformed', 'input ends inside the envelope');
  for (let i = 0; i < PREFIX.length; i++) {
    if (wire[i] !== PREFIX[i])
      return rejected(
        i === 0 ? 'block.malformed' : 'block.bad_envelope',
        `byte ${i} is not that of tag 18, protected {1: -19}, unprotected {}`,
      );
  }
  const head = byteStringHead(wire, PREFIX.length);
  if (head === undefined) return rejected('block.bad_envelope', 'header is no byte string of shortest length');
  const end = head.start + head.length;
  if (head.length > limits.headerMaxBytes)
    return rejected('block.too_large', `header: ${head.length} bytes, at most ${limits.headerMaxBytes}`);
  if (wire.length < end + 2 + SIGNATURE_BYTES) return rejected('block.malformed', 'input ends inside the envelope');
  if (wire[end] !== SIGNATURE_HEAD[0] || wire[end + 1] !== SIGNATURE_HEAD[1])
    return rejected('block.bad_envelope', 'signature is no byte string of 64 bytes');
  return {
    status: 'ok',
    envelope: { header: wire.subarray(head.start, end), signature: wire.subarray(end + 2, end + 66), end: end + 66 },
  };
}

function byteStringHead(bytes: Uint8Array, at: number): { start: number; length: number } | undefined {
  const first = bytes[at]!;
  if (first >> 5 !== 2) return undefined;
  const info = first & 31;
  if (info < 24) return { start: at + 1, length: info };
  const size = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : 0;
  if (size === 0 || at + 1 + size > bytes.length) return undefined;
  let length = 0;
  for (let i = 0; i < size; i++) length = length * 256 + bytes[at + 1 + i]!;
  const least = size === 1 ? 24 : size === 2 ? 0x100 : 0x10000;
  return length < least ? undefined : { start: at + 1 + size, length };
}

export function writeEnvelope(header: Uint8Array, signature: Uint8Array): Uint8Array {
  return concatBytes(PREFIX, headOf(header.length), header, SIGNATURE_HEAD, signature);
}

/** Head of a byte string of `length` bytes, shortest form. */
function headOf(length: number): Uint8Array {
  if (length < 24) return Uint8Array.of(0x40 | length);
  if (length < 0x100) return Uint8Array.of(0x58, length);
  return Uint8Array.of(0x59, length >> 8, length & 255);
}

/** Network ids of private networks and of the time before release 1.0.0 (`dev`). */
const NETWORK = /^[a-z0-9-]{1,64}$/;
export const DEV_NETWORK = 'dev';

const aads = new Map<string, Uint8Array>();

/** external_aad: domain and, where there is one, the network. @throws TypeError for a malformed network id. */
export function externalAad(network: string): Uint8Array {
  let aad = aads.get(network);
  if (aad === undefined) {
    if (network !== '' && !NETWORK.test(network))
      throw new TypeError(`network: not of the form ${NETWORK.source}: ${network}`);
    const text = utf8(network === '' ? 'cosmicembeddings/block/2' : `cosmicembeddings/block/2/${network}`);
    aad = concatBytes(headOf(text.length), text);
    if (aads.size > 64) aads.clear();
    aads.set(network, aad);
  }
  return aad;
}

/** `["Signature1", protected, external_aad, payload]`, RFC 9052 section 4.4: the bytes that are signed. */
const SIGN1 = concatBytes(Uint8Array.of(0x84, 0x6a), utf8('Signature1'), Uint8Array.of(0x43, 0xa1, 0x01, 0x32));

export function signedBytes(header: Uint8Array, network: string): Uint8Array {
  return concatBytes(SIGN1, externalAad(network), headOf(header.length), header);
}
