import { concatBytes } from '../bytes.js';
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
  let at = 0;
  for (const part of parts) at = writePart(part, at);
  return scratch.slice(0, at);
}

/** Where keys are put together, one at a time; it grows with the longest. */
let scratch = new Uint8Array(1024);
const encoder = new TextEncoder();

function room(at: number, bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const grown = new Uint8Array(Math.max(2 * scratch.length, at + bytes));
  grown.set(scratch.subarray(0, at));
  scratch = grown;
}

/** Writes a part at `at` and answers where it ends. */
function writePart(part: KeyPart, at: number): number {
  room(at, 64);
  if (typeof part === 'number') {
    if (!Number.isSafeInteger(part)) throw new RangeError(`key: ${part} is no safe integer`);
    return writeInteger(part, at);
  }
  if (typeof part === 'string') return writeText(part, at);
  if (typeof part === 'bigint') {
    const isSmall = part >= BigInt(Number.MIN_SAFE_INTEGER) && part <= BigInt(Number.MAX_SAFE_INTEGER);
    return isSmall ? writeInteger(Number(part), at) : writeBigint(part, at);
  }
  if (part instanceof Uint8Array) return writeEscaped(BYTES, part, at);
  scratch[at] = part === null ? NULL : part ? TRUE : FALSE;
  return at + 1;
}

function writeText(text: string, at: number): number {
  const id = text.length === 59 && ID_FORM.test(text) ? idBytes(text) : undefined;
  if (id === undefined) return writeEscaped(TEXT, encoder.encode(text), at);
  scratch[at] = ID;
  scratch.set(id, at + 1);
  return at + 34;
}

/** The ids of a batch are asked for again and again. */
const knownIds = new Map<string, Uint8Array | undefined>();
const KNOWN_MAX = 4096;

/** Codec and digest; undefined for what looks like an id and is none (unused bits): text like any other. */
function idBytes(id: string): Uint8Array | undefined {
  if (knownIds.has(id)) return knownIds.get(id);
  let found: Uint8Array | undefined;
  try {
    const { bytes } = parseCid(id);
    found = new Uint8Array(33);
    found[0] = bytes[1]!;
    found.set(bytes.subarray(4), 1);
  } catch {
    found = undefined;
  }
  if (knownIds.size >= KNOWN_MAX) knownIds.clear();
  knownIds.set(id, found);
  return found;
}

/** A zero inside is followed by 0xff; a zero that is not ends the part. */
function writeEscaped(type: number, bytes: Uint8Array, start: number): number {
  room(start, 2 * bytes.length + 2);
  let at = start;
  scratch[at++] = type;
  for (const byte of bytes) {
    scratch[at++] = byte;
    if (byte === 0) scratch[at++] = 0xff;
  }
  scratch[at++] = 0;
  return at;
}

/** Magnitude big-endian behind its length; of negative numbers the complement, so that lesser sorts first. */
function writeInteger(value: number, at: number): number {
  let left = Math.abs(value);
  let length = 0;
  for (let rest = left; rest > 0; rest = Math.floor(rest / 256)) length++;
  for (let i = at + length; i > at; i--, left = Math.floor(left / 256))
    scratch[i] = value < 0 ? 255 - (left % 256) : left % 256;
  scratch[at] = value < 0 ? ZERO - length : ZERO + length;
  return at + 1 + length;
}

function writeBigint(value: bigint, at: number): number {
  const digits: number[] = [];
  for (let left = value < 0n ? -value : value; left > 0n; left >>= 8n) digits.push(Number(left & 255n));
  if (digits.length > INTEGER_MAX_BYTES) throw new RangeError(`key: integer of ${digits.length} bytes`);
  scratch[at] = value < 0n ? ZERO - digits.length : ZERO + digits.length;
  digits.reverse().forEach((byte, i) => (scratch[at + 1 + i] = value < 0n ? 255 - byte : byte));
  return at + 1 + digits.length;
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

/**
 * The end of all tuples that begin with the parts of `prefix`. No part begins with 0xff, but the rest of a text does behind a
 * zero in it: `a\0b` is no beginning of a tuple that goes on behind `a`.
 */
export function afterParts(prefix: Uint8Array): Uint8Array {
  return concatBytes(prefix, Uint8Array.of(0xff));
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
