/** Byte strings: the few operations that the formats need, with the argument's name in every complaint. */

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @throws TypeError when `value` is no Uint8Array, RangeError when it has not `length` bytes. */
export function assertBytes(value: unknown, length: number, name: string): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name}: expected a Uint8Array, got ${typeof value}`);
  if (value.length !== length) throw new RangeError(`${name}: expected ${length} bytes, got ${value.length}`);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Bytewise order, a prefix first: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += HEX[byte];
  return out;
}

/** @throws SyntaxError for anything but an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new SyntaxError('not hexadecimal');
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_VALUE = valuesOf(BASE64);
const BASE64_CODE = encoder.encode(BASE64);
const PAD = 0x3d;
/** Made when it is first needed: not every engine that runs the rest has one. */
let ascii: TextDecoder | undefined;

/** Standard alphabet with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  for (let i = 0, at = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out[at++] = BASE64_CODE[word >> 18]!;
    out[at++] = BASE64_CODE[(word >> 12) & 63]!;
    out[at++] = i + 1 < bytes.length ? BASE64_CODE[(word >> 6) & 63]! : PAD;
    out[at++] = i + 2 < bytes.length ? BASE64_CODE[word & 63]! : PAD;
  }
  return (ascii ??= new TextDecoder()).decode(out);
}

/** Canonical base64 only: padded, no spaces, unused bits zero. @throws SyntaxError */
export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw new SyntaxError('base64: length is not a multiple of four');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const out = new Uint8Array((text.length / 4) * 3 - padding);
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    let word = 0;
    for (let j = 0; j < 4; j++) {
      const isPad = i + j >= text.length - padding;
      const value = isPad ? 0 : BASE64_VALUE[text.charCodeAt(i + j)];
      if (value === undefined) throw new SyntaxError(`base64: bad character at ${i + j}`);
      word = (word << 6) | value;
    }
    if (at < out.length) out[at++] = (word >> 16) & 255;
    if (at < out.length) out[at++] = (word >> 8) & 255;
    if (at < out.length) out[at++] = word & 255;
    else if (padding > 0 && i + 4 === text.length && (word & (padding === 2 ? 0xffff : 0xff)) !== 0)
      throw new SyntaxError('base64: unused bits are not zero');
  }
  return out;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const BASE32_VALUE = valuesOf(BASE32);

/** Lower case, no padding (RFC 4648 section 6; multibase `b`). */
export function toBase32(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil((bytes.length * 8) / 5));
  let bits = 0;
  let buffer = 0;
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    buffer = (buffer << 8) | bytes[i]!;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      codes[at++] = BASE32.charCodeAt((buffer >> bits) & 31);
    }
    buffer &= (1 << bits) - 1;
  }
  if (bits > 0) codes[at] = BASE32.charCodeAt((buffer << (5 - bits)) & 31);
  return textOfCodes(codes);
}

/** One text at once: putting it together letter by letter leaves as many short-lived texts behind. */
function textOfCodes(codes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < codes.length; at += 4096)
    text += String.fromCharCode.apply(null, codes.subarray(at, at + 4096) as unknown as number[]);
  return text;
}

/** Lower case only, no padding, unused bits zero. @throws SyntaxError */
export function fromBase32(text: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let buffer = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = BASE32_VALUE[text.charCodeAt(i)];
    if (value === undefined) throw new SyntaxError(`base32: bad character at ${i}`);
    buffer = (buffer << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (buffer >> bits) & 255;
      buffer &= (1 << bits) - 1;
    }
  }
  if (buffer !== 0 || bits >= 5) throw new SyntaxError('base32: unused bits are not zero');
  return out;
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const BASE58_VALUE = valuesOf(BASE58);

/** The Bitcoin alphabet (multibase `z`); quadratic, for short inputs such as keys. */
export function toBase58(bytes: Uint8Array): string {
  const digits: number[] = [];
  for (const byte of bytes) {
    let carry = byte;
    for (let i = 0; i < digits.length; i++) {
      carry += digits[i]! << 8;
      digits[i] = carry % 58;
      carry = Math.floor(carry / 58);
    }
    while (carry > 0) {
      digits.push(carry % 58);
      carry = Math.floor(carry / 58);
    }
  }
  let out = '';
  for (let i = 0; i < bytes.length && bytes[i] === 0; i++) out += BASE58[0];
  for (let i = digits.length - 1; i >= 0; i--) out += BASE58[digits[i]!];
  return out;
}

/** @throws SyntaxError */
export function fromBase58(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    let carry = BASE58_VALUE[text.charCodeAt(i)];
    if (carry === undefined) throw new SyntaxError(`base58: bad character at ${i}`);
    for (let j = 0; j < bytes.length; j++) {
      carry += bytes[j]! * 58;
      bytes[j] = carry & 255;
      carry >>= 8;
    }
    while (carry > 0) {
      bytes.push(carry & 255);
      carry >>= 8;
    }
  }
  for (let i = 0; i < text.length && text[i] === BASE58[0]; i++) bytes.push(0);
  return Uint8Array.from(bytes.reverse());
}

function valuesOf(alphabet: string): readonly (number | undefined)[] {
  const values: (number | undefined)[] = [];
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
}
