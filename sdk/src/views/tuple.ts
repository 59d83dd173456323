import { concatBytes, utf8 } from '../bytes.js';
import { cidOf, DAG_CBOR, parseCid, RAW } from '../codec/cid.js';

/** What a key is made of. Text that is a block's id takes 34 bytes. */
export type KeyPart = null | boolean | number | bigint | string | Uint8Array;

const NULL = 0x00;
const BYTES = 0x01;
const TEXT = 0x02;
const ID = 0x03;
const ZERO = 0x14;
const FALSE = 0x26;
const TRUE = 0x27;
const INTEGER_MAX_BYTES = 16;
const ID_FORM = /^ba(?:fyrei|fkrei)[a-z2-7]{52}$/;

/**
 * Bytes whose order (bytewise, a prefix first) is the order of the tuples: null, bytes, text, block ids, integers, false,
 * true; within a type the natural order. The encoding of a tuple's beginning is a beginning of the tuple's encoding.
 * After the tuple layer of FoundationDB, with block ids added. @throws RangeError for a number that is no safe integer
 */
export function encodeTuple(parts: readonly KeyPart[]): Uint8Array {
  return concatBytes(...parts.map(encodePart));
}

function encodePart(part: KeyPart): Uint8Array {
  if (part === null) return Uint8Array.of(NULL);
  if (typeof part === 'boolean') return Uint8Array.of(part ? TRUE : FALSE);
  if (typeof part === 'string') {
    const cid = ID_FORM.test(part) ? idBytes(part) : undefined;
    return cid ?? escaped(TEXT, utf8(part));
  }
  if (part instanceof Uint8Array) return escaped(BYTES, part);
  if (typeof part === 'number' && !Number.isSafeInteger(part)) throw new RangeError(`key: ${part} is no safe integer`);
  return encodeInteger(BigInt(part));
}

function idBytes(id: string): Uint8Array | undefined {
  try {
    const { bytes } = parseCid(id);
    return concatBytes(Uint8Array.of(ID, bytes[1]!), bytes.subarray(4));
  } catch {
    // Looks like an id and is none (unused bits): text like any other.
    return undefined;
  }
}

/** A zero inside is followed by 0xff; a zero that is not ends the part. */
function escaped(type: number, bytes: Uint8Array): Uint8Array {
  const zeros = bytes.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
  const out = new Uint8Array(bytes.length + zeros + 2);
  out[0] = type;
  let at = 1;
  for (const byte of bytes) {
    out[at++] = byte;
    if (byte === 0) out[at++] = 0xff;
  }
  return out;
}

/** Magnitude big-endian behind its length; of negative numbers the complement, so that lesser sorts first. */
function encodeInteger(value: bigint): Uint8Array {
  const digits: number[] = [];
  for (let left = value < 0n ? -value : value; left > 0n; left >>= 8n) digits.push(Number(left & 255n));
  if (digits.length > INTEGER_MAX_BYTES) throw new RangeError(`key: integer of ${digits.length} bytes`);
  const magnitude = digits.reverse();
  return value < 0n
    ? Uint8Array.of(ZERO - magnitude.length, ...magnitude.map((byte) => 255 - byte))
    : Uint8Array.of(ZERO + magnitude.length, ...magnitude);
}

/** The parts again; integers beyond 2^53 as bigint. At most `max` parts. */
export function decodeTuple(bytes: Uint8Array, max = Infinity): KeyPart[] {
  const parts: KeyPart[] = [];
  for (let at = 0; at < bytes.length && parts.length < max;) {
    const [part, next] = decodePart(bytes, at);
    parts.push(part);
    at = next;
  }
  return parts;
}

function decodePart(bytes: Uint8Array, at: number): [KeyPart, number] {
  const type = bytes[at]!;
  if (type === NULL) return [null, at + 1];
  if (type === FALSE || type === TRUE) return [type === TRUE, at + 1];
  if (type === ID) return [cidOf(bytes[at + 1] === RAW ? RAW : DAG_CBOR, bytes.slice(at + 2, at + 34)).text, at + 34];
  if (type === BYTES || type === TEXT) {
    const out: number[] = [];
    let i = at + 1;
    for (; bytes[i] !== 0 || bytes[i + 1] === 0xff; i++) {
      out.push(bytes[i]!);
      if (bytes[i] === 0) i++;
    }
    const raw = Uint8Array.from(out);
    return [type === BYTES ? raw : new TextDecoder().decode(raw), i + 1];
  }
  const length = type - ZERO;
  const end = at + 1 + Math.abs(length);
  let value = 0n;
  for (let i = at + 1; i < end; i++) value = (value << 8n) | BigInt(length < 0 ? 255 - bytes[i]! : bytes[i]!);
  if (length < 0) value = -value;
  const isSafe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return [isSafe ? Number(value) : value, end];
}

/** The least bytes that are greater than everything that begins with `prefix`; undefined where there are none. */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  let end = prefix.length;
  while (end > 0 && prefix[end - 1] === 0xff) end--;
  if (end === 0) return undefined;
  const out = prefix.slice(0, end);
  out[end - 1]! += 1;
  return out;
}
