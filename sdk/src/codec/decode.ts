import { Cid, isCid } from './cid.js';
import type { Value } from './value.js';

/** Why bytes are not the one encoding of a value; `offset` is where it was noticed. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(`${message} at byte ${offset}`);
  }
}

export interface DecodeOptions {
  /** Deepest allowed nesting of arrays and maps; default 16. */
  readonly nestingMax?: number;
}

/**
 * Strict decoding of exactly one item: whatever `encode` would not have written byte for byte is refused, so
 * `encode(decode(b))` equals `b` for every accepted `b`. Byte strings share the input's memory.
 * @throws DecodeError
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Value {
  const { value, end } = decodeFirst(bytes, options);
  if (end !== bytes.length) throw new DecodeError('bytes after the item', end);
  return value;
}

/** As `decode`, for the first item of a CBOR sequence (RFC 8742); `end` is the offset behind it. @throws DecodeError */
export function decodeFirst(bytes: Uint8Array, options: DecodeOptions = {}): { value: Value; end: number } {
  const reader = new Reader(bytes, options.nestingMax ?? 16);
  const value = reader.item(0);
  return { value, end: reader.at };
}

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longest text that is looked for among the names; a did:key has 56 characters. */
const NAME_MAX = 64;
const NAMES = 2048;
const names: string[] = new Array<string>(NAMES).fill('');

class Reader {
  at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly nestingMax: number,
  ) {}

  item(depth: number): Value {
    const start = this.at;
    const first = this.byte();
    const major = first >> 5;
    if (major === 7) return this.simple(first, start);
    const argument = this.argument(first & 31, start);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return this.negative(argument, start);
      case 2:
        return this.take(argument);
      case 3:
        return this.text(argument);
      case 4:
        return this.array(argument, depth, start);
      case 5:
        return this.map(argument, depth, start);
      default:
        return this.link(argument, start);
    }
  }

  private simple(first: number, start: number): Value {
    if (first === 0xf6) return null;
    if (first === 0xf5) return true;
    if (first === 0xf4) return false;
    throw new DecodeError(
      first >= 0xf9 && first <= 0xfb ? 'floats are not allowed' : 'simple value not allowed',
      start,
    );
  }

  private negative(argument: number, start: number): number {
    if (argument > Number.MAX_SAFE_INTEGER - 1) throw new DecodeError('integer below −(2^53−1)', start);
    return -1 - argument;
  }

  private argument(info: number, start: number): number {
    if (info < 24) return info;
    if (info > 27) throw new DecodeError('indefinite length or reserved head', start);
    const size = 1 << (info - 24);
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.byte();
    if (value > Number.MAX_SAFE_INTEGER) throw new DecodeError('integer above 2^53−1', start);
    const least = size === 1 ? 24 : size === 2 ? 0x100 : size === 4 ? 0x10000 : 0x100000000;
    if (value < least) throw new DecodeError('head is not the shortest', start);
    return value;
  }

  private byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new DecodeError('input ends too early', this.at);
    this.at++;
    return value;
  }

  private take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw new DecodeError('input ends too early', this.at);
    return this.bytes.subarray(this.at, (this.at += length));
  }

  private text(length: number): string {
    const start = this.at;
    if (length <= NAME_MAX) {
      const name = this.name(length);
      if (name !== undefined) return name;
    }
    const bytes = this.take(length);
    try {
      return text.decode(bytes);
    } catch {
      throw new DecodeError('text is not UTF-8', start);
    }
  }

  /** Short ASCII text: mostly a key or a value out of few, so the string that was made before is given again. */
  private name(length: number): string | undefined {
    const { bytes, at } = this;
    if (length > bytes.length - at) return undefined;
    let hash = length;
    for (let i = at; i < at + length; i++) {
      const byte = bytes[i]!;
      if (byte > 127) return undefined;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    this.at += length;
    const known = names[(hash ^ (hash >>> 11)) & (NAMES - 1)]!;
    if (known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === bytes[at + i]) i++;
      if (i === length) return known;
    }
    let name = '';
    for (let i = at; i < at + length; i++) name += String.fromCharCode(bytes[i]!);
    names[(hash ^ (hash >>> 11)) & (NAMES - 1)] = name;
    return name;
  }

  private array(length: number, depth: number, start: number): Value[] {
    this.descend(length, depth, start);
    const items: Value[] = [];
    for (let i = 0; i < length; i++) items.push(this.item(depth + 1));
    return items;
  }

  private map(length: number, depth: number, start: number): Value {
    this.descend(length * 2, depth, start);
    const map: Record<string, Value> = {};
    let previousStart = -1;
    let previousEnd = -1;
    for (let i = 0; i < length; i++) {
      const keyStart = this.at;
      if (this.bytes[keyStart]! >> 5 !== 3) throw new DecodeError('map key is not text', keyStart);
      const key = this.item(depth + 1) as string;
      if (previousStart >= 0 && !this.ascends(previousStart, previousEnd, keyStart, this.at))
        throw new DecodeError('map keys are not in order or repeat', keyStart);
      previousStart = keyStart;
      previousEnd = this.at;
      const value = this.item(depth + 1);
      if (key === '__proto__')
        Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
      else map[key] = value;
    }
    return map;
  }

  /** Are the encoded keys [a, aEnd) and [b, bEnd) strictly ascending? Heads are shortest, so bytewise order is length-first. */
  private ascends(a: number, aEnd: number, b: number, bEnd: number): boolean {
    while (a < aEnd && b < bEnd) {
      const difference = this.bytes[a++]! - this.bytes[b++]!;
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  private descend(items: number, depth: number, start: number): void {
    if (depth >= this.nestingMax) throw new DecodeError(`nested deeper than ${this.nestingMax}`, start);
    if (items > this.bytes.length - this.at) throw new DecodeError('input ends too early', start);
  }

  private link(tag: number, start: number): Cid {
    if (tag !== 42) throw new DecodeError(`tag ${tag} is not allowed`, start);
    const head = this.byte();
    if (head >> 5 !== 2) throw new DecodeError('tag 42 needs a byte string', start);
    const bytes = this.take(this.argument(head & 31, start));
    if (bytes[0] !== 0 || !isCid(bytes.subarray(1))) throw new DecodeError('tag 42 holds no CID', start);
    return new Cid(bytes.subarray(1));
  }
}
