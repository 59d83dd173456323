import { compareBytes, utf8 } from '../bytes.js';
import { Cid } from './cid.js';
import { isMap, type Value, type ValueMap } from './value.js';

/**
 * The one DAG-CBOR encoding of a value under our profile (specs/codec.md): integers within ±(2^53−1), text keys in
 * length-first order, shortest heads, CIDs as tag 42. RFC 8949 section 4.2.1 gives the same bytes.
 * @throws TypeError for a value outside the profile (float, undefined, lone surrogate, class instance, …).
 */
export function encode(value: Value): Uint8Array {
  scratch.clear();
  write(scratch, value, 0);
  return scratch.bytes();
}

const NESTING_MAX = 128;

function write(out: Writer, value: Value, depth: number): void {
  if (depth > NESTING_MAX) throw new TypeError('value is nested too deeply (or contains itself)');
  if (value === null) out.byte(0xf6);
  else if (typeof value === 'boolean') out.byte(value ? 0xf5 : 0xf4);
  else if (typeof value === 'number') writeInteger(out, value);
  else if (typeof value === 'string') writeText(out, value);
  else if (value instanceof Uint8Array) {
    out.head(2, value.length);
    out.raw(value);
  } else if (value instanceof Cid) {
    out.byte(0xd8);
    out.byte(42);
    out.head(2, value.bytes.length + 1);
    out.byte(0);
    out.raw(value.bytes);
  } else if (Array.isArray(value)) {
    out.head(4, value.length);
    for (const item of value as readonly Value[]) write(out, item, depth + 1);
  } else if (isMap(value)) writeMap(out, value, depth);
  else throw new TypeError(`cannot encode ${typeof value}`);
}

function writeInteger(out: Writer, value: number): void {
  if (!Number.isSafeInteger(value)) throw new TypeError(`not an integer within ±(2^53−1): ${value}`);
  if (value >= 0) out.head(0, value);
  else out.head(1, -1 - value);
}

function writeText(out: Writer, text: string): void {
  if (isShortAscii(text)) {
    out.head(3, text.length);
    out.ascii(text);
    return;
  }
  const bytes = encodeText(text);
  out.head(3, bytes.length);
  out.raw(bytes);
}

function writeMap(out: Writer, map: ValueMap, depth: number): void {
  const keys = Object.keys(map);
  // Maps that were decoded are in order already, and sorting costs more than to see that.
  if (keys.some((key, i) => i > 0 && compareKeys(keys[i - 1]!, key) > 0)) keys.sort(compareKeys);
  out.head(5, keys.length);
  for (const key of keys) {
    const value = map[key];
    if (value === undefined) throw new TypeError(`${key}: undefined cannot be encoded; leave the key out`);
    writeText(out, key);
    write(out, value, depth + 1);
  }
}

/** DAG-CBOR's order of keys: shorter UTF-8 first, then bytewise. */
export function compareKeys(a: string, b: string): number {
  if (isShortAscii(a) && isShortAscii(b)) return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  const left = encodeText(a);
  const right = encodeText(b);
  return left.length - right.length || compareBytes(left, right);
}

function isShortAscii(text: string): boolean {
  if (text.length > 64) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

function encodeText(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) throw new TypeError('text holds a lone surrogate');
    i++;
  }
  return utf8(text);
}

const SCRATCH_BYTES = 16 * 1024;

class Writer {
  private buffer = new Uint8Array(SCRATCH_BYTES);
  private length = 0;

  /** Ready for the next value; what a large one needed is given back. */
  clear(): void {
    this.length = 0;
    if (this.buffer.length > 64 * SCRATCH_BYTES) this.buffer = new Uint8Array(SCRATCH_BYTES);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  ascii(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.buffer[this.length++] = text.charCodeAt(i);
  }

  /** Major type and argument in the shortest form; arguments up to 2^53−1. */
  head(major: number, argument: number): void {
    const type = major << 5;
    if (argument < 24) this.byte(type | argument);
    else if (argument < 0x100) this.numbers(type | 24, argument, 1);
    else if (argument < 0x10000) this.numbers(type | 25, argument, 2);
    else if (argument < 0x100000000) this.numbers(type | 26, argument, 4);
    else this.numbers(type | 27, argument, 8);
  }

  private numbers(first: number, argument: number, size: number): void {
    this.byte(first);
    this.reserve(size);
    let rest = argument;
    for (let i = size - 1; i >= 0; i--) {
      this.buffer[this.length + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    this.length += size;
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

/** Encoding is synchronous and never nests, so one buffer serves all. */
const scratch = new Writer();
